using Bam.Contracts.Status;

namespace Bam.Client.Plans;

/// <summary>What one phase will take.</summary>
/// <param name="Phase">The phase.</param>
/// <param name="Trains">What trains in it.</param>
/// <param name="Models">How many of them.</param>
/// <param name="Steps">Steps of all of them.</param>
/// <param name="Tokens">Tokens of all of them.</param>
/// <param name="Flops">Training FLOPs of all of them.</param>
/// <param name="Duration">From its beginning to its end; null without a measured speed.</param>
internal sealed record PhasePlan(RunPhase Phase, MemberKind Trains, int Models, long Steps, long Tokens, double Flops, TimeSpan? Duration)
{
    public static PhasePlan Of(RunPhase phase, MemberKind trains, IReadOnlyList<ModelPlan> models, double? flopsPerSecond, int devices) =>
        new(
            phase,
            trains,
            models.Count,
            models.Sum(model => (long)model.Steps),
            models.Sum(model => model.Tokens),
            models.Sum(model => model.Flops),
            flopsPerSecond is { } speed ? Longest(models, speed, devices) : null);

    /// <summary>First come, first served, as the device pool leases its slots.</summary>
    private static TimeSpan? Longest(IReadOnlyList<ModelPlan> models, double flopsPerSecond, int devices)
    {
        var busy = new double[devices];
        foreach (var model in models)
            busy[Array.IndexOf(busy, busy.Min())] += model.Flops / flopsPerSecond;
        return busy.Max() < TimeSpan.MaxValue.TotalSeconds ? TimeSpan.FromSeconds(busy.Max()) : null;
    }
}
