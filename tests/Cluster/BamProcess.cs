using System.Diagnostics;
using System.Reflection;

namespace Bam.Cluster;

/// <summary>Runs <c>bam</c> as a user would: a process, arguments, an exit code.</summary>
internal static class BamProcess
{
    private static readonly string Program = Path.GetFullPath(typeof(BamProcess).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "BamProgram").Value!);

    public static Task<BamOutcome> Run(params string[] arguments) => Run([], arguments);

    /// <param name="environment">Variables beside those of this process.</param>
    /// <param name="arguments">Verb, arguments and options.</param>
    public static Task<BamOutcome> Run(IEnumerable<KeyValuePair<string, string>> environment, params string[] arguments) =>
        Run(environment, TimeSpan.FromMinutes(4), arguments);

    /// <param name="environment">Variables beside those of this process.</param>
    /// <param name="patience">Longest time.</param>
    /// <param name="arguments">Verb, arguments and options.</param>
    public static async Task<BamOutcome> Run(IEnumerable<KeyValuePair<string, string>> environment, TimeSpan patience, params string[] arguments)
    {
        using var process = Start(environment, arguments);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var limit = new CancellationTokenSource(patience);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"bam {string.Join(' ', arguments)} did not end:\n{await output}\n{await error}");
        }

        return new BamOutcome(process.ExitCode, await output, await error);
    }

    /// <summary>The command line of <c>bam</c>.</summary>
    public static IReadOnlyList<string> Line(params IEnumerable<string> arguments) =>
        // A shell starts what it runs in the background deaf to Ctrl-C, tests included, and deafness is inherited.
        ["env", "--default-signal=INT", "dotnet", Program, .. arguments];

    /// <summary>Starts <c>bam</c> and leaves it to the caller.</summary>
    public static Process Start(IEnumerable<KeyValuePair<string, string>> environment, params string[] arguments)
    {
        var line = Line(arguments);
        var start = new ProcessStartInfo(line[0], line.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
