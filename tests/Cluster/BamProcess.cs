using System.Diagnostics;
using System.Reflection;

namespace Bam.Cluster;

/// <summary>Runs <c>bam</c> as a user would: a process, arguments, an exit code.</summary>
internal static class BamProcess
{
    private static readonly string Program = Path.GetFullPath(typeof(BamProcess).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "BamProgram").Value!);

    public static async Task<BamOutcome> Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
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
}
