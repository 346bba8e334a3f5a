using Bam.Training.Data;
using Bam.Training.Model;
using static TorchSharp.torch;

namespace Bam.Training.Opening;

/// <summary>
/// Takes sample text through a mixture block by block, so that a block's routers and experts can be set from the inputs that they will
/// really see: those that the blocks before it, already set, produce.
/// </summary>
internal sealed class SampleWalk
{
    private readonly Transformer _model;
    private readonly (Tensor Ids, string Domain)[] _samples;                   // int64 [B, T] each

    /// <param name="model">Mixture; its weights may be changed on the way.</param>
    /// <param name="domains">Text to sample.</param>
    /// <param name="tokens">Tokens of each domain, about.</param>
    /// <param name="batch">Most windows in one pass.</param>
    public SampleWalk(Transformer model, IEnumerable<DomainData> domains, int tokens, int batch)
    {
        _model = model;
        _samples = [.. domains.SelectMany(domain => Sample(domain, tokens, batch))];
    }

    /// <summary>Calls <paramref name="visit"/> for each block with its normalised inputs [B·T, D] and their domains, before they go through it.</summary>
    public void Run(Action<int, IReadOnlyList<(Tensor Rows, string Domain)>> visit)
    {
        using var quiet = no_grad();
        using var scope = NewDisposeScope();
        var config = _model.Parameters.Config;
        var inputs = Array.ConvertAll(_samples, sample => _model.Embed(sample.Ids));
        for (var layer = 0; layer < config.Layers; layer++)
        {
            using var inner = NewDisposeScope();
            var normalised = Array.ConvertAll(inputs, x => _model.Normalise(layer, x));
            visit(layer, [.. normalised.Zip(_samples, (n, sample) => (n.view(-1, config.Width), sample.Domain))]);
            for (var i = 0; i < inputs.Length; i++)
            {
                using var old = inputs[i];
                inputs[i] = _model.Advance(layer, old, normalised[i], _model.Pass(_samples[i].Ids)).MoveToOuterDisposeScope();
            }
        }
    }

    private IEnumerable<(Tensor, string)> Sample(DomainData domain, int tokens, int batch)
    {
        var text = domain.Train;
        var time = (int)Math.Min(_model.Parameters.Config.Context, text.Count - 1);
        var windows = Math.Max(1, tokens / time);
        foreach (var chunk in Enumerable.Range(0, windows).Chunk(batch))
        {
            var ids = new long[chunk.Length * time];
            foreach (var (row, window) in chunk.Index())
                text.Read((text.Count - time) * window / windows, ids.AsSpan(row * time, time));
            yield return (tensor(ids, [chunk.Length, time]).to(_model.Parameters.Device), domain.Name);
        }
    }
}
