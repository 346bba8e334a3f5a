using System.Xml;
using System.Xml.Linq;
using Bam.Client.Reports;
using Bam.Client.Reports.Pages;
using Bam.Client.Reports.Plots;
using SkiaSharp;

namespace Bam.Client.Tests.Reports;

public sealed class A_report
{
    private static readonly ReportDocument Completed = RunReport.Of(Reported.Completed, TestContext.Current.CancellationToken);

    [Fact]
    public void Has_all_of_a_completed_run_in_Markdown() => Assert.Equal(Expected.Markdown, MarkdownPage.Of(Completed));

    [Theory]
    [InlineData("completed")]
    [InlineData("failed")]
    [InlineData("empty")]
    public void Is_a_well_formed_page_that_needs_nothing_else(string run)
    {
        var page = Page(Of(run));

        Assert.Empty(page.Descendants("script").Concat(page.Descendants("link")).Concat(page.Descendants("iframe")));
        var references = page.Descendants().Attributes().Where(attribute => attribute.Name.LocalName is "src" or "srcset" or "href" or "data" or "action");
        Assert.All(references, reference => Assert.StartsWith("data:image/png;base64,", reference.Value, StringComparison.Ordinal));
        var style = page.Descendants("style").Single().Value;
        Assert.Contains("prefers-color-scheme: dark", style, StringComparison.Ordinal);
        Assert.DoesNotContain("url(", style, StringComparison.Ordinal);
        Assert.DoesNotContain("@import", style, StringComparison.Ordinal);
        Assert.All(page.Descendants("img"), image => Assert.NotEqual("", image.Attribute("alt")!.Value));
        Assert.All(page.Descendants("table"), table => Assert.Single(table.Descendants("tr").Select(row => row.Elements().Count()).Distinct()));
    }

    [Fact]
    public void Says_what_a_text_says_whatever_is_in_it()
    {
        var document = Of("failed");
        var clean = Reported.Hostile.Replace('\u0001', '\uFFFD').Replace('\u001b', '\uFFFD');

        Assert.Contains(clean, Page(document).Descendants("p").Select(text => text.Value));
        Assert.Contains(clean, Page(document).Descendants("td").Select(cell => cell.Value));
        var markdown = MarkdownPage.Of(document);
        Assert.All(markdown.Split('\n').Where(line => line.Contains("<script", StringComparison.Ordinal)), line => Assert.Equal(Reported.Hostile, line));   // in its fence
        Assert.Contains(@"&lt;script>alert('x & ""y""')&lt;/script> \| \*a\*\|\`b\` \[c\](http://d)", markdown, StringComparison.Ordinal);
        var rows = markdown.Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal) && line.Contains("alert", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(rows);
        Assert.All(rows, row => Assert.Contains(row.Replace(@"\|", "", StringComparison.Ordinal).Count(c => c == '|') - 1, new[] { 4, 7 }));
        Assert.Contains("````text", markdown, StringComparison.Ordinal);       // the log has a fence in it
    }

    [Fact]
    public void Has_the_best_of_each_column_in_bold_in_both_pages()
    {
        var bold = Page(Completed).Descendants("td").Elements("strong").Select(cell => cell.Value);

        Assert.Equal(["2.000", "2.000", "3.000"], bold);                       // law on general; bam on law and on average
        Assert.Contains("| law | **2.000** | 16.000 | 9.000 |", MarkdownPage.Of(Completed), StringComparison.Ordinal);
    }

    [Fact]
    public void Says_in_a_line_what_is_not_there_yet()
    {
        var document = Of("empty");

        Assert.Empty(document.Images);
        Assert.Equal(
            [
                "No training loss has been read yet.", "Nothing has been validated yet.", "No model is finished and evaluated yet.",
                "No mixture with routers is finished and evaluated yet.", "Nothing has begun yet.",
                "None: every model trained in one attempt, and every checkpoint was written at the first try.",
                "The cluster did not tell what was launched.", "No checkpoint has been published yet.",
            ],
            document.Blocks.OfType<Block.Paragraph>().Select(paragraph => paragraph.Text).SkipLast(1));
    }

    [Fact]
    public void Has_plots_of_the_size_that_is_shown_twice_over_with_something_on_them()
    {
        Assert.Equal(
            ["loss-branches", "loss-mixtures", "validation-general", "validation-law", "experts-bam", "timeline"], Completed.Images.Select(image => image.Name));
        foreach (var image in Completed.Images)
        {
            using var light = SKBitmap.Decode(image.Light);
            using var dark = SKBitmap.Decode(image.Dark);
            Assert.All(new[] { light, dark }, bitmap => Assert.Equal((image.Width * 2, image.Height * 2), (bitmap.Width, bitmap.Height)));
            Assert.All(new[] { light, dark }, bitmap => Assert.InRange(bitmap.Pixels.Distinct().Count(), 50, int.MaxValue));
            Assert.Equal((PlotTheme.Light.Page.ToSKColor(), PlotTheme.Dark.Page.ToSKColor()), (light.GetPixel(1, 1), dark.GetPixel(1, 1)));
            Assert.InRange(light.Pixels.Count(pixel => pixel != light.GetPixel(1, 1)) / (double)light.Pixels.Length, 0.01, 0.95);
        }
    }

    [Fact]
    public void Draws_a_model_in_one_colour_in_every_plot()
    {
        foreach (var (plot, models) in new (string, int[])[] { ("loss-branches", [0, 1]), ("loss-mixtures", [2]), ("validation-law", [1, 2]), ("timeline", [0, 1, 2]) })
        {
            using var bitmap = SKBitmap.Decode(Completed.Images.Single(image => image.Name == plot).Light);
            var pixels = bitmap.Pixels.GroupBy(pixel => pixel).ToDictionary(group => group.Key, group => group.Count());
            for (var model = 0; model < 3; model++)
                Assert.Equal((plot, model, models.Contains(model)), (plot, model, pixels.GetValueOrDefault(PlotTheme.Light.Of(model).Color.ToSKColor()) > 100));
        }
    }

    [Fact]
    public void Has_a_font_of_its_own_with_a_glyph_for_every_letter()
    {
        PlotFont.Install();
        foreach (var bold in new[] { false, true })
        {
            var face = ScottPlot.Fonts.GetTypeface(ScottPlot.Fonts.Default, bold, italic: false);
            Assert.Equal(("Inter", bold), (face.FamilyName.Split(' ')[0], face.FontWeight > 500));
            Assert.True(face.ContainsGlyphs("training loss (nats a token) 0123456789.-–…%/×→ KMGTPEZ äöüßéñ λσ"));
        }
    }

    private static ReportDocument Of(string run) => RunReport.Of(
        run switch { "completed" => Reported.Completed, "failed" => Reported.Failed, _ => Reported.Empty }, TestContext.Current.CancellationToken);

    private static XElement Page(ReportDocument document)
    {
        using var reader = XmlReader.Create(new StringReader(HtmlPage.Of(document)), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        return XDocument.Load(reader).Root!;
    }
}
