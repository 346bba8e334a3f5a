using Bam.Client.Plans;
using Bam.Contracts.Runs;
using Bam.Training.Model;
using Bam.Training.Profiling;

namespace Bam.Client.Benches;

/// <summary>What <c>bam bench</c> found.</summary>
internal sealed record BenchReport
{
    /// <summary>Run file or preset.</summary>
    public required string Of { get; init; }

    public required string Model { get; init; }

    public required long Parameters { get; init; }

    public required long ActiveParameters { get; init; }

    public required int Batch { get; init; }

    public required int Context { get; init; }

    public required Precision Precision { get; init; }

    public required bool Recompute { get; init; }

    public required Precision OptimizerStates { get; init; }

    /// <summary>What <c>bam plan</c> says of the memory.</summary>
    public required long PlannedBytes { get; init; }

    public required BenchResult Result { get; init; }

    /// <summary>How the operations were timed, in a sentence.</summary>
    public string OperationsTimed => Result switch
    {
        { ProfiledSteps: 0 } => "not at all",
        { Path: "fused", Device.IsCpu: true } => "kernel by kernel, in steps of their own",
        { Path: "fused" } => "by events on the GPU's stream, in steps of their own; a gap between the host's launches counts for the operation after it",
        { Device.IsCpu: false } => "by waiting for the GPU after each operator, in steps of their own, which are slower: the shares count, not their sum",
        _ => "by libtorch's own profiler callbacks, each operator without those that it calls, in steps of their own",
    };

    /// <summary>Whose name alone does not tell the group.</summary>
    public string? OperationsGuessed => Result is { Path: "autograd", ProfiledSteps: > 0 }
        ? "products of numbers count as rope after a complex view, else as swiglu and gates; sums as residual"
        : null;

    public static BenchReport From(string what, BenchModel model, BenchResult result) => new()
    {
        Of = what,
        Model = model.Name,
        Parameters = TensorLayout.Parameters(model.Config),
        ActiveParameters = TensorLayout.ActiveParameters(model.Config),
        Batch = model.Train.Batch,
        Context = model.Config.Context,
        Precision = model.Train.Precision,
        Recompute = model.Train.Recompute,
        OptimizerStates = model.Train.OptimizerStates,
        PlannedBytes = MemoryPlan.Of(model.Config, model.Train).Total,
        Result = result,
    };
}
