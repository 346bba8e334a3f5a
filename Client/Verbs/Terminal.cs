using Bam.Client.Views;
using Spectre.Console;

namespace Bam.Client.Verbs;

/// <summary>Where the console writes: facts to the output, progress and errors to the error stream.</summary>
internal sealed class Terminal
{
    /// <summary>Wide enough for every table of ours, so that no line of a file is wrapped.</summary>
    private const int PlainWidth = 240;

    /// <summary>What says what characters a terminal has; the first that is set counts.</summary>
    private static readonly string[] Locale = ["LC_ALL", "LC_CTYPE", "LANG"];

    /// <param name="output">Standard output.</param>
    /// <param name="error">Standard error.</param>
    /// <param name="interactive">Whether the output is a terminal: colour and live display only then.</param>
    public Terminal(TextWriter output, TextWriter error, bool interactive)
    {
        (Output, Error, Interactive) = (output, error, interactive);
        IsLive = interactive && !IsDumb;
        Screen = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = IsLive ? OperatingSystem.IsWindows() ? AnsiSupport.Detect : AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = IsLive && !NoColor ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = IsLive ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!(Screen.Profile.Capabilities.Unicode = IsUnicode(output))) Screen.Pipeline.Attach(new AsciiOnly());
        if (!interactive) Screen.Profile.Width = PlainWidth;
    }

    public TextWriter Output { get; }

    public TextWriter Error { get; }

    public bool Interactive { get; }

    /// <summary>Whether the output is a terminal that can be painted.</summary>
    public bool IsLive { get; }

    /// <summary>The output, for tables and the live view.</summary>
    public IAnsiConsole Screen { get; }

    /// <summary>See no-color.org: set and not empty.</summary>
    private static bool NoColor => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    /// <summary>A terminal that knows no commands, or does not say what it is.</summary>
    private static bool IsDumb => !OperatingSystem.IsWindows() && Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb" or "unknown";

    /// <summary>Whether the output can show every character: it is UTF-8, and the locale does not say that the terminal cannot.</summary>
    private static bool IsUnicode(TextWriter output)
    {
        var locale = Locale.Select(Environment.GetEnvironmentVariable).FirstOrDefault(value => !string.IsNullOrEmpty(value));
        return output.Encoding.WebName is "utf-8" or "utf-16" && locale is not ("C" or "POSIX");
    }

    /// <summary>The process's own streams.</summary>
    public static Terminal OfProcess() => new(Console.Out, Console.Error, interactive: !Console.IsOutputRedirected);
}
