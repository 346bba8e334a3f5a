using System.Globalization;

namespace Bam.Training.Data;

/// <summary>The tokenizers by name.</summary>
public static class Tokenizers
{
    /// <summary>The valid names, in words.</summary>
    public const string Valid = "bytes, cl100k_base, or cl100k_base:N for its first N ranks (256 <= N <= 100256)";

    private const string Prefix = "cl100k_base:";

    /// <summary>Ids as tiktoken numbers them: 100257 ends a document, 100276 is the last special token.</summary>
    private const int Cl100kEndOfText = 100_257, Cl100kVocabSize = 100_277;

    /// <exception cref="DataException">No tokenizer has this name.</exception>
    public static ITokenizer Open(string name) => name switch
    {
        "bytes" => new ByteTokenizer(),
        "cl100k_base" => new RankTokenizer(name, Cl100kRanks.All, Cl100kEndOfText, Cl100kVocabSize),
        _ when TryParseRanks(name, out var ranks) => new RankTokenizer(name, Cl100kRanks.All[..ranks], ranks, ranks + 1),
        _ => throw new DataException($"tokenizer '{name}' is unknown; use {Valid}"),
    };

    /// <summary>Vocabulary of a tokenizer, without loading it.</summary>
    /// <exception cref="DataException">No tokenizer has this name.</exception>
    public static int VocabSize(string name) =>
        TryVocabSize(name, out var size) ? size : throw new DataException($"tokenizer '{name}' is unknown; use {Valid}");

    /// <summary>Vocabulary of a tokenizer, without loading it.</summary>
    /// <returns>False when no tokenizer has this name.</returns>
    public static bool TryVocabSize(string name, out int size)
    {
        size = name switch
        {
            "bytes" => ByteTokenizer.Vocab,
            "cl100k_base" => Cl100kVocabSize,
            _ when TryParseRanks(name, out var ranks) => ranks + 1,
            _ => 0,
        };
        return size > 0;
    }

    private static bool TryParseRanks(string name, out int ranks)
    {
        ranks = 0;
        return name.StartsWith(Prefix, StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out ranks)
            && ranks is >= 256 and <= Cl100kRanks.Count
            && name == Prefix + ranks.ToString(CultureInfo.InvariantCulture);
    }
}
