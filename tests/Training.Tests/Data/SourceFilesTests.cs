using Bam.Training.Data;

namespace Bam.Training.Tests.Data;

public sealed class SourceFilesTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public SourceFilesTests()
    {
        string[] names = ["b.jsonl", "a.txt", "README.md", "law/c.jsonl.gz", "law/deep/d.jsonl", "code/e.jsonl"];
        foreach (var name in names) _folder.Write(name, "");
    }

    [Theory]
    [InlineData("b.jsonl", "b.jsonl")]
    [InlineData("law", "law/c.jsonl.gz law/deep/d.jsonl")]
    [InlineData(".", "a.txt b.jsonl code/e.jsonl law/c.jsonl.gz law/deep/d.jsonl")]
    [InlineData("*", "a.txt b.jsonl")]
    [InlineData("*/*.jsonl", "code/e.jsonl")]
    [InlineData("**/*.jsonl", "b.jsonl code/e.jsonl law/deep/d.jsonl")]
    [InlineData("l*/**/?.jsonl*", "law/c.jsonl.gz law/deep/d.jsonl")]
    public void A_pattern_finds_supported_files_in_ordinal_order(string pattern, string expected) =>
        Assert.Equal(expected.Split(' ').Select(name => Path.Combine(_folder.Root, name)), SourceFiles.Resolve(pattern, _folder.Root));

    [Fact]
    public void An_absolute_pattern_needs_no_base_folder() =>
        Assert.Equal([Path.Combine(_folder.Root, "a.txt")], SourceFiles.Resolve(Path.Combine(_folder.Root, "a.*"), "/"));

    [Theory]
    [InlineData("c.jsonl")]
    [InlineData("nowhere/*.jsonl")]
    [InlineData("*.parquet")]
    [InlineData("README.md")]
    [InlineData("")]
    public void A_pattern_that_finds_nothing_is_named(string pattern) =>
        DocumentReaderTests.AssertOneLine(Assert.Throws<DataException>(() => SourceFiles.Resolve(pattern, _folder.Root)), pattern);

    public void Dispose() => _folder.Dispose();
}
