using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace Bam.Training.Checkpoints;

/// <summary>
/// A safetensors file. F32, F16, BF16 and F64 tensors are read as float32, whole or in parts. It is read, not mapped: pages of a map would
/// count as the process's own memory, and a file cut short while it is open would end the process.
/// </summary>
public sealed class SafeTensorsFile : IDisposable
{
    private const int MaxHeader = 100_000_000;                                 // the format's own limit
    private const int Piece = 1 << 20;                                         // bytes of another type that are converted at a time
    private const int MaxRead = 1 << 30;                                       // Linux reads less than 2 GiB in one call

    private static readonly JsonSerializerOptions HeaderJson = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        AllowDuplicateProperties = false,
    };

    private readonly Dictionary<string, Entry> _entries = [];
    private readonly SafeFileHandle _file;
    private readonly long _data;
    private readonly string _path;

    /// <exception cref="CheckpointException">The file is missing or not in the format.</exception>
    public SafeTensorsFile(string path)
    {
        _path = path;
        try
        {
            _file = File.OpenHandle(path, options: FileOptions.SequentialScan);
            var length = RandomAccess.GetLength(_file);
            if (length < sizeof(ulong))
                throw new InvalidDataException($"{length} bytes are no safetensors file");
            Span<byte> size = stackalloc byte[sizeof(ulong)];
            Fill(size, 0);
            var header = BinaryPrimitives.ReadUInt64LittleEndian(size);
            if (header > MaxHeader || (long)header + sizeof(ulong) > length)
                throw new InvalidDataException($"the header's length {header} is not that of a safetensors file");
            _data = sizeof(ulong) + (long)header;
            var json = new byte[header];
            Fill(json, sizeof(ulong));
            ReadHeader(json, length - _data);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidDataException)
        {
            Dispose();
            throw new CheckpointException($"{path}: {e.Message.Split('\n')[0]}", e);
        }
    }

    public IReadOnlyCollection<string> Names => _entries.Keys;

    /// <summary>Shape of a tensor; null when the file has none of this name.</summary>
    public IReadOnlyList<long>? Shape(string name) => _entries.GetValueOrDefault(name)?.Shape;

    /// <summary>Reads a tensor as float32, row-major.</summary>
    /// <exception cref="CheckpointException">There is no such tensor, it has another element count, or it cannot be read.</exception>
    public void Read(string name, Span<float> into)
    {
        var entry = Find(name);
        if (entry.Count != into.Length)
            throw new CheckpointException($"{_path}: tensor '{name}' has shape [{string.Join(", ", entry.Shape)}], not {into.Length} values");
        Read(name, 0, into);
    }

    /// <summary>Reads a part of a tensor: the values from number <paramref name="first"/> on, as many as there is room for.</summary>
    /// <exception cref="CheckpointException">There is no such tensor, it ends before that, or it cannot be read.</exception>
    public void Read(string name, long first, Span<float> into)
    {
        var entry = Find(name);
        if (first < 0 || into.Length > entry.Count - first)
            throw new CheckpointException($"{_path}: tensor '{name}' has {entry.Count} values, not {into.Length} from number {first} on");
        try
        {
            switch (entry.Type)
            {
                case "F32":
                    Fill(MemoryMarshal.AsBytes(into), _data + entry.Offset + first * sizeof(float));
                    break;
                case "F16":
                    Convert<Half>(entry, first, into, value => (float)value);
                    break;
                case "BF16":
                    Convert<ushort>(entry, first, into, value => BitConverter.UInt32BitsToSingle((uint)value << 16));
                    break;
                case "F64":
                    Convert<double>(entry, first, into, value => (float)value);
                    break;
                default:
                    throw new CheckpointException($"{_path}: tensor '{name}' has type {entry.Type}; F32, F16, BF16 or F64 is needed");
            }
        }
        catch (IOException e)
        {
            throw new CheckpointException($"{_path}: tensor '{name}': {e.Message.Split('\n')[0]}", e);
        }
    }

    public void Dispose() => _file?.Dispose();

    private Entry Find(string name) => _entries.GetValueOrDefault(name) ?? throw new CheckpointException($"{_path}: no tensor '{name}'");

    private void Convert<T>(Entry entry, long first, Span<float> into, Func<T, float> convert)
        where T : unmanaged
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Piece);
        try
        {
            var values = MemoryMarshal.Cast<byte, T>(buffer.AsSpan(0, Piece));
            while (!into.IsEmpty)
            {
                var part = values[..Math.Min(values.Length, into.Length)];
                Fill(MemoryMarshal.AsBytes(part), _data + entry.Offset + first * Unsafe.SizeOf<T>());
                for (var i = 0; i < part.Length; i++)
                    into[i] = convert(part[i]);
                into = into[part.Length..];
                first += part.Length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Fill(Span<byte> into, long offset)
    {
        while (!into.IsEmpty)
        {
            var read = RandomAccess.Read(_file, into[..Math.Min(into.Length, MaxRead)], offset);
            if (read == 0)
                throw new EndOfStreamException("the file ends too early: it was cut short while it was open");
            into = into[read..];
            offset += read;
        }
    }

    private void ReadHeader(ReadOnlySpan<byte> json, long dataLength)
    {
        var header = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(json, HeaderJson)
            ?? throw new JsonException("the header is null");
        foreach (var (name, value) in header.Where(tensor => tensor.Key != "__metadata__"))
        {
            var tensor = value.Deserialize<HeaderEntry>(HeaderJson) ?? throw new JsonException($"tensor '{name}' is null");
            var (begin, end) = tensor.DataOffsets is [var first, var last]
                ? (first, last)
                : throw new JsonException($"tensor '{name}' needs two data_offsets");
            long size = tensor.Dtype switch
            {
                "F64" or "I64" or "U64" => 8,
                "F32" or "I32" or "U32" => 4,
                "F16" or "BF16" or "I16" or "U16" => 2,
                _ => 1,
            };
            var room = (end - begin) / size;
            if (begin < 0 || end < begin || end > dataLength || (end - begin) % size != 0 || Count(tensor.Shape, room) != room)
                throw new InvalidDataException($"tensor '{name}' lies outside the file: it is truncated or damaged");
            _entries.Add(name, new Entry(tensor.Dtype, tensor.Shape, begin, room));
        }
    }

    /// <summary>Elements of a shape, or -1 when they are more than there is room for; no product overflows.</summary>
    private static long Count(long[] shape, long room)
    {
        if (shape.Any(size => size < 0))
            return -1;
        if (shape.Contains(0))
            return 0;
        var count = 1L;
        foreach (var size in shape)
        {
            if (size > room / count)
                return -1;
            count *= size;
        }

        return count;
    }

    private sealed record Entry(string Type, long[] Shape, long Offset, long Count);

    private sealed record HeaderEntry
    {
        public required string Dtype { get; init; }

        public required long[] Shape { get; init; }

        public required long[] DataOffsets { get; init; }
    }
}
