using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Bam.Contracts.Runs;
using Bam.Training.Data;

namespace Bam.Training.Tests.Data;

/// <summary>A folder of its own for one test's sources and cache.</summary>
internal sealed class DataFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("bam-data-").FullName;

    public string Cache => Path.Combine(Root, "cache");

    public string Write(string name, string content)
    {
        var path = Path.Combine(Root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = File.Create(path);
        using Stream stream = name.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionLevel.Fastest) : file;
        stream.Write(Encoding.UTF8.GetBytes(content));
        return path;
    }

    public string WriteJsonl(string name, params IEnumerable<string> documents) =>
        Write(name, string.Concat(documents.Select(d => JsonSerializer.Serialize(new { text = d }) + "\n")));

    public DomainData Open(DomainSpec domain, string tokenizer = "bytes") =>
        DomainData.Open(domain, tokenizer, Cache, TestContext.Current.CancellationToken);

    /// <summary>A domain of one training file and no validation file.</summary>
    public DomainData Open(string name, params IEnumerable<string> documents) =>
        Open(new DomainSpec(name, [WriteJsonl($"{name}.jsonl", documents)], []));

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
