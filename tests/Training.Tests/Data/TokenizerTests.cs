using System.Buffers;
using System.Text;
using Bam.Training.Data;
using Microsoft.ML.Tokenizers;

namespace Bam.Training.Tests.Data;

public sealed class TokenizerTests
{
    private const string Mixed = "Don't  panic: <|endoftext|> is text.\r\n\n\tif x >= 10_000:\n    pass  \n“Grüße”, 世界 🦉🏳️‍🌈 42";

    [Theory]
    [InlineData("bytes")]
    [InlineData("cl100k_base")]
    [InlineData("cl100k_base:256")]
    [InlineData("cl100k_base:8192")]
    [InlineData("cl100k_base:100256")]
    public void Text_survives_encoding_and_decoding(string name)
    {
        var tokenizer = Tokenizers.Open(name);
        var ids = Encode(tokenizer, Mixed);

        Assert.Equal(Mixed, tokenizer.Decode(ids));
        Assert.All(ids, id => Assert.InRange(id, 0, tokenizer.VocabSize - 1));
        Assert.DoesNotContain(tokenizer.EndOfDocument, ids);
        Assert.Equal("", tokenizer.Decode([tokenizer.EndOfDocument]));
        Assert.Equal("\uFFFD", tokenizer.Decode([tokenizer.VocabSize + 5]));
    }

    [Fact]
    public void Bytes_are_the_bytes_of_utf8_also_across_chunks()
    {
        var text = string.Concat(Enumerable.Repeat("aé🦉", 20_001));

        Assert.Equal(Encoding.UTF8.GetBytes(text).Select(b => (int)b), Encode(Tokenizers.Open("bytes"), text));
    }

    [Fact]
    public void Cl100k_base_agrees_with_the_reference_encoder()
    {
        var reference = TiktokenTokenizer.CreateForEncoding("cl100k_base");

        var text = Mixed.Replace("<|endoftext|>", "");   // a special token to the reference

        Assert.Equal(reference.EncodeToIds(text), Encode(Tokenizers.Open("cl100k_base"), text));
    }

    [Fact]
    public void Fewer_ranks_give_more_tokens()
    {
        int Count(string name) => Encode(Tokenizers.Open(name), Mixed).Length;

        Assert.True(Count("cl100k_base:256") > Count("cl100k_base:8192"));
        Assert.True(Count("cl100k_base:8192") > Count("cl100k_base"));
        Assert.Equal(Encoding.UTF8.GetByteCount(Mixed), Count("cl100k_base:256"));
    }

    [Fact]
    public void Ranks_are_written_as_a_tiktoken_file()
    {
        var tokenizer = Tokenizers.Open("cl100k_base:1000");
        using var file = new MemoryStream();
        tokenizer.WriteRanks(file);
        var lines = Encoding.ASCII.GetString(file.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(1000, lines.Length);
        Assert.Equal(1000, tokenizer.EndOfDocument);
        Assert.Equal(Enumerable.Range(0, 1000), lines.Select(l => int.Parse(l.Split(' ')[1])));
        var tokens = lines.Select(l => Encoding.UTF8.GetString(Convert.FromBase64String(l.Split(' ')[0])));
        Assert.Equal(Enumerable.Range(0, 1000).Select(rank => tokenizer.Decode([rank])), tokens);
        Assert.Throws<InvalidOperationException>(() => Tokenizers.Open("bytes").WriteRanks(file));
    }

    [Theory]
    [InlineData("byte")]
    [InlineData("")]
    [InlineData("cl100k_base:255")]
    [InlineData("cl100k_base:100257")]
    [InlineData("cl100k_base:+300")]
    [InlineData("cl100k_base: 300")]
    public void An_unknown_name_is_answered_with_the_valid_ones(string name)
    {
        var error = Assert.Throws<DataException>(() => Tokenizers.Open(name));

        Assert.Contains($"'{name}'", error.Message);
        Assert.Contains("256 <= N <= 100256", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    private static int[] Encode(ITokenizer tokenizer, string text)
    {
        var ids = new ArrayBufferWriter<int>();
        tokenizer.Encode(text, ids);
        return ids.WrittenSpan.ToArray();
    }
}
