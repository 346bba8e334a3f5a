using System.Collections.Concurrent;
using Orleans.Serialization;
using Orleans.Storage;

namespace Bam.Grains.Tests.Clusters;

/// <summary>What a cluster stores, as bytes with tags; it outlives every silo.</summary>
internal sealed class ClusterStorage
{
    private readonly ConcurrentDictionary<string, (string Tag, byte[] Bytes)> _rows = new();
    private readonly Lock _gate = new();

    /// <summary>Writes of these grains fail.</summary>
    public volatile Func<GrainId, bool>? Refuses;

    public IEnumerable<string> Keys => _rows.Keys;

    /// <summary>A silo's way to it, which is cut when the silo dies.</summary>
    public IGrainStorage Of(SiloClock silo, Serializer serializer) => new View(this, silo, serializer);

    private string Write(string key, string? tag, byte[] bytes)
    {
        lock (_gate)
        {
            var stored = _rows.TryGetValue(key, out var row) ? row.Tag : null;
            if (stored != tag)
                throw new InconsistentStateException($"{key} was written by another", stored, tag);
            var next = Guid.NewGuid().ToString("n");
            _rows[key] = (next, bytes);
            return next;
        }
    }

    private sealed class View(ClusterStorage cluster, SiloClock silo, Serializer serializer) : IGrainStorage
    {
        public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            await Reach(grainId, write: false);
            if (!cluster._rows.TryGetValue(Key(stateName, grainId), out var row))
                return;
            (grainState.State, grainState.ETag, grainState.RecordExists) = (serializer.Deserialize<T>(row.Bytes), row.Tag, true);
        }

        public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            var (tag, bytes) = (grainState.ETag, serializer.SerializeToArray(grainState.State));
            await Reach(grainId, write: true);
            (grainState.ETag, grainState.RecordExists) = (cluster.Write(Key(stateName, grainId), tag, bytes), true);
        }

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => throw new NotSupportedException();

        // As slow as a database: what does not wait for a write shows.
        private async Task Reach(GrainId grainId, bool write)
        {
            await Task.Delay(10);
            if (silo.IsDead)
                throw new IOException("the silo is dead");
            if (write && cluster.Refuses?.Invoke(grainId) == true)
                throw new IOException("the disk is full");
        }

        private static string Key(string stateName, GrainId grainId) => $"{stateName}/{grainId}";
    }
}
