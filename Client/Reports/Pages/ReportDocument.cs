namespace Bam.Client.Reports.Pages;

/// <summary>A report before it is written in any form.</summary>
internal sealed record ReportDocument(string Title, string Subtitle, IReadOnlyList<Block> Blocks)
{
    public IEnumerable<PlotImage> Images => Blocks.OfType<Block.Figure>().Select(figure => figure.Image);
}
