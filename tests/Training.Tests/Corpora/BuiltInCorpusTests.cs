using System.Text;
using System.Text.Json;
using Bam.Training.Corpora;
using Bam.Training.Data;

namespace Bam.Training.Tests.Corpora;

public sealed class BuiltInCorpusTests
{
    public static TheoryData<string> Domains => [.. BuiltInCorpus.Domains];

    [Theory, MemberData(nameof(Domains))]
    public void A_seed_gives_one_text_and_another_seed_another(string domain)
    {
        Assert.Equal(Take(domain, 50, seed: 1), Take(domain, 50, seed: 1));
        Assert.Empty(Take(domain, 50, seed: 1).Intersect(Take(domain, 50, seed: 2)));
    }

    [Theory, MemberData(nameof(Domains))]
    public void Documents_differ_and_have_a_page_of_plain_text(string domain)
    {
        var documents = Take(domain, 2000);

        Assert.Equal(documents.Count, documents.Distinct().Count());
        Assert.All(documents, d => Assert.InRange(d.Length, 550, 3000));
        Assert.InRange(documents.Average(d => d.Length), 800, 2300);
        Assert.All(documents, d => Assert.DoesNotMatch(@"[\r\t]|[{]\w+[}]\w| \n", d.Replace("{align*}", "")));
    }

    [Fact]
    public void Each_domain_is_coded_best_by_its_own_statistics()
    {
        var models = BuiltInCorpus.Domains.ToDictionary(d => d, d => new BigramModel(string.Concat(Take(d, 300, seed: 1))));
        foreach (var domain in BuiltInCorpus.Domains)
        {
            var unseen = string.Concat(Take(domain, 100, seed: 2));
            var own = models[domain].BitsPerByte(unseen);

            Assert.InRange(own, 1.5, 4);
            var others = models.Where(m => m.Key != domain);
            Assert.All(others, other => Assert.True(other.Value.BitsPerByte(unseen) > 1.2 * own, $"{other.Key} on {domain}"));
        }
    }

    [Fact]
    public void Written_files_hold_the_bytes_asked_for_and_no_document_twice()
    {
        var folder = Directory.CreateTempSubdirectory("bam-corpora-").FullName;
        try
        {
            BuiltInCorpus.Write(folder, seed: 3, trainBytes: 50_000, validationBytes: 10_000);

            Assert.Equal(2 * BuiltInCorpus.Domains.Count, Directory.GetFiles(folder).Length);
            foreach (var domain in BuiltInCorpus.Domains)
            {
                var (train, validation) = (Read(folder, $"{domain}.train.jsonl"), Read(folder, $"{domain}.validation.jsonl"));
                Assert.InRange(train.Sum(Encoding.UTF8.GetByteCount), 50_000, 53_000);
                Assert.InRange(validation.Sum(Encoding.UTF8.GetByteCount), 10_000, 13_000);
                Assert.Equal(train.Count + validation.Count, train.Concat(validation).Distinct().Count());
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void An_unknown_domain_is_answered_with_the_known_ones() =>
        Assert.Contains("general, law, code, math", Assert.Throws<DataException>(() => BuiltInCorpus.Documents("poetry", 1)).Message);

    internal static List<string> Take(string domain, int count, long seed = 1) => [.. BuiltInCorpus.Documents(domain, seed).Take(count)];

    private static List<string> Read(string folder, string name) =>
        [.. File.ReadLines(Path.Combine(folder, name)).Select(line => JsonSerializer.Deserialize<Dictionary<string, string>>(line)!["text"])];

    /// <summary>Byte bigrams with add-one smoothing.</summary>
    private sealed class BigramModel
    {
        private readonly double[,] _counts = new double[256, 256];
        private readonly double[] _totals = new double[256];

        public BigramModel(string text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            for (var i = 1; i < bytes.Length; i++)
            {
                _counts[bytes[i - 1], bytes[i]]++;
                _totals[bytes[i - 1]]++;
            }
        }

        public double BitsPerByte(string text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            return -bytes.Zip(bytes.Skip(1), (a, b) => Math.Log2((_counts[a, b] + 1) / (_totals[a] + 256))).Average();
        }
    }
}
