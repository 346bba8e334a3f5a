using System.IO.Compression;
using System.Reflection;

namespace Bam.Training.Data;

/// <summary>
/// The ranks of cl100k_base, from the data assembly that Microsoft.ML.Tokenizers embeds them in: "Capacity: n", then one base64 token
/// a line in the order of the ranks.
/// </summary>
internal static class Cl100kRanks
{
    /// <summary>Number of ranks: the special tokens come after them.</summary>
    public const int Count = 100_256;

    private const string DataAssembly = "Microsoft.ML.Tokenizers.Data.Cl100kBase", Resource = "cl100k_base.tiktoken.deflate";

    private static readonly Lazy<byte[][]> Ranks = new(Load);

    /// <summary>Bytes of every token; the index is the rank. The single bytes are first: a prefix of 256 or more is a BPE.</summary>
    public static ReadOnlySpan<byte[]> All => Ranks.Value;

    private static byte[][] Load()
    {
        var assembly = Assembly.Load(DataAssembly);
        var resource = assembly.GetManifestResourceNames().Single(n => n.EndsWith(Resource, StringComparison.Ordinal));
        using var reader = new StreamReader(new DeflateStream(assembly.GetManifestResourceStream(resource)!, CompressionMode.Decompress));
        var ranks = new List<byte[]>(Count);
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0 || line.StartsWith("Capacity:", StringComparison.Ordinal)) continue;
            ranks.Add(Convert.FromBase64String(line.Split(' ')[0]));
        }
        return ranks.Count == Count
            ? [.. ranks]
            : throw new InvalidDataException($"{DataAssembly} holds {ranks.Count} ranks, not {Count}: another version of the package?");
    }
}
