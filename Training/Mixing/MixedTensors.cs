using Bam.Contracts.Runs;
using Bam.Training.Model;
using Bam.Training.Randomness;

namespace Bam.Training.Mixing;

/// <summary>The tensors of a mixture, made part by part: what is in memory does not depend on their size.</summary>
/// <param name="config">The mixture.</param>
/// <param name="spec">Its name, routers and what its experts forget.</param>
/// <param name="seed">Seed of the run.</param>
/// <param name="sources">The dense models.</param>
/// <param name="part">Values in memory at a time; even, as random numbers come in pairs.</param>
/// <param name="cancellation">Looked at before each part.</param>
internal sealed class MixedTensors(
    ModelConfig config, MixtureSpec spec, long seed, MixSources sources, int part = MixedTensors.Part, CancellationToken cancellation = default)
{
    private const int Part = 1 << 22;

    private readonly float[] _values = new float[part];
    private readonly Lazy<double[]> _sums = new(() => new double[part]);

    /// <summary>Where a tensor of a mixture comes from.</summary>
    public static TensorOrigin Origin(ModelConfig config, TensorSpec tensor) => tensor.Group switch
    {
        TensorGroup.AttentionRouter or TensorGroup.FfnRouter => TensorOrigin.Initialised,
        _ when tensor.Experts > 0 || config.Architecture == Architecture.Dense => TensorOrigin.Copied,
        TensorGroup.Attention when config.Attention == AttentionMode.Seed => TensorOrigin.CopiedFromSeed,
        _ => TensorOrigin.Averaged,
    };

    /// <summary>Name in a dense model of an expert tensor: <c>blocks.0.ffn.experts.up</c> is a stack of <c>blocks.0.ffn.up.weight</c>.</summary>
    public static string DenseName(TensorSpec tensor) =>
        tensor.Experts > 0 ? tensor.Name.Replace(".experts.", ".", StringComparison.Ordinal) + ".weight" : tensor.Name;

    /// <summary>Gives the values of a tensor, in order.</summary>
    public void Write(TensorSpec tensor, Action<ReadOnlySpan<float>> write)
    {
        switch (Origin(config, tensor))
        {
            case TensorOrigin.Copied:
                for (var expert = 0; expert < sources.Experts.Count; expert++)
                    Copy(tensor, expert, sources.Experts[expert], write);
                break;
            case TensorOrigin.CopiedFromSeed:
                Copy(tensor, 0, sources.Attention!, write);
                break;
            case TensorOrigin.Averaged:
                Average(tensor, write);
                break;
            case TensorOrigin.Initialised:
                EachPart(tensor.Count, (first, values) => GaussianSource.Fill(values, seed, $"{spec.Name}/{tensor.Name}", spec.RouterStd, first), write);
                break;
        }
    }

    private void Copy(TensorSpec tensor, int expert, MixSource source, Action<ReadOnlySpan<float>> write)
    {
        var name = DenseName(tensor);
        var count = tensor.Count / Math.Max(1, tensor.Experts);
        void Read(long first, Span<float> values) => sources[source].Read(name, first, values);
        if (!PartialReset.Concerns(tensor, spec))
        {
            EachPart(count, Read, write);
            return;
        }

        var reset = new PartialReset(tensor, expert, spec, seed);
        EachPart(count, (first, values) =>
        {
            Read(first, values);
            reset.Measure(first, values);
        });
        EachPart(count, (first, values) =>
        {
            Read(first, values);
            reset.Apply(first, values);
        }, write);
    }

    // Summed in float64: the mean of N equal float32 numbers is then that number, for every N.
    private void Average(TensorSpec tensor, Action<ReadOnlySpan<float>> write)
    {
        var weights = sources.Experts.GroupBy(expert => sources[expert]).Select(same => (File: same.Key, Times: same.Count())).ToArray();
        EachPart(tensor.Count, (first, values) =>
        {
            var sums = _sums.Value.AsSpan(0, values.Length);
            sums.Clear();
            foreach (var (file, times) in weights)
            {
                file.Read(tensor.Name, first, values);
                for (var i = 0; i < values.Length; i++)
                    sums[i] += (double)times * values[i];
            }

            for (var i = 0; i < values.Length; i++)
                values[i] = (float)(sums[i] / sources.Experts.Count);
        }, write);
    }

    private void EachPart(long count, PartMaker make, Action<ReadOnlySpan<float>>? then = null)
    {
        for (var first = 0L; first < count; first += part)
        {
            cancellation.ThrowIfCancellationRequested();
            var values = _values.AsSpan(0, (int)Math.Min(part, count - first));
            make(first, values);
            then?.Invoke(values);
        }
    }

    private delegate void PartMaker(long first, Span<float> values);
}
