namespace Bam.Contracts.Runs;

/// <summary>Which domain a dense expert stands for.</summary>
public static class ExpertDomains
{
    /// <summary>
    /// The domain with the largest share of the expert's data; none when two share that place. A seed model whose data does not say
    /// (it was given as a checkpoint) stands for the one domain that no branch stands for.
    /// </summary>
    /// <param name="run">Validated run.</param>
    /// <param name="expert"><c>seed</c>, or the name of a branch.</param>
    /// <returns>Name of the domain; null for none.</returns>
    public static string? Of(RunSpec run, string expert)
    {
        if (expert != SeedModelSpec.MemberName)
            return run.Branches.FirstOrDefault(branch => branch.Name == expert) is { } branch ? Main(branch.Domains) : null;
        return Main(run.SeedModel.Domains) ?? (LeftOver(run) is [var only] ? only : null);
    }

    /// <summary>Domains that no branch stands for, in the run's order.</summary>
    public static IReadOnlyList<string> LeftOver(RunSpec run) =>
        [.. run.Domains.Select(domain => domain.Name).Except(run.Branches.Select(branch => Main(branch.Domains)).OfType<string>())];

    private static string? Main(IReadOnlyList<DomainShare> shares)
    {
        var largest = shares.Where(share => share.Share == shares.Max(other => other.Share)).ToList();
        return largest is [var one] ? one.Domain : null;
    }
}
