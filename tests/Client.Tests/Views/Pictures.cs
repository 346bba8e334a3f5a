using Bam.Client.Views;
using Bam.Contracts.Status;

namespace Bam.Client.Tests.Views;

/// <summary>Runs at moments that a screen must show well.</summary>
internal static class Pictures
{
    public static readonly DateTimeOffset Now = Statuses.Launched + TimeSpan.FromSeconds(192);

    private static readonly string[] Domains = ["law", "math", "code"];

    /// <summary>Three branches train, one of them in its second attempt; three mixtures wait.</summary>
    public static RunPicture Running
    {
        get
        {
            var status = new RunStatus
            {
                Name = "four-domains",
                Phase = RunPhase.Branch,
                Launched = Statuses.Launched,
                Goodput = 0.976,
                Remaining = TimeSpan.FromSeconds(4_250),
                Members =
                [
                    new() { Name = "seed", Kind = MemberKind.Seed, State = MemberState.Completed, Step = 400, TargetSteps = 400, Loss = 1.5, Attempt = 1 },
                    .. Domains.Select((name, i) => Branch(name, 75 + (40 * i), 2.25 - (0.25 * i), attempt: i == 1 ? 2 : 1)),
                    .. new[] { "bam", "bam-shared", "btx" }.Select(name => new MemberStatus { Name = name, Kind = MemberKind.Mixture, TargetSteps = 200 }),
                ],
            };
            var curves = new LossCurves();
            foreach (var member in status.Members.Where(member => member.Step > 0))
                for (var step = 1; step <= member.Step; step++) curves[member.Name].See(step, member.Loss + (3 * Math.Exp(-step / 20.0)) + (0.05 * Math.Sin(step)));
            return new(status, Now) { Curves = curves, Events = Told, Hint = "Ctrl-C stops watching; the run goes on" };
        }
    }

    /// <summary>The silo of one branch has just died.</summary>
    public static RunPicture Recovering => Running with
    {
        Status = With(Running.Status, "math", member => member with
        {
            State = MemberState.Recovering, Device = null, TokensPerSecond = 0, FlopsPerSecond = 0, Remaining = null, Attempt = 1,
        }),
        Events = [.. Told.SkipLast(1)],
    };

    /// <summary>No silo answers.</summary>
    public static RunPicture Unreachable => Running with { Silence = TimeSpan.FromSeconds(12) };

    /// <summary>A branch has failed for a reason that is long and looks like markup, and the others go on.</summary>
    public static RunPicture Failing => Running with
    {
        Status = With(Running.Status, "law", member => member with
        {
            State = MemberState.Failed, Device = null, TokensPerSecond = 0, FlopsPerSecond = 0, Remaining = null, Attempt = 5, Restarts = 5,
            Error = "[bold]the loss was not finite[/] at step 76 in five attempts, the last of them on silo-3/cpu;\n the batch is data/law.train.jsonl.gz:1041 [red] and its neighbours",
            LogTail = ["attempt 5 goes on from step 50", "attempt 5 failed [at step 76]"],
        }),
    };

    /// <summary>The run has failed as a whole.</summary>
    public static RunPicture Failed => Failing with
    {
        Status = Failing.Status with
        {
            Phase = RunPhase.Failed, Ended = Now, Remaining = null, Error = "the store /data/store is full: 0 B left, a checkpoint takes 12 MiB",
        },
    };

    public static RunPicture Completed => Running with
    {
        Status = Running.Status with
        {
            Phase = RunPhase.Completed,
            Ended = Now,
            Remaining = null,
            Members = [.. Running.Status.Members.Select(member => member with
            {
                State = MemberState.Completed, Step = member.TargetSteps, Device = null, TokensPerSecond = 0, FlopsPerSecond = 0, Remaining = null, Loss = 1.25, Attempt = Math.Max(1, member.Attempt),
            })],
        },
    };

