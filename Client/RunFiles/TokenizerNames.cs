using System.Globalization;

namespace Bam.Client.RunFiles;

/// <summary>The tokenizers that a run file can name, and the sizes of their vocabularies.</summary>
internal static class TokenizerNames
{
    /// <summary>Ranks of cl100k_base without its special tokens.</summary>
    private const int Cl100kRanks = 100_256;

    /// <summary>Ids of cl100k_base as tiktoken numbers them: 100257 ends a document, 100276 is the last special token.</summary>
    private const int Cl100kVocab = 100_277;

    public static readonly IReadOnlyList<string> Valid = ["bytes", "cl100k_base", "cl100k_base:N with N from 256 to 100256"];

    /// <summary>Tokens with the end of document: 257 for <c>bytes</c>, N + 1 for <c>cl100k_base:N</c>.</summary>
    /// <returns>False when no tokenizer has this name.</returns>
    public static bool TryVocab(string name, out int vocab)
    {
        vocab = name switch
        {
            "bytes" => 257,
            "cl100k_base" => Cl100kVocab,
            _ when name.StartsWith("cl100k_base:", StringComparison.Ordinal) && Ranks(name["cl100k_base:".Length..]) is { } ranks =>
                ranks + 1,
            _ => 0,
        };
        return vocab > 0;
    }

    /// <summary>Tokens of a tokenizer that was validated before.</summary>
    public static int Vocab(string name) =>
        TryVocab(name, out var vocab) ? vocab : throw new ArgumentException($"no tokenizer '{name}'", nameof(name));

    /// <summary>All 256 bytes must be among the ranks, or some text has no tokens.</summary>
    private static int? Ranks(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var ranks)
        && ranks is >= 256 and <= Cl100kRanks
        && text == ranks.ToString(CultureInfo.InvariantCulture) ? ranks : null;
}
