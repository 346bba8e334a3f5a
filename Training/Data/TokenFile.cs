using System.IO.MemoryMappedFiles;

namespace Bam.Training.Data;

/// <summary>
/// The tokens of one split, memory-mapped: little-endian, two bytes each when the vocabulary fits, else four. Reading is safe from
/// several threads, and after <see cref="Dispose"/> an <see cref="ObjectDisposedException"/>.
/// </summary>
public sealed unsafe class TokenFile : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly int _tokenBytes;
    private readonly SplitFacts _facts;

    /// <param name="path">Absolute path of the <c>.bin</c> file.</param>
    /// <param name="tokenBytes">Width of a token: 2 or 4.</param>
    /// <param name="facts">What the manifest says of it; at least one token.</param>
    internal TokenFile(string path, int tokenBytes, SplitFacts facts)
    {
        Path = path;
        _tokenBytes = tokenBytes;
        _facts = facts;
        var length = facts.Tokens * tokenBytes;
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, mapName: null, capacity: 0, MemoryMappedFileAccess.Read);
        try
        {
            _view = _file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Absolute path.</summary>
    public string Path { get; }

    /// <summary>Tokens, ends of documents included.</summary>
    public long Count => _facts.Tokens;

    public long Documents => _facts.Documents;

    /// <summary>UTF-8 bytes of the text, without the ends of documents.</summary>
    public long TextBytes => _facts.TextBytes;

    /// <summary>Mean UTF-8 bytes a token: bits per byte = nll / ln 2 / BytesPerToken.</summary>
    public double BytesPerToken => (double)TextBytes / Count;

    /// <summary>Copies tokens [start, start + into.Length).</summary>
    /// <exception cref="ArgumentOutOfRangeException">They are not all in the file.</exception>
    public void Read(long start, Span<long> into)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, Count - into.Length);
        var view = _view.SafeMemoryMappedViewHandle;
        byte* origin = null;
        view.AcquirePointer(ref origin);   // holds the mapping while it is read, whoever disposes
        try
        {
            origin += _view.PointerOffset;
            if (_tokenBytes == sizeof(ushort)) Widen((ushort*)origin + start, into);
            else Widen((int*)origin + start, into);
        }
        finally
        {
            view.ReleasePointer();
        }
    }

    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }

    private static void Widen(ushort* from, Span<long> into)
    {
        for (var i = 0; i < into.Length; i++) into[i] = from[i];
    }

    private static void Widen(int* from, Span<long> into)
    {
        for (var i = 0; i < into.Length; i++) into[i] = from[i];
    }
}
