using Bam.Client.Reports;
using Bam.Client.Tests.Views;
using Bam.Contracts.Runs;
using Bam.Contracts.Status;

namespace Bam.Client.Tests.Reports;

/// <summary>Runs as a report finds them.</summary>
internal static class Reported
{
    public static RunSpec Spec => new()
    {
        Name = "four",
        Seed = 7,
        Model = new() { Layers = 2, Width = 32, Heads = 4, KvHeads = 2, Ffn = 48, Context = 64 },
        Domains = [Domain("general", 1), Domain("law", 9)],
        SeedModel = new() { Domains = [new("general", 1)], Steps = 400, Train = new() { Batch = 64 } },
        Branches = [new("law", [new("law", 0.9), new("general", 0.1)], 300, new() { Batch = 64, LearningRate = 2e-3 })],
        Mixtures = [new() { Name = "bam", Steps = 300, Experts = ["seed", "law", "seed"], Data = [new("general", 0.5), new("law", 0.5)], Train = new() { Batch = 64 } }],
    };

    /// <summary>A run that is complete, with a branch that was lost once.</summary>
    public static ReportFacts Completed => new()
    {
        At = Statuses.Launched + TimeSpan.FromHours(1),
        Status = Statuses.Completed with
        {
            Evaluations = Statuses.Routed,
            Members =
            [
                Statuses.Completed.Members[0] with { Parameters = 21_000, CheckpointStep = 400, CheckpointHash = new('a', 64), CheckpointFolder = "/store/four/seed/step-00000400" },
                Statuses.Completed.Members[1] with
                {
                    State = MemberState.Completed, Step = 300, Tokens = 1_228_800, Flops = 2.4e13, Parameters = 21_000, StepsLost = 17, CheckpointStep = 300,
                    CheckpointHash = new('b', 64), CheckpointFolder = "/store/four/law/step-00000300",
                },
                Statuses.Completed.Members[2] with { State = MemberState.Completed, Step = 300, Tokens = 1_228_800, Flops = 5e13, Parameters = 40_000, Attempt = 1 },
            ],
        },
        Spec = Spec,
        Events =
        [
            Event(1, 0, RunEventKind.Launched, "1 branches, 1 mixtures"), Event(2, 0, RunEventKind.PhaseBegan, "seed model"),
            Event(3, 5, RunEventKind.Started, "on silo-1/cpu", "seed", 0), Event(4, 200, RunEventKind.MemberCompleted, "400 steps", "seed", 400),
            Event(5, 200, RunEventKind.PhaseBegan, "branches"), Event(6, 201, RunEventKind.Queued, "waits for a free device", "law"),
            Event(7, 210, RunEventKind.Started, "on silo-1/cpu", "law", 0), Event(8, 260, RunEventKind.CheckpointPublished, "step 100", "law", 100),
            Event(9, 300, RunEventKind.Lost, "silo-1 is gone", "law", 117), Event(10, 304, RunEventKind.Resumed, "on silo-2/cpu from step 100: its silo died", "law", 100),
            Event(11, 420, RunEventKind.MemberCompleted, "300 steps", "law", 300), Event(12, 420, RunEventKind.PhaseBegan, "train the mixtures"),
            Event(13, 421, RunEventKind.Started, "on silo-1/cpu", "bam", 0), Event(14, 710, RunEventKind.MemberCompleted, "300 steps", "bam", 300),
            Event(15, 710, RunEventKind.PhaseBegan, "evaluation"), Event(16, 720, RunEventKind.Ended, "every model is trained and evaluated"),
        ],
        Histories =
        [
            History("seed", 400, [("general", 400, Math.Log(8)), ("law", 400, Math.Log(4))]),
            History("law", 300, [("general", 100, 1.5), ("law", 100, 3), ("general", 300, Math.Log(2)), ("law", 300, Math.Log(16))]),
            History("bam", 300, [("general", 0, 2.5), ("law", 0, 2.7), ("general", 300, Math.Log(4)), ("law", 300, Math.Log(2))]),
        ],
        Versions = new Dictionary<string, string> { ["BamOrleans"] = "1.2.3" },
    };

    /// <summary>A run that was launched just now.</summary>
    public static ReportFacts Empty => new()
    {
        At = Statuses.Launched + TimeSpan.FromSeconds(1),
        Status = new() { Name = "four", Phase = RunPhase.Seed, Launched = Statuses.Launched, Members = [new() { Name = "seed", Kind = MemberKind.Seed, TargetSteps = 400 }] },
    };

    /// <summary>A run whose branch has failed, with texts that try to break out of every page.</summary>
    public static ReportFacts Failed => Completed with
    {
        Status = Statuses.Failed with
        {
            Error = Hostile,
            Members = [.. Statuses.Failed.Members.Select(member => member with { Error = Hostile, LogTail = [Hostile, "``` </code>"], CheckpointFolder = Hostile, CheckpointHash = "abc" })],
        },
        Events = [.. Completed.Events.Take(9), Event(10, 400, RunEventKind.MemberFailed, Hostile, "law", 117), Event(11, 720, RunEventKind.Ended, Hostile)],
        Histories = [.. Completed.Histories.Take(2)],
    };

    public const string Hostile = "law failed: </td></p><script>alert('x & \"y\"')</script> | *a*|`b` [c](http://d) \u0001\u001b[31m";

    private static DomainSpec Domain(string name, int files) =>
        new(name, [.. Enumerable.Range(1, files).Select(number => $"/data/{name} {number}.txt")], [$"/data/{name}.val.txt"]);

    private static RunEvent Event(long sequence, double seconds, RunEventKind kind, string text, string? member = null, long? step = null) => new()
    {
        Sequence = sequence, Time = Statuses.Launched + TimeSpan.FromSeconds(seconds), Kind = kind, Text = text, Member = member, Step = step, Attempt = step is null ? null : 1,
    };

    private static ModelHistory History(string name, int steps, (string Domain, long Step, double Loss)[] validation) => new()
    {
        Name = name,
        Training = [.. Enumerable.Range(1, steps / 4).Select(i => new CurvePoint(i * 4, i * 4 * 4096, 1.5 + (4 / (1 + (i / 10.0))) + (0.1 * Math.Sin(i))))],
        Validation = [.. validation.Select(point => new ValidationPoint(point.Step, point.Domain, point.Loss))],
    };
}
