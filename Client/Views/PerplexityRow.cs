using Bam.Contracts.Status;

namespace Bam.Client.Views;

/// <summary>One model's perplexities.</summary>
/// <param name="Model">Its name.</param>
/// <param name="Cells">In each domain and their arithmetic mean, NaN for what was not evaluated; and whether no model has less.</param>
/// <param name="Member">Its training; null when the run does not have it any more.</param>
internal sealed record PerplexityRow(string Model, IReadOnlyList<(double Value, bool IsBest)> Cells, MemberStatus? Member)
{
    public string Tokens => Spent(Member?.Tokens);

    public string Flops => Spent(Member?.Flops);

    /// <summary>A dash for a model that was not trained here.</summary>
    private static string Spent(double? number) => number > 0 ? Figures.Scaled(number.Value) : "-";
}
