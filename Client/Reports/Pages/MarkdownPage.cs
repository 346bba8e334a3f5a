using System.Text;
using System.Text.RegularExpressions;

namespace Bam.Client.Reports.Pages;

/// <summary>A report in GitHub's Markdown, with its plots beside it.</summary>
internal static partial class MarkdownPage
{
    public static string Of(ReportDocument document)
    {
        var text = new StringBuilder($"# {Escape(document.Title)}\n\n{Escape(document.Subtitle)}\n");
        foreach (var block in document.Blocks)
            text.Append('\n').Append(Of(block)).Append('\n');
        return text.ToString();
    }

    private static string Of(Block block) => block switch
    {
        Block.Heading heading => $"{new string('#', heading.Level)} {Escape(heading.Text)}",
        Block.Paragraph paragraph => Escape(paragraph.Text),
        Block.Alarm alarm => $"> **{Escape(alarm.Text)}**",
        Block.Headline headline => Table(
            [.. headline.Facts.Select(fact => (fact.Name, false))], [[.. headline.Facts.Select(fact => new Cell(fact.Value, IsBold: true))]]),
        Block.Table table => Table(table.Columns, table.Rows),
        Block.Code code => Fenced(code),
        Block.Figure figure => $"![{Escape(figure.Alternative)}]({figure.Image.LightFile})\n\n*{Escape(figure.Caption)}*",
        _ => throw new ArgumentException($"{block.GetType().Name} has no form in Markdown", nameof(block)),
    };

    private static string Table(IReadOnlyList<(string Name, bool IsNumber)> columns, IReadOnlyList<IReadOnlyList<Cell>> rows) => string.Join('\n',
    [
        Row(columns.Select(column => Escape(column.Name))), Row(columns.Select(column => column.IsNumber ? "---:" : "---")),
        .. rows.Select(row => Row(row.Select(Of))),
    ]);

    private static string Row(IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |";

    private static string Of(Cell cell) => cell switch
    {
        { Text: "" } => "",
        { IsCode: true } when !cell.Text.Contains('`', StringComparison.Ordinal) => $"`{OneLine(cell.Text).Replace("|", "\\|", StringComparison.Ordinal)}`",
        { IsBold: true } => $"**{Escape(cell.Text)}**",
        _ => Escape(cell.Text),
    };

    /// <summary>A fence longer than any run of backticks inside.</summary>
    private static string Fenced(Block.Code code)
    {
        var fence = new string('`', Math.Max(3, 1 + Backticks().Matches(code.Text).Select(run => run.Length).DefaultIfEmpty().Max()));
        return $"{fence}{code.Language}\n{code.Text.TrimEnd('\n')}\n{fence}";
    }

    private static string Escape(string text) => Special().Replace(OneLine(text), @"\$0").Replace("<", "&lt;", StringComparison.Ordinal);

    private static string OneLine(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));

    [GeneratedRegex(@"[\\`*_\[\]|~]|^[#>+-](?=[\s#>-])|(?<=^\d{1,9})[.)](?=\s)|&(?=[#a-zA-Z])")]
    private static partial Regex Special();

    [GeneratedRegex("`+")]
    private static partial Regex Backticks();
}
