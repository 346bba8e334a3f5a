using System.Security.Cryptography;
using System.Text;
using Bam.Contracts.Runs;

namespace Bam.Training.Data;

/// <summary>
/// The tokens of one domain, prepared once in a cache and memory-mapped from then on. Concurrent processes that open the same domain
/// wait for one of them to prepare it; a damaged entry is made anew.
/// </summary>
public sealed class DomainData : IDisposable
{
    internal const string TrainFile = "train.bin", ValidationFile = "validation.bin", ManifestFile = "manifest.json";

    private readonly TokenFile? _train;

    private DomainData(string folder, DataManifest manifest)
    {
        Manifest = manifest;
        Folder = folder;
        Validation = new TokenFile(Path.Combine(folder, ValidationFile), manifest.TokenBytes, manifest.Validation);
        if (manifest.Train is { } train) _train = new TokenFile(Path.Combine(folder, TrainFile), manifest.TokenBytes, train);
    }

    public string Name => Manifest.Domain;

    /// <summary>Absolute path of its folder in the cache.</summary>
    public string Folder { get; }

    public DataManifest Manifest { get; }

    /// <exception cref="InvalidOperationException">The domain was opened without training files.</exception>
    public TokenFile Train => _train ?? throw new InvalidOperationException($"domain '{Name}' has no training files");

    public TokenFile Validation { get; }

    /// <summary>Opens a domain, after preparing it if the cache does not have it.</summary>
    /// <param name="domain">
    /// Its files. Without validation files one document in fifty is held out; without training files there is only validation.
    /// </param>
    /// <param name="tokenizer">Name of the tokenizer.</param>
    /// <param name="cacheFolder">Made when it does not exist.</param>
    /// <param name="cancellation">Leaves nothing half-written.</param>
    /// <param name="pulse">Called again and again while the domain is prepared, here or elsewhere; null for nothing.</param>
    /// <exception cref="DataException">A file, the tokenizer's name or the cache is at fault.</exception>
    public static DomainData Open(DomainSpec domain, string tokenizer, string cacheFolder, CancellationToken cancellation, Action? pulse = null)
    {
        if (domain.Train.Count + domain.Validation.Count == 0) throw new DataException($"domain '{domain.Name}' has no files");
        var both = domain.Train.Select(Path.GetFullPath).Intersect(domain.Validation.Select(Path.GetFullPath)).FirstOrDefault();
        if (both is not null)
            throw new DataException($"domain '{domain.Name}': {both} is listed for training and for validation; list it once");

        var folder = Path.Combine(Path.GetFullPath(cacheFolder), $"{domain.Name}-{Key(domain, tokenizer)}");
        try
        {
            if (TryOpen(folder) is { } ready) return ready;
            Directory.CreateDirectory(cacheFolder);
            using var held = PreparationLock.Acquire(folder + ".lock", cancellation, pulse);
            if (TryOpen(folder) is { } prepared) return prepared;
            Prepare(domain, Tokenizers.Open(tokenizer), folder, pulse, cancellation);
            return TryOpen(folder) ?? throw new DataException($"{folder}: what was just written does not read back; check the disk");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"domain '{domain.Name}': cannot prepare {folder}: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    public void Dispose()
    {
        _train?.Dispose();
        Validation.Dispose();
    }

    /// <summary>Builds beside the final folder and renames. Whoever holds the lock may clear away what a killed preparer left.</summary>
    private static void Prepare(DomainSpec domain, ITokenizer tokenizer, string folder, Action? pulse, CancellationToken cancellation)
    {
        var (cache, name) = (Path.GetDirectoryName(folder)!, Path.GetFileName(folder));
        foreach (var leftover in Directory.EnumerateDirectories(cache, $".tmp-{name}-*")) Directory.Delete(leftover, recursive: true);
        var building = Path.Combine(cache, $".tmp-{name}-{Guid.NewGuid():N}");
        try
        {
            new Preparation(domain, tokenizer, building, cancellation, pulse).Run();
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
            Directory.Move(building, folder);
        }
        finally
        {
            if (Directory.Exists(building)) Directory.Delete(building, recursive: true);
        }
    }

    /// <returns>Null when the folder is not there or is damaged.</returns>
    private static DomainData? TryOpen(string folder)
    {
        var path = Path.Combine(folder, ManifestFile);
        if (!File.Exists(path) || DataManifest.TryParse(File.ReadAllBytes(path)) is not { } manifest) return null;
        return Length(folder, TrainFile) == manifest.TrainFileBytes && Length(folder, ValidationFile) == manifest.ValidationFileBytes
            ? new DomainData(folder, manifest)
            : null;
    }

    private static long? Length(string folder, string name)
    {
        var file = new FileInfo(Path.Combine(folder, name));
        return file.Exists ? file.Length : null;
    }

    /// <summary>Names the content: other text, another tokenizer or another format has another key.</summary>
    private static string Key(DomainSpec domain, string tokenizer)
    {
        var identity = new StringBuilder($"{DataManifest.CurrentFormat}\n{tokenizer}\n");
        foreach (var path in domain.Train) Describe("train", path);
        foreach (var path in domain.Validation) Describe("validation", path);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity.ToString())))[..12];

        void Describe(string split, string path)
        {
            var file = new FileInfo(path);
            if (!file.Exists) throw new DataException($"domain '{domain.Name}': {path}: no such file");
            identity.Append($"{split}\n{file.FullName}\n{file.Length}\n{file.LastWriteTimeUtc.Ticks}\n");
        }
    }
}
