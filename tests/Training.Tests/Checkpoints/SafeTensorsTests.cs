using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Bam.Training.Checkpoints;

namespace Bam.Training.Tests.Checkpoints;

public sealed class SafeTensorsTests : IDisposable
{
    private static readonly (string Name, IReadOnlyList<long> Shape)[] Odd =
    [
        ("scalar", []), ("one", [1]), ("nothing", [0, 4]), ("seven", [7]), ("ones", [1, 1, 1, 1]),
        ("matrix", [3, 5]), ("déjà \"vu\"\n", [2, 3, 4]),
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Tensors_of_odd_shapes_come_back_as_they_were()
    {
        using var file = new SafeTensorsFile(WriteOdd());

        Assert.Equal(Odd.Select(tensor => tensor.Name), file.Names);
        for (var i = 0; i < Odd.Length; i++)
        {
            var values = new float[Values(i).Length];
            file.Read(Odd[i].Name, values);
            Assert.Equal(Odd[i].Shape, file.Shape(Odd[i].Name));
            Assert.Equal(Values(i), values);
        }
    }

    [Fact]
    public void The_entry_is_that_of_the_file_on_the_disk()
    {
        var path = _folder.At("entry");
        var entry = SafeTensorsWriter.Write(path, [("w", [2])], _ => new float[] { 1, 2 });

        Assert.Equal(DurableFile.Describe(path), entry);
        Assert.Equal(new FileInfo(path).Length, entry.Size);
    }

    [Fact]
    public void Python_reads_the_same_tensors()
    {
        const string reader = """
            import json, struct, sys
            data = open(sys.argv[1], 'rb').read()
            length, = struct.unpack('<Q', data[:8])
            assert length % 8 == 0
            header = json.loads(data[8:8 + length])
            assert header.pop('__metadata__') == {'format': 'pt'}
            body, end, out = data[8 + length:], 0, []
            for name, t in header.items():
                begin, end_ = t['data_offsets']
                assert begin == end and t['dtype'] == 'F32'
                end = end_
                out.append([name, t['shape'], list(struct.unpack('<%df' % ((end - begin) // 4), body[begin:end]))])
            assert end == len(body)
            print(json.dumps(out))
            """;
        if (Python(reader, WriteOdd()) is not { } printed)
        {
            Assert.Skip("no python3 on this host");
            return;
        }

        using var json = JsonDocument.Parse(printed);
        var found = json.RootElement.EnumerateArray().ToArray();
        Assert.Equal(Odd.Select(tensor => tensor.Name), found.Select(tensor => tensor[0].GetString()));
        for (var i = 0; i < Odd.Length; i++)
        {
            Assert.Equal(Odd[i].Shape, found[i][1].EnumerateArray().Select(size => size.GetInt64()));
            Assert.Equal(Values(i), found[i][2].EnumerateArray().Select(value => value.GetSingle()));
        }
    }

    [Theory]
    [InlineData("F16", "003C00C0FF7B0100", new[] { 1f, -2f, 65504f, 5.9604645e-8f })]
    [InlineData("BF16", "803F00C0C8420100", new[] { 1f, -2f, 100f, 9.1835e-41f })]
    [InlineData("F64", "000000000000F03F9A9999999999B93F", new[] { 1f, 0.1f })]
    [InlineData("F32", "0000803FCDCCCC3D", new[] { 1f, 0.1f })]
    public void Other_float_types_are_read_as_float32(string type, string bytes, float[] expected)
    {
        var data = Convert.FromHexString(bytes);
        var header = $$$"""{"w":{"dtype":"{{{type}}}","shape":[{{{expected.Length}}}],"data_offsets":[0,{{{data.Length}}}]}}""";
        using var file = new SafeTensorsFile(Raw(header, data));

        var values = new float[expected.Length];
        file.Read("w", values);

        Assert.Equal(expected, values);
    }

    [Theory]
    [InlineData("F32", 4)]
    [InlineData("F16", 2)]
    [InlineData("BF16", 2)]
    [InlineData("F64", 8)]
    public void A_part_of_a_tensor_is_what_the_whole_has_there(string type, int size)
    {
        const int count = 600_000;                                             // more than is converted at a time
        var data = new byte[100 * size + count * size];
        for (var i = 0; i < data.Length; i++)
            data[i] = (byte)(i % size == size - 1 ? 0x3c : i * 167 >> 3);      // a positive number of about 0.01 whatever the type
        var header = $$$"""
            {"before":{"dtype":"{{{type}}}","shape":[100],"data_offsets":[0,{{{100 * size}}}]},
             "w":{"dtype":"{{{type}}}","shape":[2,{{{count / 2}}}],"data_offsets":[{{{100 * size}}},{{{data.Length}}}]}}
            """;
        using var file = new SafeTensorsFile(Raw(header, data));
        var whole = new float[count];
        file.Read("w", whole);

        foreach (var (first, length) in new[] { (0, count), (0, 1), (1, 7), (count - 1, 1), (count, 0), (299_999, 2), (5, 590_001) })
        {
            var part = new float[length];
            file.Read("w", first, part);
            Assert.Equal(whole[first..(first + length)], part);
        }

        Assert.True(whole.Distinct().Count() > 10);
    }

    [Theory]
    [InlineData(0, 16, "has 15 values, not 16 from number 0 on")]
    [InlineData(14, 2, "has 15 values, not 2 from number 14 on")]
    [InlineData(-1, 2, "has 15 values, not 2 from number -1 on")]
    [InlineData(16, 0, "has 15 values, not 0 from number 16 on")]
    public void A_part_that_lies_outside_its_tensor_is_refused(long first, int length, string problem)
    {
        using var file = new SafeTensorsFile(WriteOdd());

        var failure = Assert.Throws<CheckpointException>(() => file.Read("matrix", first, new float[length]));

        Assert.EndsWith($"tensor 'matrix' {problem}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_cut_short_while_it_is_open_is_refused_in_one_line()
    {
        var path = WriteOdd();
        using var file = new SafeTensorsFile(path);
        using (var shorter = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            shorter.SetLength(shorter.Length - 30);

        var failure = Assert.Throws<CheckpointException>(() => file.Read(Odd[^1].Name, new float[24]));

        Assert.StartsWith($"{path}: ", failure.Message, StringComparison.Ordinal);
        Assert.EndsWith("the file ends too early: it was cut short while it was open", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_may_be_written_part_by_part()
    {
        var (whole, parts) = (WriteOdd(), _folder.At("parts"));

        SafeTensorsWriter.Write(parts, Odd, (i, write) =>
        {
            foreach (var part in Values(i).Chunk(4))
                write(part);
        });

        Assert.Equal(File.ReadAllBytes(whole), File.ReadAllBytes(parts));
    }

    [Theory]
    [InlineData(2, "tensor 'w' was given 2 of 3 values")]
    [InlineData(4, "tensor 'w' was given 4 of 3 values")]
    public void A_tensor_of_another_length_than_its_shape_is_refused(int given, string problem)
    {
        var failure = Assert.Throws<InvalidOperationException>(
            () => SafeTensorsWriter.Write(_folder.At("wrong"), [("w", [3])], _ => new float[given]));

        Assert.Equal(problem, failure.Message);
    }

    [Fact]
    public void A_type_that_is_no_float_is_named()
    {
        using var file = new SafeTensorsFile(Raw("""{"ids":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}}""", new byte[4]));

        var failure = Assert.Throws<CheckpointException>(() => file.Read("ids", new float[1]));

        Assert.Contains("tensor 'ids' has type I32; F32, F16, BF16 or F64 is needed", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_tensor_and_a_wrong_size_are_named()
    {
        using var file = new SafeTensorsFile(WriteOdd());

        Assert.Contains(
            "no tensor 'w'", Assert.Throws<CheckpointException>(() => file.Read("w", new float[1])).Message, StringComparison.Ordinal);
        Assert.Contains(
            "[3, 5], not 14 values",
            Assert.Throws<CheckpointException>(() => file.Read("matrix", new float[14])).Message,
            StringComparison.Ordinal);
        Assert.Null(file.Shape("w"));
    }

    [Theory]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4)]
    [InlineData("""{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8)]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", 8)]
    [InlineData("""{"w":{"dtype":"F32","shape":[-2],"data_offsets":[8,0]}}""", 8)]
    [InlineData("""{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0)]
    [InlineData("""{"w":{"dtype":"F32","shape":[1.5],"data_offsets":[0,6]}}""", 8)]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", 8)]
    [InlineData("""{"w":{"dtype":"F32","shape":[2]}}""", 8)]
    [InlineData("""{"w":{"shape":[8],"data_offsets":[0,8]}}""", 8)]
    [InlineData("""{"w":{"dtype":7,"shape":[8],"data_offsets":[0,8]}}""", 8)]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8)]
    [InlineData("""["w"]""", 8)]
    [InlineData("""{"w":""", 8)]
    [InlineData("", 8)]
    public void A_header_that_does_not_fit_is_refused_in_one_line_with_the_file(string header, int bytes) =>
        AssertRefused(Raw(header, new byte[bytes]));

    [Theory]
    [InlineData("")]
    [InlineData("01020304")]
    [InlineData("FFFFFFFFFFFFFFFF")]
    [InlineData("00000000000000807B7D")]
    [InlineData("08000000000000007B7D")]
    public void A_file_that_is_none_is_refused_in_one_line_with_the_file(string bytes)
    {
        var path = _folder.At("none");
        File.WriteAllBytes(path, Convert.FromHexString(bytes));

        AssertRefused(path);
    }

    [Fact]
    public void A_missing_file_is_refused_in_one_line_with_the_file() => AssertRefused(_folder.At("missing"));

    private static void AssertRefused(string path)
    {
        var failure = Assert.Throws<CheckpointException>(() => new SafeTensorsFile(path));
        Assert.StartsWith($"{path}: ", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
    }

    private static float[] Values(int tensor)
    {
        var values = new float[Odd[tensor].Shape.Aggregate(1L, (product, size) => product * size)];
        for (var i = 0; i < values.Length; i++)
            values[i] = tensor + i / 3f;
        return values;
    }

    private static string? Python(string script, string argument)
    {
        var start =
            new ProcessStartInfo("python3", ["-c", script, argument]) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using var python = Process.Start(start)!;
            var errors = python.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            var printed = python.StandardOutput.ReadToEnd();
            python.WaitForExit();
            Assert.True(python.ExitCode == 0, errors.Result);
            return printed;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private string WriteOdd()
    {
        var path = _folder.At("odd");
        SafeTensorsWriter.Write(path, Odd, i => Values(i));
        return path;
    }

    private string Raw(string header, byte[] data)
    {
        var path = _folder.At("raw");
        var json = Encoding.UTF8.GetBytes(header);
        var length = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)json.Length);
        File.WriteAllBytes(path, [.. length, .. json, .. data]);
        return path;
    }
}
