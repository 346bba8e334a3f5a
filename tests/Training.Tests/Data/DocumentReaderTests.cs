using System.Security.Cryptography;
using System.Text;
using Bam.Training.Data;

namespace Bam.Training.Tests.Data;

public sealed class DocumentReaderTests : IDisposable
{
    private readonly DataFolder _folder = new();

    [Theory]
    [InlineData("a.jsonl")]
    [InlineData("a.jsonl.gz")]
    public void Lines_are_documents_and_blank_lines_are_not(string name)
    {
        var path = _folder.Write(name, "\uFEFF{\"text\":\"one\\n\\u00e9\"}\r\n\n  \t\r\n{\"id\":{\"text\":7},\"text\":\"two\",\"n\":[1]}");

        Assert.Equal(["one\né", "two"], Read(path));
    }

    [Theory]
    [InlineData("a.txt")]
    [InlineData("a.txt.gz")]
    public void A_text_file_is_one_document(string name) => Assert.Equal(["one\n\ntwo\n"], Read(_folder.Write(name, "one\n\ntwo\n")));

    [Fact]
    public void Lines_longer_than_the_buffer_are_read_whole()
    {
        string[] documents = [new('x', 1_000_000), "short", new('y', 300_000)];

        Assert.Equal(documents, Read(_folder.WriteJsonl("long.jsonl", documents)));
    }

    [Theory]
    [InlineData("a.jsonl")]
    [InlineData("a.jsonl.gz")]
    [InlineData("a.txt.gz")]
    public void The_fingerprint_is_that_of_the_file_on_disk(string name)
    {
        var path = _folder.Write(name, "{\"text\":\"one\"}\n");
        using var reader = new DocumentReader(path);
        while (reader.Next() is not null)
        {
        }

        var bytes = File.ReadAllBytes(path);
        Assert.Equal(new SourceFile(path, bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes))), reader.Fingerprint());
    }

    [Theory]
    [InlineData("{\"text\":\"a\"", "not valid JSON")]
    [InlineData("[1]", "not a JSON object")]
    [InlineData("{\"txt\":\"a\"}", "no \"text\"")]
    [InlineData("{\"text\":7}", "\"text\" is not a string")]
    [InlineData("{\"text\":\"a\"} x", "not valid JSON")]
    [InlineData("{\"text\":\"\\ud800\"}", "not valid JSON")]
    public void A_bad_line_is_named(string line, string problem)
    {
        var path = _folder.Write("bad.jsonl", "{\"text\":\"good\"}\n\n" + line + "\n");

        AssertOneLine(Assert.Throws<DataException>(() => Read(path)), $"{path}:3: ", problem);
    }

    [Fact]
    public void A_damaged_gzip_is_named()
    {
        var path = _folder.WriteJsonl("a.jsonl.gz", Enumerable.Range(0, 9999).Select(i => $"{i * 7919 % 10007}"));
        var bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]);
        AssertOneLine(Assert.Throws<DataException>(() => Read(path)), path, "replace the file");

        File.WriteAllText(path, "{\"text\":\"not gzip\"}\n");
        AssertOneLine(Assert.Throws<DataException>(() => Read(path)), path, "gzip is damaged");
    }

    [Fact]
    public void What_cannot_be_read_is_named()
    {
        var latin = Path.Combine(_folder.Root, "latin.txt");
        File.WriteAllBytes(latin, Encoding.Latin1.GetBytes("Grüße"));

        AssertOneLine(Assert.Throws<DataException>(() => Read(latin)), latin, "UTF-8");
        AssertOneLine(Assert.Throws<DataException>(() => Read("/nowhere/a.jsonl")), "/nowhere/a.jsonl", "cannot be read");
        AssertOneLine(Assert.Throws<DataException>(() => Read("/nowhere/a.parquet")), "a.parquet", ".jsonl.gz");
    }

    public void Dispose() => _folder.Dispose();

    internal static void AssertOneLine(DataException error, params string[] parts)
    {
        Assert.DoesNotContain('\n', error.Message);
        Assert.All(parts, part => Assert.Contains(part, error.Message));
    }

    private static List<string> Read(string path)
    {
        var documents = new List<string>();
        using var reader = new DocumentReader(path);
        while (reader.Next() is { } text) documents.Add(text);
        return documents;
    }
}
