namespace Bam.Training.Data;

/// <summary>The lines of a UTF-8 stream as bytes, without a byte order mark and line ends; one growing buffer, no strings.</summary>
/// <param name="stream">Read to its end.</param>
/// <param name="path">Names the stream in messages.</param>
/// <param name="maxBytes">Longest line that is accepted.</param>
internal sealed class LineReader(Stream stream, string path, int maxBytes)
{
    private byte[] _buffer = new byte[128 * 1024];
    private int _start, _end;
    private bool _ended;

    /// <summary>Number of the line that was read last, from 1.</summary>
    public long Line { get; private set; }

    /// <param name="line">Valid until the next call.</param>
    /// <returns>False at the end.</returns>
    /// <exception cref="DataException">The line is longer than the limit.</exception>
    public bool TryRead(out ReadOnlySpan<byte> line)
    {
        var searched = 0;
        while (true)
        {
            var newline = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                line = Take(searched + newline);
                _start++;
                return true;
            }
            searched = _end - _start;
            if (_ended)
            {
                line = searched > 0 ? Take(searched) : default;
                return searched > 0;
            }
            Fill();
        }
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        var line = _buffer.AsSpan(_start, length);
        _start += length;
        if (++Line == 1 && line.StartsWith("\uFEFF"u8)) line = line[3..];
        return line.EndsWith("\r"u8) ? line[..^1] : line;
    }

    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
        if (_end == _buffer.Length)
        {
            if (_end >= maxBytes) throw new DataException($"{path}:{Line + 1}: over {maxBytes >> 20} MiB in one line; cut the document up");
            Array.Resize(ref _buffer, 2 * _buffer.Length);
        }
        var count = stream.Read(_buffer.AsSpan(_end));
        _ended = count == 0;
        _end += count;
    }
}
