using System.Text;

namespace Bam.Client.Clusters;

/// <summary>A log file that keeps its last 20 to 40 MB: the older half lies beside it as <c>.1</c>. Safe for several threads.</summary>
internal sealed class RotatingLog(string file, long limitBytes = 20_000_000) : IDisposable
{
    private readonly Lock _gate = new();
    private FileStream _stream = Open(file);

    /// <summary>Appends a line. A full disk loses lines, never the silo that writes them.</summary>
    public void WriteLine(string line)
    {
        lock (_gate)
        {
            try
            {
                if (_stream.Length > limitBytes) Rotate();
                _stream.Write(Encoding.UTF8.GetBytes(line + '\n'));
                _stream.Flush();
            }
            catch (IOException)
            {
                // As said above.
            }
        }
    }

    /// <summary>The last lines of a log; none when there is no log.</summary>
    public static IReadOnlyList<string> Tail(string file, int lines)
    {
        if (!File.Exists(file)) return [];
        const int Window = 16_384;
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        stream.Seek(-Math.Min(Window, stream.Length), SeekOrigin.End);
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(lines)];
    }

    public void Dispose() => _stream.Dispose();

    private void Rotate()
    {
        _stream.Dispose();
        File.Move(file, file + ".1", overwrite: true);
        _stream = Open(file);
    }

    private static FileStream Open(string file) => new(file, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
}
