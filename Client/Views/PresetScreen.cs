using Bam.Client.Plans;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Bam.Client.Views;

/// <summary>A preset's comparison: parameters and FLOPs, the paper's own numbers beside ours, and a line for each that is wrong there.</summary>
internal static class PresetScreen
{
    public static IRenderable Render(PresetPlan plan) => new Rows(
    [
        new Markup($"[bold]{Markup.Escape(plan.Preset)}[/]"),
        Parameters(plan),
        Flops(plan),
        .. plan.Models.Where(row => row.Paper.Erratum is not null).Select(row => new Text($"{row.Model}: {row.Paper.Erratum}")),
    ]);

    private static Table Parameters(PresetPlan plan)
    {
        var table = Titled("Parameters", "total", "in the paper", "active", "in the paper");
        foreach (var row in plan.Models)
        {
            table.AddRow(
                row.Model, Figures.Exact(row.Parameters), row.Paper.Total ?? "-", Figures.Exact(row.ActiveParameters), row.Paper.Active ?? "-");
        }

        return table;
    }

    private static Table Flops(PresetPlan plan)
    {
        var table = Titled(
            $"Forward FLOPs of a token in a layer, context {plan.Context}", "attention", "FFN", "routers", "total", "in the paper");
        foreach (var row in plan.Models)
        {
            table.AddRow(
                row.Model, Figures.Exact(row.Flops.Attention), Figures.Exact(row.Flops.Ffn), Figures.Exact(row.Flops.Routers),
                Figures.Exact(row.Flops.Total), row.Paper.Flops ?? "-");
        }

        return table;
    }

    private static Table Titled(string title, params IEnumerable<string> numbers)
    {
        var table = new Table { Border = TableBorder.Rounded, Title = new TableTitle(title) };
        table.AddColumn(new TableColumn("model") { NoWrap = true });
        foreach (var number in numbers) table.AddColumn(new TableColumn(number) { NoWrap = true, Alignment = Justify.Right });
        return table;
    }
}
