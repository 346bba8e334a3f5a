using System.Text.Json;
using Bam.Contracts.Grains;
using Bam.Contracts.Runs;
using Bam.Contracts.Status;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Bam.Contracts.Tests.Wire;

/// <summary>What a cluster sends and stores comes back as it was. Lists have no equality, so the JSON of both is compared.</summary>
public sealed class RoundTripTests : IDisposable
{
    private static readonly JsonSerializerOptions Options = new()
    {
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private static readonly TrainSpec Train = new()
    {
        Batch = 3,
        LearningRate = 4e-3,
        Warmup = 5,
        WeightDecay = 0.6,
        Precision = Precision.BFloat16,
        FinalLearningRate = 0.7,
        ClipNorm = 8,
        Beta1 = 0.19,
        Beta2 = 0.29,
        LoadBalance = 0.39,
        RouterZ = 0.49,
        Recompute = true,
        OptimizerStates = Precision.BFloat16,
    };

    private static readonly MemberStatus Member = new()
    {
        Name = "law",
        Kind = MemberKind.Branch,
        State = MemberState.Recovering,
        Step = 12,
        TargetSteps = 30,
        Tokens = 4096,
        Loss = 2.5,
        TokensPerSecond = 1234.5,
        FlopsPerSecond = 6e9,
        Device = "silo-1/cpu",
        Attempt = 3,
        Restarts = 2,
        CheckpointStep = 10,
        CheckpointHash = "abc",
        Remaining = TimeSpan.FromMinutes(7),
        Error = "lost",
        Parameters = 99,
        CheckpointFolder = "/store/x",
        Flops = 7e12,
        Spent = new(1.5, 2.5, 3.5, 4.5),
        LogTail = ["its last line"],
        StepsLost = 4,
        PeakFlops = 9e13,
    };

    private static readonly RunSpec Run = new()
    {
        Name = "four-domains",
        Seed = -7,
        Tokenizer = "cl100k_base:512",
        Model = new ModelSpec
        {
            Layers = 6,
            Width = 256,
            Heads = 8,
            KvHeads = 4,
            Ffn = 704,
            Context = 128,
            Tied = false,
            Vocab = 512,
            Norm = NormKind.RmsNorm,
            NormEps = 1e-6,
            RopeTheta = 5e5,
            RopeInterleaved = false,
        },
        Domains = [new("law", ["/data/a.txt", "/data/b.txt"], ["/data/v.txt"]), new("code", ["/data/c.txt"], [])],
        SeedModel = new SeedModelSpec { Checkpoint = "/seed", Domains = [new("law", 0.25), new("code", 0.75)], Steps = 4, Train = Train },
        Branches = [new("law", [new("law", 1)], 30, Train)],
        IncludeSeedAsExpert = false,
        Mixtures =
        [
            new()
            {
                Name = "btx", Attention = AttentionMode.Averaged, Kv = KvMode.Shared, FfnTopK = 2,
                FfnRenormalise = true, RouterStd = 0.5, Steps = 9, Train = Train,
                Kind = MixtureKind.Dense, Experts = ["law"], Data = [new("law", 1)], AttentionRenormalise = true,
                RouterInit = RouterInit.Ridge, RouterScale = 5, RescaleFfn = true, FfnReinitialise = 0.25,
                Frozen = FrozenParts.Experts, FrozenSteps = 3, Match = "data of bam",
            },
        ],
        Checkpoints = new CheckpointSpec(Every: 11, Keep: 12),
        Evaluate = new EvaluationSpec(Every: 13, Tokens: 14, Stride: 15),
        Limits = new LimitsSpec(Setup: 16, Step: 17, Checkpoint: 18),
    };

    private readonly ServiceProvider _services = new ServiceCollection().AddSerializer().BuildServiceProvider();

    public void Dispose() => _services.Dispose();

    [Fact]
    public void A_run_specification_comes_back_as_it_was()
    {
        AssertNothingIsDefault(Run, new RunSpec
        {
            Name = "",
            Model = new() { Layers = 0, Width = 0, Heads = 0, KvHeads = 0, Ffn = 0, Context = 0 },
            Domains = [],
            SeedModel = new(),
            Branches = [],
            Mixtures = [],
        });
        AssertComesBack(Run);
    }

    [Fact]
    public void A_run_status_comes_back_as_it_was()
    {
        var status = new RunStatus
        {
            Name = "four-domains",
            Phase = RunPhase.Continue,
            Launched = DateTimeOffset.UnixEpoch,
            Ended = DateTimeOffset.UnixEpoch.AddHours(1),
            Members = [Member, Member with { Name = "code" }],
            Evaluations =
            [
                new("bam", "law", 65_536, 1.5, 2.25)
                {
                    Window = 128, Stride = 64, Routing = [new([0.25, 0.75], 0.5, [0.5, 0.5], 0.625)], Experts = ["seed", "law"],
                },
            ],
            Error = "none left",
            Goodput = 0.875,
            Remaining = TimeSpan.FromSeconds(5),
            Paused = true,
        };

        AssertNothingIsDefault(status, new RunStatus { Name = "", Phase = default });
        AssertNothingIsDefault(Member, new MemberStatus { Name = "", Kind = default });
        AssertComesBack(status);
    }

    [Fact]
    public void What_is_unknown_stays_unknown()
    {
        var back = Back(new RunStatus { Name = "new", Phase = RunPhase.Seed, Members = [new() { Name = "seed", Kind = MemberKind.Seed }] });

        Assert.True(double.IsNaN(back.Goodput));
        Assert.True(double.IsNaN(back.Members[0].Loss));
        Assert.Null(back.Remaining);
        Assert.Equal(-1, back.Members[0].CheckpointStep);
    }

    [Fact]
    public void An_assignment_and_a_report_come_back_as_they_were()
    {
        var silo = SiloAddress.New(System.Net.IPAddress.Loopback, 11_111, 5);
        var assignment = new TrainingAssignment
        {
            Run = Run,
            Member = "law",
            Kind = MemberKind.Branch,
            Parent = new("/seed", 4, 1, "abc"),
            Lease = new("law", silo, "silo-1", "cpu"),
            Experts = [new("seed", "/store/seed"), new("law", "/store/law")],
            Owner = "run four-domains, launched at noon",
        };
        var report = new TrainingReport
        {
            Status = Member,
            Checkpoint = new("/x", 10, 3, "abc"),
            Evaluations = [new("law", "law", 1, 2, 3)],
            Misplaced = true,
            ResumedFrom = 10,
            UsefulSeconds = 1.5,
            DamagedCheckpoints = ["step-00000012.corrupt"],
            Opening = "law 9.5",
        };

        Assert.Equal(silo, Back(assignment).Lease.Silo);
        Assert.Equal(assignment.Experts, Back(assignment).Experts);
        Assert.Equal(assignment, Back(assignment) with { Run = Run, Experts = assignment.Experts });
        AssertComesBack(report);
    }

    [Fact]
    public void Events_come_back_in_their_order()
    {
        RunEvent Event(long number) => new()
        {
            Sequence = number,
            Time = DateTimeOffset.UnixEpoch.AddSeconds(number),
            Kind = RunEventKind.Resumed,
            Member = "law",
            Text = "résumé",
            Step = 3,
            Attempt = 2,
        };

        AssertComesBack(new EventPage([Event(1), Event(2), Event(3)], 4));
        AssertComesBack(new ModelHistory { Name = "law", Training = [new(10, 5120, 3.5)], Validation = [new(20, "code", 2.5)] });
    }

    private T Back<T>(T value)
        where T : class
    {
        var serializer = _services.GetRequiredService<Serializer>();
        return serializer.Deserialize<T>(serializer.SerializeToArray(value))!;
    }

    private void AssertComesBack<T>(T value)
        where T : class => Assert.Equal(Json(value), Json(Back(value)));

    /// <summary>A member that has its default value would come back even if it were never sent.</summary>
    private static void AssertNothingIsDefault<T>(T full, T empty) => Assert.All(
        typeof(T).GetProperties().Where(property => property.SetMethod is not null),
        property => Assert.NotEqual(
            JsonSerializer.Serialize(property.GetValue(empty), Options), JsonSerializer.Serialize(property.GetValue(full), Options)));

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, Options);
}
