using Bam.Client.Plans;
using Bam.Contracts.Status;
using Bam.Training.Model;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Bam.Client.Views;

/// <summary>A plan as tables: parameters, memory, phases.</summary>
internal static class PlanScreen
{
    public static IRenderable Render(RunPlan plan) => new Rows(
        new Markup($"[bold]{Markup.Escape(plan.Run)}[/]"),
        Parameters(plan),
        Memory(plan),
        Phases(plan),
        new Text($"disk for checkpoints: {Figures.Bytes(plan.DiskBytes)}; training: {plan.Flops:0.###e+0} FLOPs"));

    /// <summary>Parameters of the seed model and of each mixture; a branch has the seed model's shape.</summary>
    public static Table Parameters(RunPlan plan)
    {
        var table = Titled("Parameters", "model", "experts", "total", "active");
        var groups = plan.Models.SelectMany(model => model.Groups.Keys).Distinct().Order().ToList();
        foreach (var group in groups) table.AddColumn(Right(Word(group)));
        foreach (var model in plan.Models.Where(model => model.Kind != MemberKind.Branch))
        {
            table.AddRow([
                Markup.Escape(model.Name), model.Experts == 0 ? "-" : $"{model.Experts}", Figures.Exact(model.Parameters),
                Figures.Exact(model.ActiveParameters), .. groups.Select(group => Figures.Exact(model.Groups.GetValueOrDefault(group))),
            ]);
        }

        return table;
    }

    /// <summary>Memory on the device that trains each model.</summary>
    public static Table Memory(RunPlan plan)
    {
        var table = Titled(
            "Memory of one device (estimate)", "model", "weights", "gradients", "optimizer", "working copy", "activations", "total");
        foreach (var model in plan.Models)
        {
            var memory = model.Memory;
            table.AddRow(
                Markup.Escape(model.Name), Figures.Bytes(memory.Weights), Figures.Bytes(memory.Gradients), Figures.Bytes(memory.Optimizer),
                Figures.Bytes(memory.WorkingCopy), Figures.Bytes(memory.Activations), Figures.Bytes(memory.Total));
        }

        return table;
    }

    /// <summary>Length and work of each model and phase; times when a speed is known.</summary>
    public static Table Phases(RunPlan plan)
    {
        var table = Titled("Training", "phase", "steps", "tokens", "FLOPs/token", "FLOPs", "time");
        foreach (var phase in plan.Phases)
        {
            table.AddRow(
                Word(phase.Phase), Figures.Exact(phase.Steps), Figures.Exact(phase.Tokens), "", Figures.Scaled(phase.Flops),
                Figures.Duration(phase.Duration));
            foreach (var model in plan.Models.Where(model => model.Kind == phase.Trains))
            {
                table.AddRow(
                    $"  {Markup.Escape(model.Name)}", Figures.Exact(model.Steps), Figures.Exact(model.Tokens),
                    model.Tokens == 0 ? "-" : Figures.Scaled(model.Flops / model.Tokens), Figures.Scaled(model.Flops), "");
            }
        }

        return table;
    }

    private static Table Titled(string title, string first, params IEnumerable<string> others)
    {
        var table = new Table { Border = TableBorder.Rounded, Title = new TableTitle(title) };
        table.AddColumn(new TableColumn(first) { NoWrap = true });
        foreach (var other in others) table.AddColumn(Right(other));
        return table;
    }

    private static TableColumn Right(string header) => new(header) { NoWrap = true, Alignment = Justify.Right };

    private static string Word(RunPhase phase) => phase.ToString().ToLowerInvariant();

    private static string Word(TensorGroup group) => group switch
    {
        TensorGroup.AttentionRouter => "attention router",
        TensorGroup.FfnRouter => "FFN router",
        TensorGroup.Ffn => "FFN",
        _ => group.ToString().ToLowerInvariant(),
    };
}
