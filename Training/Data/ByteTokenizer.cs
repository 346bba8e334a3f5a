using System.Buffers;
using System.Text;

namespace Bam.Training.Data;

/// <summary>UTF-8 bytes 0..255 and 256, the end of document.</summary>
internal sealed class ByteTokenizer : ITokenizer
{
    public const int Vocab = 257;

    private const int Chunk = 16 * 1024;

    public string Name => "bytes";

    public int VocabSize => Vocab;

    public int EndOfDocument => 256;

    public bool HasRanks => false;

    public void Encode(ReadOnlySpan<char> text, IBufferWriter<int> into)
    {
        Span<byte> bytes = stackalloc byte[3 * Chunk];
        while (!text.IsEmpty)
        {
            var length = Math.Min(Chunk, text.Length);
            if (length < text.Length && char.IsHighSurrogate(text[length - 1])) length--;
            var count = Encoding.UTF8.GetBytes(text[..length], bytes);
            var ids = into.GetSpan(count);
            for (var i = 0; i < count; i++) ids[i] = bytes[i];
            into.Advance(count);
            text = text[length..];
        }
    }

    public string Decode(ReadOnlySpan<int> ids)
    {
        var bytes = new ArrayBufferWriter<byte>(ids.Length + 1);
        foreach (var id in ids)
        {
            if (id is >= 0 and < 256) bytes.Write([(byte)id]);
            else if (id != EndOfDocument) bytes.Write("\uFFFD"u8);
        }
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    public void WriteRanks(Stream into) => throw new InvalidOperationException("the bytes tokenizer has no ranks");
}
