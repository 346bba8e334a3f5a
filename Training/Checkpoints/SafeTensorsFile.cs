using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Bam.Training.Checkpoints;

/// <summary>A safetensors file, memory-mapped. F32, F16, BF16 and F64 tensors are read as float32.</summary>
public sealed unsafe class SafeTensorsFile : IDisposable
{
    private const int MaxHeader = 100_000_000;                                 // the format's own limit

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
            var header = BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(start, sizeof(ulong)));
            if (header > MaxHeader || (long)header + sizeof(ulong) > length)
                throw new CheckpointException($"{path}: the header's length {header} is not that of a safetensors file");
            ReadHeader(new ReadOnlySpan<byte>(start + sizeof(ulong), (int)header), length - sizeof(ulong) - (long)header);
            _data = start + sizeof(ulong) + header;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or KeyNotFoundException)
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
        var bytes = new ReadOnlySpan<byte>(_data + entry.Offset, checked((int)Math.Min(int.MaxValue, entry.Bytes)));
        switch (entry.Type)
        {
            case "F32":
                new ReadOnlySpan<float>(_data + entry.Offset, into.Length).CopyTo(into);
                break;
            case "F16":
                Convert<Half>(bytes, into, value => (float)value);
                break;
            case "BF16":
                Convert<ushort>(bytes, into, value => BitConverter.UInt32BitsToSingle((uint)value << 16));
                break;
            case "F64":
                Convert<double>(bytes, into, value => (float)value);
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

    private static void Convert<T>(ReadOnlySpan<byte> bytes, Span<float> into, Func<T, float> convert)
        where T : unmanaged
    {
        var values = MemoryMarshal.Cast<byte, T>(bytes);
        for (var i = 0; i < into.Length; i++)
            into[i] = convert(values[i]);
    }

    private void ReadHeader(ReadOnlySpan<byte> json, long dataLength)
    {
        var reader = new Utf8JsonReader(json);
        using var document = JsonDocument.ParseValue(ref reader);
        foreach (var tensor in document.RootElement.EnumerateObject().Where(tensor => tensor.Name != "__metadata__"))
        {
            var shape = tensor.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64()).ToArray();
            var offsets = tensor.Value.GetProperty("data_offsets");
            long begin = offsets[0].GetInt64(), end = offsets[1].GetInt64();
            var type = tensor.Value.GetProperty("dtype").GetString()!;
            var entry = new Entry(type, shape, begin, end - begin);
            var size = type switch { "F64" or "I64" => 8, "F32" or "I32" => 4, "F16" or "BF16" or "I16" => 2, _ => 1 };
            if (begin < 0 || end > dataLength || entry.Count * size != entry.Bytes)
                throw new InvalidOperationException($"tensor '{tensor.Name}' lies outside the file: it is truncated or damaged");
            _entries.Add(tensor.Name, entry);
        }
    }

    private sealed record Entry(string Type, long[] Shape, long Offset, long Bytes)
    {
        public long Count { get; } = Shape.Aggregate(1L, (product, size) => product * size);
    }
}
