using Bam.Contracts.Status;

namespace Bam.Client.Tests.Views;

/// <summary>Runs as a coordinator would report them.</summary>
internal static class Statuses
{
    public static readonly DateTimeOffset Launched = new(2026, 2, 3, 4, 0, 0, TimeSpan.Zero);

    public static RunStatus Branching => new()
    {
        Name = "four",
        Phase = RunPhase.Branch,
        Launched = Launched,
        Goodput = 0.976,
        Remaining = TimeSpan.FromSeconds(250),
        Members =
        [
            new() { Name = "seed", Kind = MemberKind.Seed, State = MemberState.Completed, Step = 400, TargetSteps = 400, Loss = 1.5, Attempt = 1, Tokens = 1_638_400, Flops = 3.2e13 },
            new()
            {
                Name = "law", Kind = MemberKind.Branch, State = MemberState.Training, Step = 75, TargetSteps = 300, Loss = 2.25, TokensPerSecond = 8123,
                Device = "silo-1/cpu", Attempt = 2, Restarts = 1, Remaining = TimeSpan.FromSeconds(65),
            },
            new() { Name = "bam", Kind = MemberKind.Mixture, TargetSteps = 300 },
        ],
    };

    public static RunStatus Completed => Branching with
    {
        Phase = RunPhase.Completed,
        Ended = Launched + TimeSpan.FromMinutes(12),
        Evaluations = Evaluations,
    };

    /// <summary>A branch has failed.</summary>
    public static RunStatus Failed => Branching with
    {
        Phase = RunPhase.Failed,
        Error = "law failed: out of memory",
        Ended = Launched + TimeSpan.FromMinutes(12),
        Members = [.. Branching.Members.Select(member => member.Name != "law" ? member : member with
        {
            State = MemberState.Failed, Error = "out of memory", LogTail = ["attempt 5 goes on from step 50", "attempt 5 failed [at step 75]"],
        })],
    };

    /// <summary>Perplexities 8 and 4 for the seed model, 2 and 16 for law, 4 and 2 for bam.</summary>
    public static IReadOnlyList<Evaluation> Evaluations =>
    [
        new("seed", "general", 1000, Math.Log(8), 3), new("seed", "law", 1000, Math.Log(4), 2),
        new("law", "general", 1000, Math.Log(2), 1), new("law", "law", 1000, Math.Log(16), 4),
        new("bam", "general", 1000, Math.Log(4), 2), new("bam", "law", 1000, Math.Log(2), 1),
    ];

    /// <summary>The same, with bam's routers on law: two layers, whose means are not those of one of them.</summary>
    public static IReadOnlyList<Evaluation> Routed =>
    [
        .. Evaluations.SkipLast(1),
        Evaluations[^1] with
        {
            Window = 256, Stride = 128, Experts = ["seed", "law", "seed"],
            Routing = [new([0.5, 0.25, 0.25], 1, [0.25, 0.5, 0.25], 0.5), new([0.25, 0.75, 0], 0.5, [0.125, 0.75, 0.125], 0.25)],
        },
    ];

    public static RunEvent Event(long sequence, RunEventKind kind, string text, string? member = null) =>
        new() { Sequence = sequence, Time = Launched + TimeSpan.FromSeconds(sequence), Kind = kind, Member = member, Text = text };
}
