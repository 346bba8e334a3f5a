using System.Text.Json;
using Bam.Client.Chaos.Invariants;
using Bam.Training.Checkpoints;

namespace Bam.Client.Chaos;

/// <summary>Looks at the checkpoints of a model while others write, rename and prune them.</summary>
/// <param name="folder">Folder of the model in the checkpoint store.</param>
internal sealed class MemberStoreReader(string folder)
{
    private readonly Dictionary<string, PublishedCheckpoint> _known = [];

    /// <summary>One look. What vanishes while it is looked at is not there; a manifest that cannot be read makes no checkpoint.</summary>
    public MemberSnapshot Look()
    {
        var fence = Fence();
        if (!Directory.Exists(folder))
            return new(fence, [], []);
        var published = new List<PublishedCheckpoint>();
        var aside = new List<string>();
        foreach (var path in Directory.EnumerateDirectories(folder, "step-*").Order(StringComparer.Ordinal))
        {
            if (path.Contains(".corrupt", StringComparison.Ordinal))
                aside.Add(path);
            else if (Read(path) is { } checkpoint)
                published.Add(checkpoint);
        }

        return new(fence, published, aside);
    }

    private int? Fence()
    {
        try
        {
            return int.Parse(File.ReadAllText(Path.Combine(folder, ".attempt")));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private PublishedCheckpoint? Read(string path)
    {
        try
        {
            var manifest = Json(path, CheckpointManifest.FileName);
            var (attempt, created) = (manifest.GetProperty("attempt").GetInt32(), manifest.GetProperty("created").GetDateTimeOffset());
            // What is published does not change: its state is read once, before somebody damages it.
            if (_known.GetValueOrDefault(path) is { } known && known.Attempt == attempt && known.Created == created)
                return known;
            return _known[path] = new(
                path, long.Parse(Path.GetFileName(path)["step-".Length..]), manifest.GetProperty("step").GetInt64(), attempt,
                manifest.TryGetProperty("parent", out var parent) ? parent.GetString() : null, created,
                manifest.GetProperty("files").TryGetProperty(Checkpoint.StateFile, out _) ? Position(path) : null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or FormatException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    private static TrainedPosition Position(string path)
    {
        var state = Json(path, Checkpoint.StateFile);
        return new(
            state.GetProperty("step").GetInt64(), state.GetProperty("tokens").GetInt64(), state.GetProperty("windows").GetInt64(),
            state.GetProperty("train").GetProperty("batch").GetInt32(), Json(path, Checkpoint.ConfigFile).GetProperty("context").GetInt32(),
            state.TryGetProperty("skipped_batches", out var skipped) ? [.. skipped.EnumerateArray().Select(batch => batch.GetInt64())] : []);
    }

    private static JsonElement Json(string path, string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(path, file)));
        return document.RootElement.Clone();
    }
}
