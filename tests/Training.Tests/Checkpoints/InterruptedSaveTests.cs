using Bam.Training.Checkpoints;
using Bam.Training.Faults;
using Bam.Training.Sessions;
using Bam.Training.Tests.Sessions;

namespace Bam.Training.Tests.Checkpoints;

/// <summary>A process that dies, or a power cut, at any byte of a save: there is always a sound checkpoint, and it is the newest possible.</summary>
public sealed class InterruptedSaveTests(InterruptedSaves saves) : IClassFixture<InterruptedSaves>
{
    private const string Member = "digits";

    /// <summary>In the order in which a save writes them.</summary>
    private static readonly string[] Files =
        [Checkpoint.ModelFile, Checkpoint.OptimizerFile, Checkpoint.StateFile, Checkpoint.ConfigFile, CheckpointManifest.FileName];

    public static MatrixTheoryData<string, string> Cuts => new(Files, ["0", "1", "half", "n-1"]);

    [Fact]
    public void A_process_that_dies_at_any_point_of_a_save_goes_on_from_the_last_published_step_to_the_same_bits()
    {
        Assert.Equal(6 * 4, saves.Taken.Count);
        Assert.All(saves.Taken, taken =>
        {
            var published = taken.Point >= FaultPoint.SavePublished ? taken.Step : taken.Step - InterruptedSaves.Every;
            var observer = new TinyRun.Observer();
            var store = saves.StoreAt(taken.Point, taken.Step);

            var ended = new TrainingSession(saves.Job with { Store = store, Attempt = 2 }, observer).Run(TestContext.Current.CancellationToken);

            Assert.Equal((taken, published), (taken, observer.Start!.Step));
            Assert.Empty(observer.Start.Damaged);
            Assert.Equal((taken, saves.Sha256), (taken, ended.Checkpoint!.ModelSha256));
            Assert.Empty(Directory.EnumerateFileSystemEntries(Store(store).Folder, ".tmp-*"));
        });
    }

    [Fact]
    public void Until_a_newer_checkpoint_is_published_the_one_before_is_there()
    {
        var store = Store(saves.StoreAt(FaultPoint.SaveManifest, 10));
        Assert.Equal(["step-00000005"], Published(store));

        store = Store(saves.StoreAt(FaultPoint.SavePublished, 10));
        Assert.Equal(["step-00000005", "step-00000010"], Published(store));

        store = Store(saves.StoreAt(FaultPoint.SavePruned, 10));
        Assert.Equal(["step-00000010"], Published(store));
    }

    [Fact]
    public void A_process_that_dies_while_it_prunes_leaves_the_newest_and_the_next_pruning_takes_the_rest()
    {
        var store = Store(saves.StoreAt(FaultPoint.SavePublished, 10));
        File.Delete(Path.Combine(store.Folder, "step-00000005", CheckpointManifest.FileName));

        Assert.Equal(10, store.Newest(out var damaged)!.Manifest.Step);
        Assert.Empty(damaged);
        store.Prune(keep: 2);
        Assert.Equal(["step-00000010"], Published(store));
    }

    [Theory, MemberData(nameof(Cuts))]
    public void A_process_that_dies_after_any_byte_of_any_file_leaves_the_checkpoint_before(string file, string cut)
    {
        var store = Store(saves.StoreAt(FaultPoint.SaveManifest, 10));
        var aside = Assert.Single(Directory.EnumerateDirectories(store.Folder, ".tmp-*"));
        foreach (var later in Files.SkipWhile(name => name != file).Skip(1))
            File.Delete(Path.Combine(aside, later));
        Cut(Path.Combine(aside, file), cut);

        Assert.Equal(5, store.Newest(out var damaged)!.Manifest.Step);
        Assert.Empty(damaged);
        store.Fence(2);
        Assert.Equal([".attempt", "step-00000005"], Directory.EnumerateFileSystemEntries(store.Folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
    }

    [Theory, MemberData(nameof(Cuts))]
    public void A_disk_that_forgets_bytes_of_a_published_file_is_found_out_and_the_checkpoint_before_is_used(string file, string cut)
    {
        var store = Store(saves.StoreAt(FaultPoint.SavePublished, 10));
        var published = Path.Combine(store.Folder, "step-00000010", file);
        var isWhole = file == CheckpointManifest.FileName && cut == "n-1";      // its last byte is a line's end: nothing is missing
        Cut(published, cut);

        var newest = store.Newest(out var damaged)!;

        Assert.Equal(isWhole ? 10 : 5, newest.Manifest.Step);
        if (isWhole)
            return;
        var line = Assert.Single(damaged);
        Assert.StartsWith($"{Path.Combine(store.Folder, "step-00000010.corrupt")}: ", line, StringComparison.Ordinal);
        Assert.Contains(file, line, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Cuts))]
    public void A_disk_that_fails_after_any_byte_of_a_file_leaves_nothing_of_the_save(string file, string cut)
    {
        var store = Store(saves.StoreAt(FaultPoint.SavePublished, 10));
        var source = Path.Combine(store.Folder, "step-00000010");

        var failure = Assert.Throws<CheckpointException>(() => store.Publish(15, 1, null, 0, folder =>
        {
            foreach (var name in Files.TakeWhile(name => name != file))
                DurableFile.Write(Path.Combine(folder, name), File.ReadAllBytes(Path.Combine(source, name)));
            var content = File.ReadAllBytes(Path.Combine(source, file));
            DurableFile.Write(Path.Combine(folder, file), write =>
            {
                write(content.AsSpan(0, Length(content.Length, cut)));
                throw new IOException("Input/output error");
            });
            return new Dictionary<string, FileEntry>();
        }));

        Assert.StartsWith($"{Path.Combine(store.Folder, "step-00000015")}: not saved: Input/output error", failure.Message, StringComparison.Ordinal);
        Assert.Equal(["step-00000005", "step-00000010"], Published(store));
        Assert.Empty(Directory.EnumerateFileSystemEntries(store.Folder, ".tmp-*"));
    }

    private MemberStore Store(string root) => new CheckpointStore(root).Open(saves.Job.Run.Name, Member);

    private static IEnumerable<string> Published(MemberStore store) =>
        Directory.EnumerateDirectories(store.Folder, "step-*").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);

    private static void Cut(string path, string cut)
    {
        using var file = File.OpenWrite(path);
        file.SetLength(Length((int)file.Length, cut));
    }

    private static int Length(int whole, string cut) => cut switch
    {
        "half" => whole / 2,
        "n-1" => whole - 1,
        _ => int.Parse(cut, System.Globalization.CultureInfo.InvariantCulture),
    };
}
