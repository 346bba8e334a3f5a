using static TorchSharp.torch;

namespace Bam.Training.Model;

/// <summary>
/// Keys and values of the tokens that a model has read, so that the next one costs one token's work. With KV experts a layer keeps E sets,
/// else one: E · 2 · Hkv · K or 2 · Hkv · K values a token and layer.
/// </summary>
public sealed class KvCache : IDisposable
{
    private readonly (Tensor Keys, Tensor Values)[] _layers;                   // [B, Ekv·Hkv, capacity, K] each

    /// <param name="parameters">The model that will read.</param>
    /// <param name="batch">Sequences that are read side by side.</param>
    /// <param name="capacity">Most tokens of a sequence, padding included; without it at most the model's context.</param>
    /// <param name="padding">Padding on the left of the row that has most.</param>
    public KvCache(ParameterSet parameters, int batch, int capacity, int padding = 0)
    {
        var config = parameters.Config;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity - padding, config.Context, nameof(capacity));
        long[] shape = [batch, config.KvExperts * config.KvHeads, capacity, config.HeadWidth];
        Tensor Make() => empty(shape, parameters.Compute, parameters.Device).DetachFromDisposeScope();
        _layers = [.. Enumerable.Range(0, config.Layers).Select(_ => (Make(), Make()))];
        Capacity = capacity;
    }

    public int Capacity { get; }

    /// <summary>Tokens read so far.</summary>
    public int Length { get; private set; }

    /// <summary>Values that all layers keep for one token of one sequence.</summary>
    public long ValuesPerToken => _layers.Sum(layer => 2 * layer.Keys.size(1) * layer.Keys.size(3));

    /// <summary>Keeps the new keys and values of a layer, [B, Ekv·Hkv, T, K], and returns those of all tokens so far.</summary>
    internal (Tensor Keys, Tensor Values) Extend(int layer, Tensor keys, Tensor values)
    {
        var (allKeys, allValues) = _layers[layer];
        var time = keys.size(2);
        allKeys.narrow(2, Length, time).copy_(keys);
        allValues.narrow(2, Length, time).copy_(values);
        return (allKeys.narrow(2, 0, Length + time), allValues.narrow(2, 0, Length + time));
    }

    /// <summary>All layers have read so many tokens more.</summary>
    internal void Advance(int time) => Length += time;

    public void Dispose()
    {
        foreach (var (keys, values) in _layers)
        {
            keys.Dispose();
            values.Dispose();
        }
    }
}
