using Bam.Contracts.Runs;
using Bam.Training.Checkpoints;
using Bam.Training.Mixing;
using Bam.Training.Sessions;
using Bam.Training.Tests.Sessions;

namespace Bam.Training.Tests.Checkpoints;

/// <summary>
/// Checkpoints of earlier releases, as they were written then, lie in <c>Golden/NAME</c>; a release adds its own with
/// <c>BAM_GOLDEN=NAME dotnet run --project tests/Training.Tests -c Release -- -explicit only -method "*The_golden_checkpoints_are_written"</c>.
/// </summary>
public sealed class GoldenCheckpointTests : IDisposable
{
    private const int Half = 4;

    private static readonly string Golden = Path.Combine(Repository.Root, "tests", "Training.Tests", "Golden");

    private readonly TinyRun _run = new();

    public GoldenCheckpointTests() => _run.Spec = Small(_run.Spec);

    public static TheoryData<string> Releases => [.. Directory.EnumerateDirectories(Golden).Select(path => Path.GetFileName(path))];

    public void Dispose() => _run.Dispose();

    [Theory, MemberData(nameof(Releases))]
    public void A_checkpoint_of_an_earlier_release_is_sound_and_is_trained_on_to_its_end(string release)
    {
        foreach (var (member, experts) in new[] { ("digits", 0), ("bam", 2) })
        {
            var folder = _run.Store(member).Folder;
            Copy(Path.Combine(Golden, release, member), folder);
            var kept = _run.Store(member).Newest(out var damaged)!;
            Assert.Empty(damaged);
            Assert.Equal((Half, Half * TinyRun.Train.Batch, experts), (kept.State.Step, kept.State.Windows, kept.Config.Experts));
            var observer = new TinyRun.Observer();

            var ended = new TrainingSession(_run.Job(member, attempt: 2), observer).Run(TestContext.Current.CancellationToken);

            Assert.Equal(Half, observer.Start!.Step);
            Assert.True(ended.Completed);
            Assert.Equal([5L, 6, 7, 8], observer.Steps);
            var history = TrainingHistory.Of(ended.Checkpoint!);
            Assert.Equal((kept.Manifest.Files.ContainsKey(TrainingHistory.FileName) ? 0 : Half, 8), (history.Start, history.Training[^1].Step));
            Assert.Equal(member == "bam", MixReceipt.Read(ended.Checkpoint!.Folder) is { Opening: not null });
        }
    }

    [Fact(Explicit = true)]
    public void The_golden_checkpoints_are_written()
    {
        var release = Environment.GetEnvironmentVariable("BAM_GOLDEN") ?? throw new InvalidOperationException("BAM_GOLDEN is the name of the release");
        var seed = Train("seed");
        var digits = Train("digits", seed.Folder);
        Mixer.Mix([new("seed", seed), new("digits", digits)], _run.Spec.Mixtures[0], _run.Spec.Seed, _run.Store("bam"), TestContext.Current.CancellationToken);
        Train("bam", stopAt: Half);
        Directory.Delete(_run.Store("digits").Folder, recursive: true);
        Train("digits", seed.Folder, stopAt: Half);

        foreach (var member in new[] { "digits", "bam" })
        {
            var newest = _run.Store(member).Newest(out _)!.Folder;
            Copy(newest, Path.Combine(Golden, release, member, Path.GetFileName(newest)));
        }
    }

    private static RunSpec Small(RunSpec spec) => spec with
    {
        Model = new ModelSpec { Layers = 1, Width = 4, Heads = 2, KvHeads = 1, Ffn = 4, Context = 16 },
        SeedModel = spec.SeedModel with { Steps = Half },
        Branches = [spec.Branches[0] with { Steps = 2 * Half }],
        Mixtures = [spec.Mixtures[0] with { Steps = 2 * Half }],
        Checkpoints = new CheckpointSpec(Every: Half, Keep: 3),
        Evaluate = new EvaluationSpec(0, 100),
    };

    private Checkpoint Train(string member, string? parent = null, long stopAt = long.MaxValue) =>
        new TrainingSession(_run.Job(member, parent: parent), new TinyRun.Observer(stopAt)).Run(TestContext.Current.CancellationToken).Checkpoint!;

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
        foreach (var folder in Directory.EnumerateDirectories(from))
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
    }
}
