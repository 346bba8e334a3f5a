using Bam.Training.Data;

namespace Bam.Training.Generation;

/// <summary>A prompt's tokens, and those that follow it so far.</summary>
/// <param name="prompt">As it was given.</param>
/// <param name="start">Ids that the model reads first, at least one.</param>
/// <param name="options">When to stop, and how to choose.</param>
/// <param name="context">Most tokens of start and continuation together.</param>
/// <param name="tokenizer">The model's.</param>
internal sealed class Continuation(string prompt, int[] start, GenerationOptions options, int context, ITokenizer tokenizer)
{
    private readonly TokenSampler _sampler = new(options, prompt);
    private readonly List<int> _tokens = [];
    private TextEnd? _end;

    public int[] Start => start;

    /// <summary>Most tokens that may follow.</summary>
    public int Limit => Math.Min(options.Tokens, context - start.Length);

    public bool HasEnded => _end is not null;

    /// <summary>The token to read next; anything once it has ended.</summary>
    public int Last => _tokens.Count > 0 ? _tokens[^1] : start[^1];

    /// <summary>Goes on by one token; does nothing once it has ended.</summary>
    public void Extend(ReadOnlySpan<float> logits)
    {
        if (HasEnded)
            return;
        var next = _sampler.Choose(logits, _tokens.Count);
        if (next == tokenizer.EndOfDocument)
        {
            _end = TextEnd.EndOfDocument;
            return;
        }

        _tokens.Add(next);
        if (_tokens.Count == Limit)
            _end = _tokens.Count == options.Tokens ? TextEnd.Length : TextEnd.Context;
    }

    public GeneratedText Text() => new(prompt, tokenizer.Decode([.. _tokens]), _tokens.Count, _end!.Value);
}
