using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Bam.Training.Checkpoints;

/// <summary>Writes float32 tensors, whole or part by part, in the safetensors format (github.com/huggingface/safetensors).</summary>
internal static class SafeTensorsWriter
{
    private const int Chunk = 1 << 24, Alignment = 8;

    /// <param name="path">File to make; it must not exist.</param>
    /// <param name="tensors">Names and shapes, in the order of the data.</param>
    /// <param name="values">Values of a tensor, row-major; asked for once each, in order.</param>
    public static FileEntry Write(string path, IReadOnlyList<(string Name, IReadOnlyList<long> Shape)> tensors, TensorValues values) =>
        Write(path, tensors, (i, write) => write(values(i)));

    /// <param name="path">File to make; it must not exist.</param>
    /// <param name="tensors">Names and shapes, in the order of the data.</param>
    /// <param name="parts">Gives the values of a tensor, row-major, part by part; asked for once each, in order.</param>
    public static FileEntry Write(string path, IReadOnlyList<(string Name, IReadOnlyList<long> Shape)> tensors, TensorParts parts) =>
        DurableFile.Write(path, write =>
        {
            var header = Header(tensors);
            Span<byte> length = stackalloc byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
            write(length);
            write(header);
            for (var i = 0; i < tensors.Count; i++)
            {
                var (count, given) = (Count(tensors[i].Shape), 0L);
                parts(i, part =>
                {
                    given += part.Length;
                    for (; !part.IsEmpty; part = part[Math.Min(Chunk, part.Length)..])
                        write(MemoryMarshal.AsBytes(part[..Math.Min(Chunk, part.Length)]));
                });
                if (given != count)
                    throw new InvalidOperationException($"tensor '{tensors[i].Name}' was given {given} of {count} values");
            }
        });

    private static long Count(IReadOnlyList<long> shape) => shape.Aggregate(1L, (product, size) => product * size);

    private static byte[] Header(IReadOnlyList<(string Name, IReadOnlyList<long> Shape)> tensors)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            json.WriteString("format", "pt");
            json.WriteEndObject();
            var offset = 0L;
            foreach (var (name, shape) in tensors)
            {
                var end = offset + Count(shape) * sizeof(float);
                json.WriteStartObject(name);
                json.WriteString("dtype", "F32");
                json.WriteStartArray("shape");
                foreach (var size in shape)
                    json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(end);
                json.WriteEndArray();
                json.WriteEndObject();
                offset = end;
            }

            json.WriteEndObject();
        }

        while (buffer.Length % Alignment != 0)
            buffer.WriteByte((byte)' ');
        return buffer.ToArray();
    }
}
