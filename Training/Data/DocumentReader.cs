using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace Bam.Training.Data;

/// <summary>
/// Streams the documents of one file: a JSON object with a string "text" on each line of <c>.jsonl</c>, or the whole of a <c>.txt</c>;
/// both may be gzipped. Every failure is a <see cref="DataException"/> that names the file, and the line where there is one.
/// </summary>
internal sealed class DocumentReader : IDisposable
{
    /// <summary>A document lies in memory whole; this bounds it.</summary>
    public const int MaxDocumentBytes = 256 << 20;

    /// <summary>The endings that can be read, in words.</summary>
    public const string Endings = ".jsonl, .jsonl.gz, .txt, .txt.gz";

    private const int BufferBytes = 128 * 1024;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string _path;
    private readonly HashingStream _file;
    private readonly Stream _content;
    private readonly LineReader? _lines;
    private bool _ended;

    public DocumentReader(string path)
    {
        if (!Supports(path)) throw new DataException($"{path}: the ending is not supported; use one of {Endings}");
        _path = path;
        try
        {
            _file = new HashingStream(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferBytes));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(e);
        }
        _content = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(_file, CompressionMode.Decompress) : _file;
        if (!IsText(path)) _lines = new LineReader(_content, path, MaxDocumentBytes);
    }

    public static bool Supports(string path) => IsText(path) || HasEnding(path, ".jsonl");

    /// <summary>Whether a file has a document that is not empty; reads no further than that.</summary>
    /// <exception cref="DataException">It cannot be read that far.</exception>
    public static bool HasText(string path)
    {
        using var reader = new DocumentReader(path);
        if (reader._lines is null)
            return reader.Guarded(() => reader._content.ReadByte() >= 0);
        while (reader.Next() is { } document)
        {
            if (document.Length > 0) return true;
        }
        return false;
    }

    /// <returns>The next document, or null at the end of the file.</returns>
    public string? Next()
    {
        if (_ended) return null;
        return Guarded(() =>
        {
            var text = _lines is null ? ReadAll() : ReadLine();
            _ended = text is null || _lines is null;
            return text;
        });
    }

    /// <summary>What was read; call it after the last document.</summary>
    public SourceFile Fingerprint()
    {
        var sha256 = _file.Complete();
        return new SourceFile(_path, _file.BytesRead, sha256);
    }

    public void Dispose()
    {
        _content.Dispose();
        _file.Dispose();
    }

    /// <summary>Turns what goes wrong in reading into one line that names the file.</summary>
    private T Guarded<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (DecoderFallbackException e)
        {
            throw new DataException($"{_path}: the text is not UTF-8; convert it (iconv -t utf-8)", e);
        }
        catch (InvalidDataException e)
        {
            throw new DataException($"{_path}: the gzip is damaged ({e.Message.TrimEnd('.')}); replace the file", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(e);
        }
    }

    private static bool IsText(string path) => HasEnding(path, ".txt");

    private static bool HasEnding(string path, string ending) =>
        path.EndsWith(ending, StringComparison.OrdinalIgnoreCase) || path.EndsWith(ending + ".gz", StringComparison.OrdinalIgnoreCase);

    private string ReadAll()
    {
        using var reader = new StreamReader(_content, StrictUtf8, detectEncodingFromByteOrderMarks: true, BufferBytes, leaveOpen: true);
        var text = new StringBuilder();
        var buffer = new char[64 * 1024];
        for (int count; (count = reader.Read(buffer)) > 0;)
        {
            text.Append(buffer, 0, count);
            if (text.Length > MaxDocumentBytes)
                throw new DataException($"{_path}: over {MaxDocumentBytes >> 20} MiB in one document; cut it up, one a line of a .jsonl");
        }
        return text.ToString();
    }

    private string? ReadLine()
    {
        while (_lines!.TryRead(out var line))
        {
            if (line.Trim(" \t"u8).Length > 0) return ParseText(line);
        }
        return null;
    }

    private string ParseText(ReadOnlySpan<byte> line)
    {
        string? text = null;
        try
        {
            var json = new Utf8JsonReader(line);
            json.Read();
            if (json.TokenType != JsonTokenType.StartObject) throw BadLine("not a JSON object");
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var isText = json.ValueTextEquals("text"u8);
                json.Read();
                if (!isText) json.Skip();
                else if (json.TokenType == JsonTokenType.String) text = json.GetString();
                else throw BadLine("\"text\" is not a string");
            }
            json.Read();   // anything after the object is an error
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            var position = e is JsonException { BytePositionInLine: { } at } ? $" at byte {at + 1}" : "";
            throw BadLine($"not valid JSON in UTF-8{position}", e);
        }
        return text ?? throw BadLine("no \"text\" in the object");
    }

    private DataException BadLine(string what, Exception? inner = null)
    {
        var message = $"{_path}:{_lines!.Line}: {what}; every line must be a JSON object with a string \"text\"";
        return inner is null ? new DataException(message) : new DataException(message, inner);
    }

    private DataException Unreadable(Exception e) => new($"{_path}: cannot be read: {e.Message.ReplaceLineEndings(" ")}", e);
}
