using System.Globalization;
using System.Text.Json;

namespace Bam.Cluster.Faults;

/// <summary>Writes down each fault and how long it took until its model trained on; also into the file that <c>BAM_FAULT_REPORT</c> names, a JSON line each.</summary>
internal static class FaultReport
{
    private static readonly Lock Gate = new();

    /// <param name="output">Output of the test.</param>
    /// <param name="kind">What was done, such as <c>die@save-weights</c>.</param>
    /// <param name="member">Model that was hit.</param>
    /// <param name="recovery">From the fault to the next finished step of that model; null when none was to come.</param>
    public static void Add(ITestOutputHelper output, string kind, string member, TimeSpan? recovery)
    {
        var seconds = recovery?.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture);
        output.WriteLine($"seed {FaultSeed.Value}: {kind} of {member}{(seconds is null ? "" : $", trained on after {seconds} s")}");
        if (Environment.GetEnvironmentVariable("BAM_FAULT_REPORT") is not { Length: > 0 } path)
            return;
        lock (Gate)
            File.AppendAllText(path, JsonSerializer.Serialize(new { seed = FaultSeed.Value, kind, member, seconds = recovery?.TotalSeconds }) + "\n");
    }
}
