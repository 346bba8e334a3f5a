using Bam.Contracts.Status;

namespace Bam.Grains.Telemetry;

/// <summary>The values that labels take. Names of runs, models, domains and silos beside them: never a step or free text.</summary>
internal static class MetricLabels
{
    /// <summary>Why an attempt took over from another; one that only evaluates again takes nothing over.</summary>
    public static readonly IReadOnlyList<string> RestartReasons =
        [.. Enum.GetValues<RestartReason>().Where(reason => reason != RestartReason.Reevaluated).Select(reason => Of(reason))];

    /// <summary>Why a save failed, or <c>damaged</c> for a checkpoint that was found so.</summary>
    public static readonly IReadOnlyList<string> CheckpointReasons = ["storage", "space", "nonfinite", "fenced", "damaged"];

    public static KeyValuePair<string, object?>[] Of(string run, string member, MemberKind kind) =>
        [new("run", run), new("branch", member), new("phase", Phase(kind))];

    /// <summary>Name of a state or phase.</summary>
    public static string Of<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();

    /// <summary>The phase in which a model is trained.</summary>
    private static string Phase(MemberKind kind) => kind switch
    {
        MemberKind.Seed => "seed",
        MemberKind.Branch => "branch",
        _ => "continue",
    };
}
