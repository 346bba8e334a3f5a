using System.Buffers;
using System.Text;
using Bam.Contracts.Runs;
using Bam.Training.Data;

namespace Bam.Training.Tests.Data;

public sealed class DomainDataTests : IDisposable
{
    private readonly DataFolder _folder = new();

    [Theory]
    [InlineData("bytes", 2)]
    [InlineData("cl100k_base:1000", 2)]
    [InlineData("cl100k_base", 4)]
    public void Tokens_are_those_of_the_documents_each_with_its_end(string tokenizer, int width)
    {
        string[] documents = ["first", "", "zweites Stück", "third 🦉"];
        var (train, validation) = (_folder.WriteJsonl("t.jsonl", documents), _folder.WriteJsonl("v.jsonl", "other"));
        using var data = _folder.Open(new DomainSpec("d", [train], [validation]), tokenizer);

        var encoder = Tokenizers.Open(tokenizer);
        var expected = new ArrayBufferWriter<int>();
        foreach (var document in documents.Where(d => d != ""))
        {
            encoder.Encode(document, expected);
            expected.Write([encoder.EndOfDocument]);
        }
        Assert.Equal(expected.WrittenSpan.ToArray().Select(id => (long)id), All(data.Train));
        Assert.Equal(new FileInfo(data.Train.Path).Length, width * data.Train.Count);
        Assert.Equal(3, data.Train.Documents);
        Assert.Equal(documents.Sum(Encoding.UTF8.GetByteCount), data.Train.TextBytes);
        Assert.Equal((double)data.Train.TextBytes / data.Train.Count, data.Train.BytesPerToken);
    }

    [Fact]
    public void Reading_past_the_end_or_after_disposal_is_refused()
    {
        var data = _folder.Open("d", "some text", "some more");
        Assert.Throws<ArgumentOutOfRangeException>(() => data.Train.Read(data.Train.Count - 1, new long[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => data.Train.Read(-1, new long[1]));
        data.Train.Read(data.Train.Count, []);

        data.Dispose();
        Assert.Throws<ObjectDisposedException>(() => data.Train.Read(0, new long[1]));
    }

    [Fact]
    public void No_validation_document_is_trained_on()
    {
        var train = _folder.WriteJsonl("t.jsonl", "a", "shared", "b", "shared");
        using var data = _folder.Open(new DomainSpec("d", [train], [_folder.WriteJsonl("v.jsonl", "shared", "only here")]));

        Assert.Equal(["a", "b"], Documents(data.Train));
        Assert.Equal(["shared", "only here"], Documents(data.Validation));
        Assert.Equal(2, data.Manifest.Train!.DroppedDuplicates);
    }

    [Fact]
    public void Without_validation_files_about_one_document_in_fifty_is_held_out_whole()
    {
        var documents = Enumerable.Range(0, 5000).Select(i => $"document {i % 4000}").ToArray();
        using var data = _folder.Open("d", documents);
        var (train, validation) = (Documents(data.Train), Documents(data.Validation));

        Assert.InRange(validation.Count, 60, 140);
        Assert.Empty(train.Intersect(validation));
        Assert.Equal(documents.Order(), train.Concat(validation).Order());
    }

    [Fact]
    public void Held_out_documents_do_not_depend_on_the_order_of_the_files()
    {
        var documents = Enumerable.Range(0, 300).Select(i => $"document {i}").ToArray();
        using var forward = _folder.Open("forward", documents);
        using var backward = _folder.Open("backward", documents.Reverse());

        Assert.Equal(Documents(forward.Validation).Order(), Documents(backward.Validation).Order());
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(20)]
    public void A_small_corpus_has_both_splits(int count)
    {
        for (var trial = 0; trial < 20; trial++)
        {
            var documents = Enumerable.Range(0, count).Select(i => $"trial {trial} document {i}").ToArray();
            using var data = _folder.Open($"d{trial}", documents);
            var (train, validation) = (Documents(data.Train), Documents(data.Validation));

            Assert.NotEmpty(train);
            Assert.NotEmpty(validation);
            Assert.Equal(documents.Order(), train.Concat(validation).Order());
        }
    }

    [Fact]
    public void A_single_document_is_split_near_its_end()
    {
        var text = string.Concat(Enumerable.Range(0, 2000).Select(i => $"{i} "));
        using var data = _folder.Open(new DomainSpec("d", [_folder.Write("one.txt", text)], []));

        Assert.Equal(text, Documents(data.Train).Single() + Documents(data.Validation).Single());
        Assert.Equal(text.Length / 50, Documents(data.Validation).Single().Length);
    }

    [Fact]
    public void Without_training_files_there_is_only_validation()
    {
        using var data = _folder.Open(new DomainSpec("d", [], [_folder.WriteJsonl("v.jsonl", "text")]));

        Assert.Equal(["text"], Documents(data.Validation));
        Assert.Throws<InvalidOperationException>(() => data.Train);
    }

    [Fact]
    public void Bad_corpora_are_refused_by_name_and_leave_nothing()
    {
        var (empty, bad) = (_folder.Write("empty.jsonl", "\n"), _folder.Write("bad.jsonl", "{}\n"));
        var one = _folder.WriteJsonl("one.jsonl", "a");

        Refused(new DomainSpec("law", [empty], []), "'law'", empty);
        Refused(new DomainSpec("law", [one], [empty]), "'law'", empty);
        Refused(new DomainSpec("law", [one], []), "'law'", one);
        Refused(new DomainSpec("law", [one], [one]), "'law'", one, "for training and for validation");
        Refused(new DomainSpec("law", [one], [_folder.WriteJsonl("copy.jsonl", "a")]), "every document is a validation document");
        Refused(new DomainSpec("law", [bad], []), $"{bad}:1: ");
        Refused(new DomainSpec("law", [one, "/nowhere.jsonl"], []), "'law'", "/nowhere.jsonl: no such file");
        Refused(new DomainSpec("law", [], []), "'law'", "no files");
        Assert.Empty(Directory.EnumerateDirectories(_folder.Cache));

        void Refused(DomainSpec domain, params string[] parts) =>
            DocumentReaderTests.AssertOneLine(Assert.Throws<DataException>(() => _folder.Open(domain)), parts);
    }

    public void Dispose() => _folder.Dispose();

    internal static long[] All(TokenFile tokens)
    {
        var all = new long[tokens.Count];
        tokens.Read(0, all);
        return all;
    }

    /// <summary>The documents of a file of bytes.</summary>
    internal static List<string> Documents(TokenFile tokens)
    {
        var documents = new List<string>();
        var bytes = new List<byte>();
        foreach (var id in All(tokens))
        {
            if (id < 256)
            {
                bytes.Add((byte)id);
                continue;
            }
            documents.Add(Encoding.UTF8.GetString([.. bytes]));
            bytes.Clear();
        }
        Assert.Empty(bytes);
        return documents;
    }
}