    public static RunPicture Paused => Running with
    {
        Status = Running.Status with
        {
            Paused = true,
            Remaining = null,
            Members = [.. Running.Status.Members.Select(member => member.State != MemberState.Training ? member : member with { State = MemberState.Paused, Device = null, TokensPerSecond = 0, FlopsPerSecond = 0, Remaining = null })],
        },
    };

    /// <summary>Names as long as they may be, and numbers too.</summary>
    public static RunPicture Long => Running with
    {
        Status = Running.Status with
        {
            Name = "a-run-whose-name-says-everything-there-is-to-say-about-it",
            Members = [.. Running.Status.Members.Select((member, i) => member with
            {
                Name = $"{member.Name}-with-a-name-as-long-as-a-sentence-{i}", Step = member.Step * 100_000, TargetSteps = member.TargetSteps * 100_000,
                Device = member.Device is null ? null : "gpu-host-17.example.org/cuda:7", Remaining = member.Remaining * 10_000,
            })],
        },
    };

    /// <summary>Nine models, and little room in mind.</summary>
    public static RunPicture Nine => Running with
    {
        Status = Running.Status with
        {
            Members =
            [
                .. Running.Status.Members,
                new() { Name = "bam-late", Kind = MemberKind.Mixture, TargetSteps = 200 },
                new() { Name = "btx-late", Kind = MemberKind.Mixture, TargetSteps = 200 },
            ],
        },
    };

    public static RunPicture Named(string name) => name switch
    {
        "running" => Running,
        "recovering" => Recovering,
        "unreachable" => Unreachable,
        "failing" => Failing,
        "failed" => Failed,
        "completed" => Completed,
        "paused" => Paused,
        "long" => Long,
        "nine" => Nine,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, null),
    };

    private static RunEvent[] Told =>
    [
        Statuses.Event(1, RunEventKind.Launched, "3 branches, 3 mixtures"),
        Statuses.Event(2, RunEventKind.PhaseBegan, "seed model"),
        Statuses.Event(3, RunEventKind.Started, "on silo-1/cpu", "seed"),
        Statuses.Event(90, RunEventKind.MemberCompleted, "400 steps, 3f2a90c1d5e7", "seed"),
        Statuses.Event(91, RunEventKind.PhaseBegan, "branches"),
        Statuses.Event(92, RunEventKind.Started, "on silo-1/cpu", "law"),
        Statuses.Event(93, RunEventKind.Started, "on silo-2/cpu", "math"),
        Statuses.Event(94, RunEventKind.Started, "on silo-3/cpu", "code"),
        Statuses.Event(160, RunEventKind.Lost, "silo-2 is gone", "math"),
        Statuses.Event(170, RunEventKind.CheckpointPublished, "step 50, 90c1d5e73f2a", "law"),
        Statuses.Event(171, RunEventKind.CheckpointPublished, "step 100, d5e73f2a90c1", "code"),
        Statuses.Event(172, RunEventKind.Resumed, "on silo-2/cpu from step 100: the silo that trained it died", "math") with { Attempt = 2, Step = 100 },
    ];

    private static MemberStatus Branch(string name, int step, double loss, int attempt) => new()
    {
        Name = name, Kind = MemberKind.Branch, State = MemberState.Training, Step = step, TargetSteps = 300, Loss = loss, TokensPerSecond = 8123 + (step * 40),
        FlopsPerSecond = 4.1e10 + (1e8 * step), PeakFlops = 1e11, Device = $"silo-{Array.IndexOf(Domains, name) + 1}/cpu", Attempt = attempt, Restarts = attempt - 1,
        Remaining = TimeSpan.FromSeconds((300 - step) / 3.5),
    };

    private static RunStatus With(RunStatus status, string name, Func<MemberStatus, MemberStatus> change) =>
        status with { Members = [.. status.Members.Select(member => member.Name == name ? change(member) : member)] };
}
