using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Bam.Training.Data;
using Bam.Training.Randomness;

namespace Bam.Training.Corpora;

/// <summary>
/// Text for demonstrations and tests, written by grammars: four domains that differ enough for a small byte-level model to tell them
/// apart. The same seed gives the same text everywhere.
/// </summary>
public static class BuiltInCorpus
{
    private static readonly (string Domain, ICorpus Corpus)[] Corpora =
    [
        ("general", new StoryCorpus()),
        ("law", new LawCorpus()),
        ("code", new CodeCorpus()),
        ("math", new MathCorpus()),
    ];

    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>general, law, code, math.</summary>
    public static IReadOnlyList<string> Domains { get; } = [.. Corpora.Select(c => c.Domain)];

    /// <summary>Documents without end.</summary>
    /// <exception cref="DataException">There is no such domain.</exception>
    public static IEnumerable<string> Documents(string domain, long seed)
    {
        var corpus = Array.Find(Corpora, c => c.Domain == domain).Corpus
            ?? throw new DataException($"no built-in corpus '{domain}'; use one of {string.Join(", ", Domains)}");
        return Generate(corpus, CounterHash.Combine((ulong)seed, CounterHash.Of(domain)));
    }

    /// <summary>Writes <c>DOMAIN.train.jsonl</c> and <c>DOMAIN.validation.jsonl</c> of every domain, each in one step.</summary>
    /// <param name="folder">Made when it does not exist; files of these names in it are replaced.</param>
    /// <param name="seed">Another seed, other text.</param>
    /// <param name="trainBytes">Least UTF-8 bytes of training text in a domain.</param>
    /// <param name="validationBytes">Least UTF-8 bytes of validation text in a domain; no document is in both.</param>
    /// <exception cref="DataException">A file cannot be written.</exception>
    public static void Write(string folder, long seed, long trainBytes, long validationBytes)
    {
        Directory.CreateDirectory(folder);
        foreach (var domain in Domains)
        {
            using var documents = Documents(domain, seed).DistinctBy(TextDigest.Of).GetEnumerator();
            WriteSplit(Path.Combine(folder, $"{domain}.validation.jsonl"), documents, validationBytes);
            WriteSplit(Path.Combine(folder, $"{domain}.train.jsonl"), documents, trainBytes);
        }
    }

    private static IEnumerable<string> Generate(ICorpus corpus, ulong key)
    {
        var text = new StringBuilder();
        for (var i = 0UL; ; i++)
        {
            corpus.Write(new CorpusRandom(CounterHash.Combine(key, i)), text.Clear());
            while (text[^1] == '\n') text.Length--;
            yield return text.ToString();
        }
    }

    private static void WriteSplit(string path, IEnumerator<string> documents, long leastBytes)
    {
        var aside = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var file = new FileStream(aside, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20))
            {
                using var json = new Utf8JsonWriter(file, Json);
                for (var written = 0L; written < leastBytes && documents.MoveNext();)
                {
                    written += Encoding.UTF8.GetByteCount(documents.Current);
                    json.WriteStartObject();
                    json.WriteString("text"u8, documents.Current);
                    json.WriteEndObject();
                    json.Flush();
                    json.Reset();
                    file.WriteByte((byte)'\n');
                }
                file.Flush(flushToDisk: true);
            }
            File.Move(aside, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: cannot be written: {e.Message.ReplaceLineEndings(" ")}", e);
        }
        finally
        {
            File.Delete(aside);
        }
    }
}
