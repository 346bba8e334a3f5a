namespace Bam.Client.Plans;

/// <summary>What the paper prints of a model (arXiv 2408.08274v2), as it prints it; null for what it does not.</summary>
/// <param name="Total">Parameters: tables 4 and 9.</param>
/// <param name="Active">Active parameters: table 9.</param>
/// <param name="Flops">Forward FLOPs of a token in a layer: table 7.</param>
/// <param name="Erratum">Why a printed number is not ours, in a line.</param>
internal sealed record PaperFigures(string? Total = null, string? Active = null, string? Flops = null, string? Erratum = null)
{
    public static readonly PaperFigures None = new();

    /// <summary>The small model's, by the name of the row; the paper prints none of the large one's.</summary>
    public static readonly IReadOnlyDictionary<string, PaperFigures> Small = new Dictionary<string, PaperFigures>
    {
        ["dense"] = new("587,209,728", "587,209,728"),
        ["BAM, KV experts"] = new(
            "776,002,560", "662,731,776", "48,257,024",
            "the paper's active parameters have one router a layer; there are two (24,576 more)"),
        ["BAM, KV sharing"] = new(
            "738,253,824", "612,400,128",
            Erratum: "the paper's active parameters leave out the shared keys and values (12,582,912) and one router a layer (24,576)"),
        ["BTX, 4 experts"] = new("700,480,512", "587,234,304", "21,510,144"),
        ["BTX, 5 experts"] = new("738 M"),
        ["BTX, 6 experts"] = new("776 M"),
        ["BTX, 7 experts"] = new("813 M"),
        ["BTX, 8 experts"] = new("851 M"),
        ["BTX, 6 experts, top-3"] = new(
            "700 M", Flops: "46,692,352", Erratum: "the paper's total (table 9) is that of 4 experts; its table 4 has 776 M for 6"),
    };
}
