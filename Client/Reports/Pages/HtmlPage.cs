using System.Globalization;
using System.Net;
using System.Text;

namespace Bam.Client.Reports.Pages;

/// <summary>A report as one page that needs nothing else: plots inside, no script, light or dark as the reader's system is.</summary>
internal static class HtmlPage
{
    /// <summary>By this a page of ours is known.</summary>
    public const string Generator = "<meta name=\"generator\" content=\"bam report\" />";

    public static string Of(ReportDocument document)
    {
        var body = new StringBuilder();
        foreach (var block in document.Blocks)
            body.Append(Of(block)).Append('\n');
        return $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8" />
            {Generator}
            <meta name="viewport" content="width=device-width, initial-scale=1" />
            <meta name="color-scheme" content="light dark" />
            <title>{Escape(document.Title)}</title>
            <style>
            {Style}
            </style>
            </head>
            <body>
            <main>
            <header><h1>{Escape(document.Title)}</h1><p>{Escape(document.Subtitle)}</p></header>
            {body}</main>
            </body>
            </html>

            """;
    }

    private static string Of(Block block) => block switch
    {
        Block.Heading heading => $"<h{heading.Level}>{Escape(heading.Text)}</h{heading.Level}>",
        Block.Paragraph paragraph => $"<p>{Escape(paragraph.Text)}</p>",
        Block.Alarm alarm => $"<p class=\"alarm\">{Escape(alarm.Text)}</p>",
        Block.Headline headline => $"<dl class=\"headline\">{string.Concat(headline.Facts.Select(fact => $"<div><dt>{Escape(fact.Name)}</dt><dd>{Escape(fact.Value)}</dd></div>"))}</dl>",
        Block.Table table => Table(table),
        Block.Code code => $"<pre><code>{Escape(code.Text.TrimEnd('\n'))}</code></pre>",
        Block.Figure figure => Figure(figure),
        _ => throw new ArgumentException($"{block.GetType().Name} has no form in HTML", nameof(block)),
    };

    private static string Table(Block.Table table)
    {
        var text = new StringBuilder("<div class=\"wide\"><table><thead><tr>");
        foreach (var (name, isNumber) in table.Columns)
            text.Append(CultureInfo.InvariantCulture, $"<th{Number(isNumber)}>{Escape(name)}</th>");
        text.Append("</tr></thead><tbody>");
        foreach (var row in table.Rows)
            text.Append(CultureInfo.InvariantCulture, $"<tr>{string.Concat(row.Zip(table.Columns, (cell, column) => $"<td{Number(column.IsNumber)}>{Of(cell)}</td>"))}</tr>");
        return text.Append("</tbody></table></div>").ToString();
    }

    private static string Number(bool isNumber) => isNumber ? " class=\"number\"" : "";

    private static string Of(Cell cell)
    {
        var text = cell.IsCode ? $"<code>{Escape(cell.Text)}</code>" : Escape(cell.Text);
        return cell.IsBold ? $"<strong>{text}</strong>" : text;
    }

    private static string Figure(Block.Figure figure) => string.Create(CultureInfo.InvariantCulture, $"""
        <figure><picture><source media="(prefers-color-scheme: dark)" srcset="{Inline(figure.Image.Dark)}" /><img src="{Inline(figure.Image.Light)}" width="{figure.Image.Width}" height="{figure.Image.Height}" alt="{Escape(figure.Alternative)}" /></picture><figcaption>{Escape(figure.Caption)}</figcaption></figure>
        """);

    private static string Inline(byte[] png) => $"data:image/png;base64,{Convert.ToBase64String(png)}";

    /// <summary>What no markup can be made of, without characters that a page must not have.</summary>
    private static string Escape(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            clean.Append(Rune.IsControl(rune) && rune.Value is not '\n' and not '\t' || (rune.Value & 0xFFFE) == 0xFFFE ? "\uFFFD" : rune.ToString());
        return WebUtility.HtmlEncode(clean.ToString());
    }

    private const string Style = """
        :root { --page: #ffffff; --panel: #f6f8fa; --ink: #1f2328; --quiet: #59636e; --line: #d1d9e0; --accent: #0969da; --alarm: #cf222e; --alarm-panel: #ffebe9; }
        @media (prefers-color-scheme: dark) {
          :root { --page: #0d1117; --panel: #151b23; --ink: #e6edf3; --quiet: #9198a1; --line: #3d444d; --accent: #4493f8; --alarm: #ff7b72; --alarm-panel: #2d1416; }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.55 Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
        main { max-width: 1064px; margin: 0 auto; padding: 32px 32px 64px; }
        header { border-bottom: 1px solid var(--line); margin-bottom: 20px; }
        h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; overflow-wrap: anywhere; }
        header p { color: var(--quiet); margin: 0 0 16px; }
        h2 { font-size: 20px; margin: 40px 0 12px; padding-bottom: 6px; border-bottom: 1px solid var(--line); }
        h3 { font-size: 16px; margin: 28px 0 8px; }
        p { margin: 10px 0; overflow-wrap: anywhere; }
        .alarm { color: var(--alarm); background: var(--alarm-panel); border-left: 4px solid var(--alarm); border-radius: 4px; padding: 10px 14px; }
        .headline { display: flex; flex-wrap: wrap; gap: 12px; margin: 0; }
        .headline div { flex: 1 1 auto; background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px; }
        .headline dt { color: var(--quiet); font-size: 13px; }
        .headline dd { margin: 0; font-size: 20px; font-weight: 600; font-variant-numeric: tabular-nums; white-space: nowrap; }
        .wide { overflow-x: auto; margin: 10px 0; }
        table { border-collapse: collapse; width: 100%; font-size: 14px; }
        th, td { text-align: left; padding: 6px 12px; border-bottom: 1px solid var(--line); vertical-align: top; }
        th { color: var(--quiet); font-weight: 600; white-space: nowrap; }
        th.number, td.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
        td:first-child { white-space: nowrap; }
        td strong { color: var(--accent); }
        code, pre { font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, "DejaVu Sans Mono", monospace; font-size: 12.5px; }
        td code { overflow-wrap: anywhere; }
        pre { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 14px 16px; overflow-x: auto; line-height: 1.5; }
        figure { margin: 16px 0 24px; }
        figure img { display: block; max-width: 100%; height: auto; border: 1px solid var(--line); border-radius: 8px; }
        figcaption { color: var(--quiet); font-size: 13px; margin-top: 6px; }
        @media print { main { max-width: none; padding: 0; } figure, tr { break-inside: avoid; } }
        """;
}
