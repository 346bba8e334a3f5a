using Bam.Training.Checkpoints;

namespace Bam.Training.Tests.Checkpoints;

public sealed class MemberStoreTests : IDisposable
{
    private readonly CheckpointFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_published_checkpoint_is_found_with_its_manifest()
    {
        _folder.Store.Fence(3);
        _folder.Store.Publish(40, 3, "/parent", 100, folder => CheckpointFolder.Files(folder));

        var found = _folder.Store.Newest(out var damaged)!;

        Assert.Empty(damaged);
        Assert.Equal(_folder.At("step-00000040"), found.Folder);
        Assert.Equal((40L, 3, "/parent"), (found.Manifest.Step, found.Manifest.Attempt, found.Manifest.Parent));
        Assert.Equal(["model.safetensors", "optimizer.safetensors"], found.Manifest.Files.Keys.Order());
        Assert.Equal([".attempt", "step-00000040"], _folder.Names);
    }

    [Fact]
    public void The_newest_is_the_one_of_the_highest_step_whatever_its_number_of_digits()
    {
        foreach (var step in new[] { 99_999_999, 100_000_000, 5 })
            _folder.Publish(step);

        Assert.Equal(100_000_000, _folder.Store.Newest(out _)!.Manifest.Step);
    }

    [Fact]
    public void An_old_attempt_publishes_nothing_and_leaves_nothing()
    {
        _folder.Store.Fence(2);

        Assert.Throws<StaleAttemptException>(() => _folder.Publish(5, attempt: 1));
        Assert.Throws<StaleAttemptException>(() => _folder.Store.Fence(1));
        Assert.Equal([".attempt"], _folder.Names);
    }

    [Fact]
    public void An_attempt_that_is_overtaken_while_it_writes_publishes_nothing()
    {
        _folder.Store.Fence(1);

        Assert.Throws<StaleAttemptException>(() => _folder.Store.Publish(5, 1, null, 100, folder =>
        {
            new MemberStore(_folder.Store.Folder).Fence(2);
            Directory.CreateDirectory(folder);                                 // the new attempt has cleared it
            return CheckpointFolder.Files(folder);
        }));

        Assert.Equal([".attempt"], _folder.Names);
    }

    [Fact]
    public void A_step_that_was_published_before_stays_as_it_was()
    {
        var first = _folder.Publish(5, attempt: 1, value: 1);

        var second = _folder.Publish(5, attempt: 2, value: 9);

        Assert.Equal(first.ModelSha256, second.ModelSha256);
        Assert.Equal(1, _folder.Store.Newest(out _)!.Manifest.Attempt);
        Assert.Equal(["step-00000005"], _folder.Names);
    }

    [Fact]
    public void A_writer_that_fails_half_way_leaves_no_trace()
    {
        _folder.Publish(1);

        Assert.Throws<OperationCanceledException>(() => _folder.Store.Publish(5, 0, null, 100, folder =>
        {
            CheckpointFolder.Files(folder);
            throw new OperationCanceledException();
        }));
        var failure = Assert.Throws<CheckpointException>(() => _folder.Store.Publish(5, 0, null, 100, folder =>
        {
            CheckpointFolder.Files(folder);
            throw new IOException("No space left on device");
        }));

        Assert.StartsWith($"{_folder.At("step-00000005")}: not saved: No space left on device", failure.Message, StringComparison.Ordinal);
        Assert.Equal(["step-00000001"], _folder.Names);
    }

    [Fact]
    public void An_attempt_clears_what_a_dead_one_left_half_written()
    {
        _folder.Publish(1);
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(_folder.At(".tmp-dead")).FullName, Checkpoint.ModelFile), "half");
        File.WriteAllText(_folder.At(".tmp-fence"), "1");

        _folder.Store.Fence(2);

        Assert.Equal([".attempt", "step-00000001"], _folder.Names);
    }

    [Fact]
    public void Pruning_keeps_the_newest()
    {
        foreach (var step in new[] { 30, 10, 40, 20 })
            _folder.Publish(step);
        Directory.CreateDirectory(_folder.At("step-00000005.corrupt"));

        _folder.Store.Prune(2);

        Assert.Equal(["step-00000005.corrupt", "step-00000030", "step-00000040"], _folder.Names);
    }

    [Fact]
    public void A_store_that_cannot_be_written_is_named_with_the_remedy()
    {
        // Below a regular file not even root can make a folder.
        _folder.Publish(1);
        var store = new MemberStore(Path.Combine(_folder.At("step-00000001", Checkpoint.ModelFile), "run"));

        var failure = Assert.Throws<CheckpointException>(() => store.Publish(5, 0, null, 100, folder => CheckpointFolder.Files(folder)));

        Assert.StartsWith($"{store.Folder}/step-00000005: not saved: ", failure.Message, StringComparison.Ordinal);
        Assert.Contains("make it writable", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
        var refusal = Assert.Throws<CheckpointException>(() => store.Fence(1));
        Assert.Contains(store.Folder, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_that_does_not_fit_is_refused_before_a_byte_is_written()
    {
        var failure = Assert.Throws<NoSpaceException>(() =>
            _folder.Store.Publish(5, 0, null, long.MaxValue, _ => throw new InvalidOperationException("must not be asked")));

        Assert.StartsWith($"{_folder.Store.Folder}: a checkpoint needs 8796093022208 MiB, ", failure.Message, StringComparison.Ordinal);
        Assert.Contains("free space on the store or lower checkpoints.keep", failure.Message, StringComparison.Ordinal);
        Assert.Empty(_folder.Names);
    }

    [Fact]
    public void A_fence_that_cannot_be_read_is_named_with_the_remedy()
    {
        _folder.Publish(1);
        File.WriteAllText(_folder.At(".attempt"), "");

        var failure = Assert.Throws<CheckpointException>(() => _folder.Publish(2, attempt: 1));

        Assert.StartsWith(_folder.At(".attempt"), failure.Message, StringComparison.Ordinal);
        Assert.Equal([".attempt", "step-00000001"], _folder.Names);
    }
}
