using Bam.Client.Clusters;
using Bam.Client.Runs;
using Bam.Contracts.Status;

namespace Bam.Client.Chaos;

/// <summary>A console of the run whose cluster may be torn down and brought back under it.</summary>
/// <param name="connect">Opens a new connection.</param>
/// <param name="run">Name of the run.</param>
internal sealed class RunObserver(Func<CancellationToken, Task<IRunClient>> connect, string run) : IAsyncDisposable
{
    private readonly List<RunEvent> _events = [];
    private IRunClient? _client;

    /// <summary>Every line of the event log that was read so far.</summary>
    public IReadOnlyList<RunEvent> Events => _events;

    /// <summary>The run now, after the lines of its log up to here were read.</summary>
    /// <exception cref="UserException">The cluster does not answer.</exception>
    public async Task<RunStatus> Look(CancellationToken cancellation)
    {
        _client ??= await connect(cancellation);
        var status = await RunWatcher.StatusOf(_client, run, cancellation);
        while (await _client.ReadEvents(run, _events.Count == 0 ? 0 : _events[^1].Sequence, cancellation) is { Events: { Count: > 0 } lines })
            _events.AddRange(lines);
        return status;
    }

    /// <summary>Forgets a connection whose other end is gone.</summary>
    public async Task Disconnect()
    {
        if (_client is { } client)
            await client.DisposeAsync();
        _client = null;
    }

    public async ValueTask DisposeAsync() => await Disconnect();
}
