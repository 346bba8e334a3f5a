using System.Buffers;
using Bam.Training.Checkpoints;
using Bam.Training.Data;
using Bam.Training.Model;
using static TorchSharp.torch;

namespace Bam.Training.Generation;

/// <summary>
/// Continues prompts with a model: reads each once, then a token at a time with a <see cref="KvCache"/>. Prompts of different lengths stand
/// side by side, padded on the left; each ends where it would end alone.
/// </summary>
public sealed class TextGenerator
{
    private const int Rows = 8;                                                // prompts side by side

    private readonly Transformer _model;
    private readonly ITokenizer _tokenizer;
    private readonly int _context;

    /// <exception cref="CheckpointException">The model's vocabulary is not that of its tokenizer.</exception>
    public TextGenerator(Transformer model)
    {
        var config = model.Parameters.Config;
        (_model, _tokenizer, _context) = (model, Tokenizers.Open(config.Tokenizer), config.Context);
        if (_tokenizer.VocabSize > config.Vocab)
        {
            throw new CheckpointException($"the model has {config.Vocab} tokens and its tokenizer {config.Tokenizer} has {_tokenizer.VocabSize}; " +
                "vocab and tokenizer of its config.json do not belong together");
        }
    }

    /// <summary>Continues each prompt, in their order. An empty one begins a document. Seed and prompt decide, not the company.</summary>
    /// <exception cref="DataException">A prompt does not fit into the model's context.</exception>
    /// <exception cref="CheckpointException">The model gives logits that are no numbers.</exception>
    public IReadOnlyList<GeneratedText> Generate(IReadOnlyList<string> prompts, GenerationOptions options, CancellationToken cancellation = default)
    {
        using var quiet = no_grad();
        var texts = prompts.Select((prompt, i) => new Continuation(prompt, Start(prompt, i + 1), options, _context, _tokenizer)).ToList();
        foreach (var rows in texts.Chunk(Rows))
            Continue(rows, cancellation);
        return [.. texts.Select(text => text.Text())];
    }

    private int[] Start(string prompt, int number)
    {
        var ids = new ArrayBufferWriter<int>(Math.Max(1, prompt.Length));
        _tokenizer.Encode(prompt, ids);
        if (ids.WrittenCount >= _context)
        {
            throw new DataException($"prompt {number} has {ids.WrittenCount} tokens; the model's context of {_context} leaves room " +
                $"for at most {_context - 1}: shorten it");
        }

        return ids.WrittenCount > 0 ? ids.WrittenSpan.ToArray() : [_tokenizer.EndOfDocument];
    }

    private void Continue(Continuation[] rows, CancellationToken cancellation)
    {
        var longest = rows.Max(row => row.Start.Length);
        long[] padding = [.. rows.Select(row => (long)(longest - row.Start.Length))];
        using var cache = new KvCache(_model.Parameters, rows.Length, longest + rows.Max(row => row.Limit) - 1, (int)padding.Max());
        var ids = rows.SelectMany((row, i) => Enumerable.Repeat(row.Start[0], (int)padding[i]).Concat(row.Start)).ToArray();
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            var logits = Read(ids, rows.Length, cache, padding);               // [B, V]
            foreach (var (i, row) in rows.Index())
            {
                row.Extend(logits.AsSpan(i * _model.Parameters.Config.Vocab, _tokenizer.VocabSize));
                if (row.HasEnded)
                    padding[i] = cache.Capacity;                               // from here on the row is padding: no position beyond the context
            }

            if (rows.All(row => row.HasEnded))
                return;
            ids = [.. rows.Select(row => row.Last)];
        }
    }

    /// <summary>Logits after the last of the ids, [B, T] row-major.</summary>
    private float[] Read(int[] ids, int batch, KvCache cache, long[] padding)
    {
        using var scope = NewDisposeScope();
        var time = ids.Length / batch;
        var input = tensor(Array.ConvertAll(ids, id => (long)id), [batch, time]).to(_model.Parameters.Device);
        var logits = _model.Forward(input, cache, padding.Any(count => count > 0) ? padding : null);
        var last = logits.narrow(1, time - 1, 1).to(float32).cpu().contiguous().data<float>().ToArray();
        return last.All(float.IsFinite)
            ? last
            : throw new CheckpointException("the model's logits are no numbers: its weights are damaged or its training diverged; use another checkpoint");
    }
}
