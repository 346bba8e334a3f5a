using Bam.Contracts.Status;

namespace Bam.Client.Views;

/// <summary>What a mixture's routers of one kind did on each text, as the mean over its layers.</summary>
/// <param name="Router">FFN or attention.</param>
/// <param name="Experts">Names of the experts; one that stands more than once is <c>seed</c>, <c>seed 2</c>.</param>
/// <param name="Rows">A row a text.</param>
internal sealed record ExpertShares(string Router, IReadOnlyList<string> Experts, IReadOnlyList<ExpertShareRow> Rows)
{
    /// <summary>The FFN experts, and the attention experts when there are any.</summary>
    /// <param name="texts">The routers on each domain or file, a layer each.</param>
    /// <param name="experts">Names of the experts, in order.</param>
    public static IEnumerable<ExpertShares> Of(
        IReadOnlyList<(string Name, IReadOnlyList<RouterUse> Layers)> texts, IReadOnlyList<string> experts)
    {
        IReadOnlyList<string> names = [.. Numbered(experts)];
        yield return new("FFN", names, [.. texts.Select(text => new ExpertShareRow(
            text.Name, Mean(text.Layers, use => use.FfnShares, experts.Count), text.Layers.Average(use => use.FfnEntropy)))]);
        if (texts.All(text => text.Layers.All(use => use.AttentionShares.Count == 0))) yield break;
        yield return new("attention", names, [.. texts.Select(text => new ExpertShareRow(
            text.Name, Mean(text.Layers, use => use.AttentionShares, experts.Count), text.Layers.Average(use => use.AttentionEntropy) ?? double.NaN))]);
    }

    private static IEnumerable<string> Numbered(IReadOnlyList<string> experts) =>
        experts.Select((name, i) => experts.Take(i).Count(before => before == name) is > 0 and var twins ? $"{name} {twins + 1}" : name);

    private static double[] Mean(IReadOnlyList<RouterUse> layers, Func<RouterUse, IReadOnlyList<double>> shares, int experts)
    {
        var width = layers.Min(use => shares(use).Count);
        return [.. Enumerable.Range(0, experts).Select(expert => expert < width ? layers.Average(use => shares(use)[expert]) : double.NaN)];
    }
}
