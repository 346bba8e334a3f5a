using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Text.Json;

namespace Bam.Training.Checkpoints;

/// <summary>A safetensors file, memory-mapped. F32, F16, BF16 and F64 tensors are read as float32.</summary>
public sealed unsafe class SafeTensorsFile : IDisposable
{
    private const int MaxHeader = 100_000_000;                                 // the format's own limit

    private static readonly JsonSerializerOptions HeaderJson = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        AllowDuplicateProperties = false,
    };

    private readonly Dictionary<string, Entry> _entries = [];
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _data;
    private readonly string _path;

    /// <exception cref="CheckpointException">The file is missing or not in the format.</exception>
    public SafeTensorsFile(string path)
    {
        _path = path;
        try
        {
            var length = new FileInfo(path).Length;
            if (length < sizeof(ulong))
                throw new CheckpointException($"{path}: {length} bytes are no safetensors file");
            _map = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            _view = _map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            byte* start = null;
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            _data = start;                                                     // from here on there is a pointer to release
            var header = BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(start, sizeof(ulong)));
            if (header > MaxHeader || (long)header + sizeof(ulong) > length)
                throw new InvalidDataException($"the header's length {header} is not that of a safetensors file");
            ReadHeader(new ReadOnlySpan<byte>(start + sizeof(ulong), (int)header), length - sizeof(ulong) - (long)header);
            _data = start + sizeof(ulong) + header;
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
    /// <exception cref="CheckpointException">There is no such tensor, or it has another element count.</exception>
    public void Read(string name, Span<float> into)
    {
        var entry = _entries.GetValueOrDefault(name) ?? throw new CheckpointException($"{_path}: no tensor '{name}'");
        if (entry.Count != into.Length)
            throw new CheckpointException($"{_path}: tensor '{name}' has shape [{string.Join(", ", entry.Shape)}], not {into.Length} values");
        switch (entry.Type)
        {
            case "F32":
                new ReadOnlySpan<float>(_data + entry.Offset, into.Length).CopyTo(into);
                break;
            case "F16":
                Convert<Half>(entry, into, value => (float)value);
                break;
            case "BF16":
                Convert<ushort>(entry, into, value => BitConverter.UInt32BitsToSingle((uint)value << 16));
                break;
            case "F64":
                Convert<double>(entry, into, value => (float)value);
                break;
            default:
                throw new CheckpointException($"{_path}: tensor '{name}' has type {entry.Type}; F32, F16, BF16 or F64 is needed");
        }
    }

    public void Dispose()
    {
        if (_data is not null)
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view?.Dispose();
        _map?.Dispose();
    }

    private void Convert<T>(Entry entry, Span<float> into, Func<T, float> convert)
        where T : unmanaged
    {
        var values = new ReadOnlySpan<T>(_data + entry.Offset, into.Length);
        for (var i = 0; i < into.Length; i++)
            into[i] = convert(values[i]);
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
