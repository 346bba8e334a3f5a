using System.Buffers;

namespace Bam.Training.Data;

/// <summary>Text to token ids and back. Safe to use from several threads.</summary>
public interface ITokenizer
{
    /// <summary>What <see cref="Tokenizers.Open"/> calls it.</summary>
    string Name { get; }

    /// <summary>Ids are in [0, VocabSize); the end of document is one of them.</summary>
    int VocabSize { get; }

    /// <summary>The id that follows every document. No text encodes to it.</summary>
    int EndOfDocument { get; }

    /// <summary>Whether it has ranks to export: false for <c>bytes</c>.</summary>
    bool HasRanks { get; }

    /// <summary>Appends the ids of a text. The text of a special token is ordinary text.</summary>
    void Encode(ReadOnlySpan<char> text, IBufferWriter<int> into);

    /// <summary>
    /// The text of ids. The end of document has none; an id outside the vocabulary (a model's vocabulary may be padded) and bytes
    /// that are not UTF-8 give U+FFFD.
    /// </summary>
    string Decode(ReadOnlySpan<int> ids);

    /// <summary>Writes a standard <c>.tiktoken</c> file: a line per rank, the token in base64, a space, the rank.</summary>
    /// <exception cref="InvalidOperationException">It has no ranks.</exception>
    void WriteRanks(Stream into);
}
