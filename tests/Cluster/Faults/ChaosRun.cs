namespace Bam.Cluster.Faults;

/// <summary>The run that chaos disturbs: as small as that of the other faults, and long enough for several of them.</summary>
internal static class ChaosRun
{
    public const string Reference = "undisturbed-long";

    /// <summary>Writes the run file; its texts lie beside it.</summary>
    /// <returns>Path of the run file.</returns>
    public static string Write(string folder, string name) =>
        FaultRun.Write(folder, name, seed: 29, seedSteps: 800, branchSteps: 2000, mixtureSteps: 600, every: 50);
}
