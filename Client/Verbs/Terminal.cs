using Spectre.Console;

namespace Bam.Client.Verbs;

/// <summary>Where the console writes: facts to the output, progress and errors to the error stream.</summary>
internal sealed class Terminal
{
    /// <summary>Wide enough for every table of ours, so that no line of a file is wrapped.</summary>
    private const int PlainWidth = 240;

    /// <param name="output">Standard output.</param>
    /// <param name="error">Standard error.</param>
    /// <param name="interactive">Whether the output is a terminal: colour and live display only then.</param>
    public Terminal(TextWriter output, TextWriter error, bool interactive)
    {
        (Output, Error, Interactive) = (output, error, interactive);
        Screen = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = interactive ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = interactive && !NoColor ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = interactive ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!interactive) Screen.Profile.Width = PlainWidth;
    }

    public TextWriter Output { get; }

    public TextWriter Error { get; }

    public bool Interactive { get; }

    /// <summary>The output, for tables and the live view.</summary>
    public IAnsiConsole Screen { get; }

    /// <summary>See no-color.org: set and not empty.</summary>
    private static bool NoColor => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    /// <summary>The process's own streams.</summary>
    public static Terminal OfProcess() => new(Console.Out, Console.Error, interactive: !Console.IsOutputRedirected);
}
