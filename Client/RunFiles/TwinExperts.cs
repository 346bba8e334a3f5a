using Bam.Contracts.Runs;

namespace Bam.Client.RunFiles;

/// <summary>Experts that begin with the same weights: no mistake, for sparse upcycling is nothing else, but worth a line.</summary>
internal static class TwinExperts
{
    /// <summary>A line for each name that a mixture lists more than once and that no new weights tell apart.</summary>
    public static IEnumerable<string> Warnings(RunSpec run) =>
        from mixture in run.Mixtures
        where mixture is { Kind: MixtureKind.Upcycled, FfnReinitialise: 0 }
        from twins in mixture.Experts.GroupBy(name => name)
        where twins.Count() > 1
        select $"{mixture.Name}: {twins.Key} is listed {twins.Count()} times: experts that begin as twins";
}
