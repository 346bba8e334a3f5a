namespace Bam.Training.Generation;

/// <summary>A prompt and how a model went on.</summary>
/// <param name="Prompt">As it was given.</param>
/// <param name="Text">The continuation; bytes that are not UTF-8 are U+FFFD.</param>
/// <param name="Tokens">Tokens of the continuation.</param>
/// <param name="Stopped">Why there are no more.</param>
public sealed record GeneratedText(string Prompt, string Text, int Tokens, TextEnd Stopped);
