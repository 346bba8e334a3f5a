using Bam.Training.Checkpoints;

namespace Bam.Training.Tests.Checkpoints;

public sealed class RunClaimTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1), Never = TimeSpan.FromDays(1);

    private readonly TemporaryFolder _folder = new();
    private readonly MemberStore _store;

    public RunClaimTests() => _store = new CheckpointStore(_folder.At("store")).Open("run", "law");

    private string Run => _folder.At("store", "run");

    private string OwnerFile => Path.Combine(Run, ".owner");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_launch_that_is_alive_keeps_its_folder()
    {
        using var first = RunClaim.Take(Run, "run, launched at one");

        var refusal = Assert.Throws<StaleAttemptException>(() => RunClaim.Take(Run, "run, launched at two"));

        Assert.Matches("^[^\n]*/store/run: another cluster trains into it \\(run, launched at one; last sign of life [0-9] s ago\\); launch under another name, or stop that one and retry$", refusal.Message);
        first.Ensure();
        Assert.Equal([".owner"], Directory.EnumerateFileSystemEntries(Run).Select(path => Path.GetFileName(path)));
    }

    [Fact]
    public void All_silos_of_one_launch_have_its_folder()
    {
        using var one = RunClaim.Take(Run, "one");
        using var other = RunClaim.Take(Run, "one");

        one.Ensure();
        other.Ensure();
    }

    [Fact]
    public void A_silent_launch_is_taken_over_and_publishes_nothing_when_it_wakes()
    {
        using var first = RunClaim.Take(Run, "one", Patience, renewal: TimeSpan.FromMilliseconds(20));
        first.Dispose();                                                       // it sleeps
        _store.Claim = first;
        _store.Fence(1);
        Publish(10);
        Silence();

        using var second = RunClaim.Take(Run, "two");
        var refusal = Assert.Throws<StaleAttemptException>(() => Publish(20));

        Assert.Contains("was taken over by another cluster (two); launch under another name", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<StaleAttemptException>(() => _store.Fence(2));
        Assert.Equal([".attempt", "step-00000010"], Directory.EnumerateFileSystemEntries(_store.Folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        second.Ensure();
    }

    [Fact]
    public async Task A_launch_shows_that_it_is_alive_and_never_keeps_another_alive()
    {
        using var first = RunClaim.Take(Run, "one", Patience, renewal: TimeSpan.FromMilliseconds(20));
        Silence();
        for (var i = 0; i < 500 && IsSilent(); i++)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.False(IsSilent());

        File.WriteAllText(OwnerFile, "two");
        await Task.Delay(100, TestContext.Current.CancellationToken);          // a renewal in flight ends
        Silence();
        await Task.Delay(300, TestContext.Current.CancellationToken);

        Assert.True(IsSilent());
        Assert.Equal("two", File.ReadAllText(OwnerFile));
    }

    [Fact]
    public void A_store_that_cannot_be_written_is_named_with_the_remedy()
    {
        File.WriteAllText(_folder.At("store"), "a file in the way");

        var refusal = Assert.Throws<CheckpointException>(() => RunClaim.Take(Run, "one", Patience, Never));

        Assert.StartsWith($"{Run}: cannot be taken: ", refusal.Message, StringComparison.Ordinal);
        Assert.EndsWith("make it writable", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }

    private void Publish(long step) => _store.Publish(step, 1, null, 100, folder => CheckpointFolder.Files(folder));

    private void Silence() => File.SetLastWriteTimeUtc(OwnerFile, DateTime.UtcNow - Patience - TimeSpan.FromSeconds(1));

    private bool IsSilent() => DateTime.UtcNow - File.GetLastWriteTimeUtc(OwnerFile) > Patience;
}
