using Bam.Client.Benches;
using Bam.Training.Profiling;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Bam.Client.Views;

/// <summary>A measured training step: its numbers, and where its time goes.</summary>
internal static class BenchScreen
{
    private const int Operations = 15;

    public static IRenderable Render(BenchReport report)
    {
        var result = report.Result;
        var mfu = result.Mfu is { } part ? $", {part * 100:0.0}% of the device's {Figures.Scaled(result.Device.PeakFlops!.Value)}FLOP/s" : "";
        List<IRenderable> rows =
        [
            new Text($"{report.Of} {report.Model}: {Figures.Scaled(report.Parameters)} parameters, {Figures.Scaled(report.ActiveParameters)} active; " +
                $"batch {report.Batch}, context {report.Context}, {Word(report.Precision)}; {result.Path}{(result.IsRecorded ? ", recorded" : "")} step on {result.Device.Name}" +
                (result.Device.IsCpu ? $", {result.Threads} threads" : "")),
            new Text($"{Figures.Measure(result.Milliseconds, 2)} ms a step (median of {result.StepMilliseconds.Count}, host {Figures.Measure(result.EnqueueMilliseconds, 2)} ms): " +
                $"{Figures.Exact((long)result.TokensPerSecond)} tokens/s, {Figures.Scaled(result.FlopsPerSecond)}FLOP/s{mfu}"),
            new Text($"peak memory {Figures.Bytes(result.PeakBytes)} beside {Figures.Bytes(result.ContextBytes)} before the first tensor; plan says {Figures.Bytes(report.PlannedBytes)}"),
        ];
        if (result.Operations.Count > 0)
        {
            rows.Add(Groups(result));
            rows.Add(Longest(result));
            rows.Add(new Text($"timed {report.OperationsTimed} ({Figures.Measure(result.ProfiledMilliseconds, 2)} ms a step)"));
            if (report.OperationsGuessed is { } guessed)
                rows.Add(new Text(guessed));
        }

        return new Rows(rows);
    }

    private static Table Groups(BenchResult result)
    {
        var table = Titled("Where a step's time goes, in ms", "group", "forward", "backward", "optimizer", "all", "share");
        var whole = result.Operations.Sum(row => row.Milliseconds);
        foreach (var group in result.Operations.GroupBy(row => row.Group).OrderByDescending(rows => rows.Sum(row => row.Milliseconds)))
        {
            string Of(StepPhase phase) => group.Where(row => row.Phase == phase).Sum(row => row.Milliseconds) is > 0 and var time ? Figures.Measure(time) : "";
            var all = group.Sum(row => row.Milliseconds);
            table.AddRow(
                Markup.Escape(group.Key), Of(StepPhase.Forward), Of(StepPhase.Backward), Of(StepPhase.Optimizer), Figures.Measure(all),
                $"{100 * all / whole:0.0}%");
        }

        return table;
    }

    private static Table Longest(BenchResult result)
    {
        var table = Titled("The longest operations", "operation", "phase", "group", "calls", "ms");
        foreach (var row in result.Operations.Take(Operations))
            table.AddRow(Markup.Escape(row.Operation), Word(row.Phase), Markup.Escape(row.Group), $"{row.Calls:0.#}", Figures.Measure(row.Milliseconds));
        return table;
    }

    private static string Word<T>(T value)
        where T : struct, Enum => Verbs.JsonOutput.Word(value);

    private static Table Titled(string title, params string[] columns)
    {
        var table = new Table { Border = TableBorder.Rounded, Title = new TableTitle(title) };
        foreach (var (i, column) in columns.Index())
            table.AddColumn(new TableColumn(column) { NoWrap = true, Alignment = i == 0 ? Justify.Left : Justify.Right });
        return table;
    }
}
