using System.Text.Json;

namespace Bam.Client.Chaos;

/// <summary>The words for the kinds of faults, and what each does.</summary>
internal static class FaultKinds
{
    public static IReadOnlyList<FaultKind> All { get; } = Enum.GetValues<FaultKind>();

    /// <summary><c>kill-coordinator</c>.</summary>
    public static string Word(FaultKind kind) => JsonNamingPolicy.KebabCaseLower.ConvertName(kind.ToString());

    /// <summary>The kind of this word; null when there is none.</summary>
    public static FaultKind? Of(string word) => All.Where(kind => Word(kind) == word).Select(kind => (FaultKind?)kind).FirstOrDefault();

    /// <summary>What it does, for the help.</summary>
    public static string Describe(FaultKind kind) => kind switch
    {
        FaultKind.Kill => "SIGKILL of a silo that trains",
        FaultKind.KillCoordinator => "SIGKILL of the silo that coordinates the run",
        FaultKind.KillAny => "SIGKILL of any silo",
        FaultKind.Pause => "SIGSTOP of a silo that trains, for longer than the failure detection, then SIGCONT: a zombie",
        FaultKind.Hiccup => "SIGSTOP of any silo for 0.3 to 1.5 s; must restart nothing",
        FaultKind.Stop => "SIGTERM of a silo that trains; must lose nothing",
        FaultKind.Corrupt => "damage the newest checkpoint of a model in training (flip a bit, truncate, append, empty, delete, swap), kill its silo; never the only sound one",
        FaultKind.Crash => "die at a step, in the middle of a save, or as it resumes; needs silos that take orders",
        FaultKind.NoSpace => "a save finds no space; must restart nothing; needs silos that take orders",
        FaultKind.Keeper => "kill the process that restarts silos, and bring it back",
        FaultKind.Power => "kill every process of the cluster, and bring it back",
        FaultKind.Client => "kill a console that watches the run; must restart nothing",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };
}
