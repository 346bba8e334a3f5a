using Bam.Contracts.Runs;

namespace Bam.Training.Data;

/// <summary>Tokenises one domain into a folder: <c>train.bin</c>, <c>validation.bin</c> and, last, <c>manifest.json</c>.</summary>
internal sealed class Preparation(DomainSpec domain, ITokenizer tokenizer, string folder, CancellationToken cancellation, Action? pulse = null)
{
    private readonly HashSet<UInt128> _validationTexts = [];
    private long _dropped;

    public void Run()
    {
        Directory.CreateDirectory(folder);
        using var train = domain.Train.Count > 0 ? new TokenWriter(Path.Combine(folder, DomainData.TrainFile), tokenizer) : null;
        using var validation = new TokenWriter(Path.Combine(folder, DomainData.ValidationFile), tokenizer);

        var validationSources = ReadAll(domain.Validation, (text, digest) =>
        {
            _validationTexts.Add(digest);
            validation.Add(text);
        });
        if (domain.Validation.Count > 0 && validation.Documents == 0) throw Empty(domain.Validation, "no documents to validate on");
        var trainSources = train is null ? [] : Train(train, validation);

        WriteManifest(new DataManifest
        {
            Domain = domain.Name,
            Tokenizer = tokenizer.Name,
            PreparedAt = DateTimeOffset.UtcNow,
            TokenBytes = TokenWriter.TokenBytes(tokenizer),
            TrainSources = trainSources,
            ValidationSources = validationSources,
            Train = train?.Complete(_dropped),
            Validation = validation.Complete(droppedDuplicates: 0),
        });
    }

    private List<SourceFile> Train(TokenWriter train, TokenWriter validation)
    {
        if (domain.Validation.Count == 0)
        {
            var holdOut = new HoldOut(train, validation);
            var divided = ReadAll(domain.Train, holdOut.Add);
            return holdOut.Complete() ? divided : throw Empty(domain.Train, "no documents to train on and validate on");
        }
        var sources = ReadAll(domain.Train, (text, digest) =>
        {
            if (_validationTexts.Contains(digest)) _dropped++;
            else train.Add(text);
        });
        if (train.Documents > 0) return sources;
        throw Empty(domain.Train, _dropped > 0 ? "every document is a validation document too" : "no documents to train on");
    }

    /// <summary>Hands over every document that has text, file by file.</summary>
    private List<SourceFile> ReadAll(IReadOnlyList<string> paths, Action<string, UInt128> add)
    {
        var sources = new List<SourceFile>(paths.Count);
        foreach (var path in paths)
        {
            using var reader = new DocumentReader(path);
            while (reader.Next() is { } text)
            {
                cancellation.ThrowIfCancellationRequested();
                pulse?.Invoke();
                if (text.Length > 0) add(text, TextDigest.Of(text));
            }
            sources.Add(reader.Fingerprint());
        }
        return sources;
    }

    private void WriteManifest(DataManifest manifest)
    {
        using var file = new FileStream(Path.Combine(folder, DomainData.ManifestFile), FileMode.CreateNew, FileAccess.Write);
        file.Write(manifest.ToJson());
        file.Flush(flushToDisk: true);
    }

    private DataException Empty(IReadOnlyList<string> files, string what)
    {
        var others = files.Count > 1 ? $" (and {files.Count - 1} more)" : "";
        return new DataException($"domain '{domain.Name}': {files[0]}{others}: {what}; give files with text");
    }
}
