using System.Globalization;
using Bam.Client.Plans;
using Bam.Client.Reports.Pages;
using Bam.Client.Views;
using Bam.Contracts.Runs;
using Bam.Contracts.Status;

namespace Bam.Client.Reports;

/// <summary>The models and what they are made of.</summary>
internal static partial class RunReport
{
    private static IEnumerable<Block> Models(ReportFacts facts)
    {
        yield return new Block.Heading(2, "Models");
        if (facts.Spec is { Model: var shape })
        {
            yield return new Block.Paragraph(string.Create(CultureInfo.InvariantCulture,
                $"Dense models have {shape.Layers} layers of width {shape.Width}, {shape.Heads} heads ({shape.KvHeads} of keys and values), FFN width {shape.Ffn}, a context of {shape.Context} tokens, {(shape.Tied ? "a tied head" : "a head of its own")}, tokenizer {facts.Spec.Tokenizer}."));
        }

        var plans = facts.Spec is { } spec ? RunPlan.Of(spec).Models.ToDictionary(plan => plan.Name) : [];
        yield return new Block.Table(
            [
                ("model", false), ("kind", false), ("state", false), ("parameters", true), ("active", true), ("steps", true), ("tokens", true),
                ("FLOPs", true), ("attempts", true), ("restarts", true),
            ],
            [.. facts.Status.Members.Select(member => Row(member, plans.GetValueOrDefault(member.Name)))]);
        if (facts.Spec is not null)
        {
            yield return new Block.Table(
                [("model", false), ("made of", false)], [.. facts.Status.Members.Select(member => (IReadOnlyList<Cell>)[member.Name, Made(facts.Spec, member)])]);
        }

        foreach (var failed in facts.Status.Members.Where(member => member.State == MemberState.Failed))
        {
            yield return new Block.Alarm($"{failed.Name} failed: {failed.Error ?? "no reason known"}");
            if (failed.LogTail.Count > 0) yield return new Block.Code("text", string.Join('\n', failed.LogTail));
        }

        IReadOnlyList<Cell> Row(MemberStatus member, ModelPlan? plan) =>
        [
            member.Name, Word(member.Kind), Word(member.State),
            Number(member.Parameters > 0 ? member.Parameters : plan?.Parameters ?? 0), Number(plan?.ActiveParameters ?? 0),
            member.TargetSteps == 0 ? "-" : member.Step == member.TargetSteps ? Figures.Exact(member.Step) : $"{Figures.Exact(member.Step)} of {Figures.Exact(member.TargetSteps)}",
            Number(member.Tokens), Number(member.Flops), member.Attempt > 0 ? Figures.Exact(member.Attempt) : "-", Figures.Exact(member.Restarts),
        ];
    }

    private static string Made(RunSpec spec, MemberStatus member)
    {
        if (member.Kind != MemberKind.Mixture) return Data(member.Kind == MemberKind.Seed ? spec.SeedModel.Domains : spec.Branches.FirstOrDefault(branch => branch.Name == member.Name)?.Domains);
        return spec.Mixtures.FirstOrDefault(mixture => mixture.Name == member.Name) switch
        {
            null => "-",
            { Kind: MixtureKind.Dense } dense => $"{dense.Experts[0]}, trained further",
            { Kind: MixtureKind.Ensemble } ensemble => $"{string.Join(", ", ensemble.Experts)} side by side",
            { } mixture => $"{string.Join(", ", mixture.Experts)}; attention {Word(mixture.Attention)}{(mixture.Attention is AttentionMode.Averaged or AttentionMode.Seed ? "" : $", kv {Word(mixture.Kv)}")}, FFN top {Figures.Exact(mixture.FfnTopK)}",
        };
    }

    private static string Data(IReadOnlyList<DomainShare>? domains) => domains is null or []
        ? "-"
        : string.Join(", ", domains.Select(share => $"{share.Domain} {Figures.Percent(share.Share)}"));
}
