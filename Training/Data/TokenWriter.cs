using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace Bam.Training.Data;

/// <summary>Appends documents to a <c>.bin</c> file, each followed by the end of document.</summary>
internal sealed class TokenWriter(string path, ITokenizer tokenizer) : IDisposable
{
    private readonly FileStream _file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20);
    private readonly ArrayBufferWriter<int> _ids = new(64 * 1024);
    private ushort[] _narrow = new ushort[64 * 1024];
    private long _documents, _tokens, _textBytes;

    public long Documents => _documents;

    public static int TokenBytes(ITokenizer tokenizer) => tokenizer.VocabSize <= ushort.MaxValue + 1 ? sizeof(ushort) : sizeof(int);

    public void Add(ReadOnlySpan<char> text)
    {
        _ids.ResetWrittenCount();
        tokenizer.Encode(text, _ids);
        _ids.Write([tokenizer.EndOfDocument]);
        var ids = _ids.WrittenSpan;
        if (TokenBytes(tokenizer) == sizeof(int)) _file.Write(MemoryMarshal.AsBytes(ids));
        else WriteNarrow(ids);
        _documents++;
        _tokens += ids.Length;
        _textBytes += Encoding.UTF8.GetByteCount(text);
    }

    /// <summary>Makes the file durable.</summary>
    public SplitFacts Complete(long droppedDuplicates)
    {
        _file.Flush(flushToDisk: true);
        return new SplitFacts(_documents, _tokens, _textBytes, droppedDuplicates);
    }

    public void Dispose() => _file.Dispose();

    private void WriteNarrow(ReadOnlySpan<int> ids)
    {
        if (_narrow.Length < ids.Length) _narrow = new ushort[ids.Length];
        for (var i = 0; i < ids.Length; i++) _narrow[i] = (ushort)ids[i];
        _file.Write(MemoryMarshal.AsBytes(_narrow.AsSpan(0, ids.Length)));
    }
}
