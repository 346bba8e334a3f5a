using System.Diagnostics;
using Bam.Client.Clusters;

namespace Bam.Benchmarks;

/// <summary>The <c>bam</c> beside this program, run as a user runs it.</summary>
internal static class BamProgram
{
    /// <exception cref="InvalidOperationException">It did not end with 0; the message is what it said.</exception>
    public static async Task Run(params string[] arguments)
    {
        var folder = AppContext.BaseDirectory;
        var start = File.Exists(Path.Combine(folder, "libhostpolicy.so"))
            ? new ProcessStartInfo(Path.Combine(folder, "bam"), arguments)
            : new ProcessStartInfo(DotnetHost.Find(), ["exec", Path.Combine(folder, "bam.dll"), .. arguments]);
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"bam {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{await output}{await error}");
    }
}
