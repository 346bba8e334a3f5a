using Orleans.Storage;

namespace Bam.Silo.Tests.Storage;

/// <summary>What Orleans needs of grain state, whichever database keeps it.</summary>
public abstract class GrainStorageTests : IDisposable
{
    private static readonly GrainId Grain = GrainId.Create("branch", "run-7/law");

    private readonly OrleansStores _stores;

    private protected GrainStorageTests(OrleansStores stores) => _stores = stores;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task State_comes_back_as_it_was_written()
    {
        var storage = await _stores.GrainStorage(Cancellation);
        await Write(storage, new GrainState<Note>(new(3, "after a crash")));

        var read = await Read(storage);

        Assert.Equal(new Note(3, "after a crash"), read.State);
        Assert.True(read.RecordExists);
    }

    [Fact]
    public async Task Of_two_activations_the_one_with_the_older_state_is_refused()
    {
        var storage = await _stores.GrainStorage(Cancellation);
        await Write(storage, new GrainState<Note>(new(1, "first")));
        var (one, other) = (await Read(storage), await Read(storage));

        one.State = new(2, "one");
        await Write(storage, one);
        other.State = new(2, "other");
        await Assert.ThrowsAsync<InconsistentStateException>(() => Write(storage, other));

        Assert.Equal("one", (await Read(storage)).State!.Text);
    }

    [Fact]
    public async Task Of_two_first_writes_one_is_refused()
    {
        var storage = await _stores.GrainStorage(Cancellation);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(
            async () => await Record.ExceptionAsync(() => Write(storage, new GrainState<Note>(new(i, "first")))), Cancellation)));

        Assert.Single(outcomes, outcome => outcome is null);
        Assert.Equal(7, outcomes.Count(outcome => outcome is InconsistentStateException));
        Assert.Equal(Array.IndexOf(outcomes, null), (await Read(storage)).State!.Attempt);
    }

    [Fact]
    public async Task Cleared_state_is_gone_and_its_old_owner_cannot_write()
    {
        var storage = await _stores.GrainStorage(Cancellation);
        await Write(storage, new GrainState<Note>(new(1, "first")));
        var (one, other) = (await Read(storage), await Read(storage));

        await storage.ClearStateAsync("note", Grain, one);

        Assert.False((await Read(storage)).RecordExists);
        await Assert.ThrowsAsync<InconsistentStateException>(() => Write(storage, other));
        one.State = new(2, "anew");
        await Write(storage, one);
        Assert.Equal("anew", (await Read(storage)).State!.Text);
    }

    public void Dispose()
    {
        _stores.Dispose();
        GC.SuppressFinalize(this);
    }

    private static Task Write(IGrainStorage storage, GrainState<Note> state) => storage.WriteStateAsync("note", Grain, state);

    private static async Task<GrainState<Note>> Read(IGrainStorage storage)
    {
        var state = new GrainState<Note>();
        await storage.ReadStateAsync("note", Grain, state);
        return state;
    }

    [GenerateSerializer, Immutable, Alias("bam.tests.Note")]
    internal sealed record Note([property: Id(0)] int Attempt, [property: Id(1)] string Text);
}
