namespace Bam.Contracts.Grains;

/// <summary>Keys of the grains. Each holds a letter that no hexadecimal number has: ADO.NET storage mistakes hexadecimal keys for numbers.</summary>
public static class GrainKeys
{
    /// <summary>Key of a run's coordinator.</summary>
    public static string Run(string run) => $"run/{run}";

    /// <summary>Key of the grain that trains a model of a run, and its name as a lease holder.</summary>
    public static string Member(string run, string member) => $"{run}/{member}";
}
