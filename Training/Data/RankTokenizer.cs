using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace Bam.Training.Data;

/// <summary>Byte-pair encoding by ranks, split as cl100k_base splits. Knows no special tokens: their text is text.</summary>
internal sealed partial class RankTokenizer : ITokenizer
{
    private readonly byte[][] _ranks;
    private readonly TiktokenTokenizer _encoder;

    /// <param name="name">Name that opens it.</param>
    /// <param name="ranks">Bytes of each rank; all single bytes are among them.</param>
    /// <param name="endOfDocument">Id after every document, at least the number of ranks.</param>
    /// <param name="vocabSize">More than every id.</param>
    public RankTokenizer(string name, ReadOnlySpan<byte[]> ranks, int endOfDocument, int vocabSize)
    {
        Name = name;
        EndOfDocument = endOfDocument;
        VocabSize = vocabSize;
        _ranks = ranks.ToArray();
        using var file = new MemoryStream();
        WriteRanks(file);
        file.Position = 0;
        _encoder = TiktokenTokenizer.Create(file, new RegexPreTokenizer(WordPattern(), specialTokens: null), normalizer: null);
    }

    public string Name { get; }

    public int VocabSize { get; }

    public int EndOfDocument { get; }

    public bool HasRanks => true;

    public void Encode(ReadOnlySpan<char> text, IBufferWriter<int> into)
    {
        var ids = _encoder.EncodeToIds(text);
        var span = into.GetSpan(ids.Count);
        for (var i = 0; i < ids.Count; i++) span[i] = ids[i];
        into.Advance(ids.Count);
    }

    public string Decode(ReadOnlySpan<int> ids)
    {
        var bytes = new ArrayBufferWriter<byte>(4 * ids.Length + 1);
        foreach (var id in ids)
        {
            if ((uint)id < (uint)_ranks.Length) bytes.Write(_ranks[id]);
            else if (id != EndOfDocument) bytes.Write("\uFFFD"u8);
        }
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    public void WriteRanks(Stream into)
    {
        using var writer = new StreamWriter(into, Encoding.ASCII, leaveOpen: true);
        for (var rank = 0; rank < _ranks.Length; rank++) writer.Write($"{Convert.ToBase64String(_ranks[rank])} {rank}\n");
    }

    [GeneratedRegex(@"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")]
    private static partial Regex WordPattern();
}
