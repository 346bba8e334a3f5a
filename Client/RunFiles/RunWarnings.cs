using Bam.Contracts.Runs;

namespace Bam.Client.RunFiles;

/// <summary>What a run file may say, but is worth a line before anything starts.</summary>
internal static class RunWarnings
{
    public static IEnumerable<string> Of(RunSpec run) =>
        [.. Twins(run), .. run.Mixtures.Where(mixture => mixture.Kind == MixtureKind.Upcycled).SelectMany(Routers)];

    /// <summary>Experts that begin with the same weights: no mistake, for sparse upcycling is nothing else.</summary>
    private static IEnumerable<string> Twins(RunSpec run) =>
        from mixture in run.Mixtures
        where mixture is { Kind: MixtureKind.Upcycled, FfnReinitialise: 0 }
        from twins in mixture.Experts.GroupBy(name => name)
        where twins.Count() > 1
        select $"{mixture.Name}: {twins.Key} is listed {twins.Count()} times: experts that begin as twins";

    /// <summary>Routers that cannot learn, or cannot choose (docs/paper.md, G3 and S6).</summary>
    private static IEnumerable<string> Routers(MixtureSpec mixture)
    {
        if (mixture is { FfnTopK: 1, FfnRenormalise: true })
            yield return $"{mixture.Name}: ffn_renormalise with ffn_top_k: 1 makes every gate 1: its FFN routers learn from the auxiliary losses only";
        if (mixture is { Attention: AttentionMode.Top1, AttentionRenormalise: true })
            yield return $"{mixture.Name}: attention_renormalise with attention: top_1 makes every gate 1: its attention routers learn nothing";
        if (mixture is { RouterInit: RouterInit.Random, RouterStd: 0 } && mixture.FfnTopK < mixture.Experts.Count)
            yield return $"{mixture.Name}: with router_std: 0 every token begins at the first {(mixture.FfnTopK == 1 ? "expert" : $"{mixture.FfnTopK} experts")}";
    }
}
