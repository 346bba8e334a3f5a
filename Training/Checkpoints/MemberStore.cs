using System.Globalization;

namespace Bam.Training.Checkpoints;

/// <summary>
/// The checkpoints of one model. A checkpoint is written aside, synced, and renamed into its place in one step, so a folder
/// <c>step-…</c> with a manifest is complete. An attempt takes the fence before it trains; an older one can publish nothing from then on.
/// </summary>
public sealed class MemberStore(string folder)
{
    private const string Prefix = "step-", FenceFile = ".attempt", Aside = ".tmp-", Damaged = ".corrupt";

    private const int NoSpaceError = 28;                                       // ENOSPC

    public string Folder => folder;

    /// <summary>What makes the run's folder ours; null where nobody else can have the store.</summary>
    internal RunClaim? Claim { get; set; }

    /// <summary>Takes the fence for an attempt and clears what a dead one left half-written.</summary>
    /// <exception cref="StaleAttemptException">A newer attempt holds it.</exception>
    /// <exception cref="CheckpointException">The folder cannot be written.</exception>
    public void Fence(int attempt)
    {
        try
        {
            Directory.CreateDirectory(folder);
            Refuse(attempt);
            foreach (var leftover in Directory.EnumerateDirectories(folder, $"{Aside}*"))
                Directory.Delete(leftover, recursive: true);
            foreach (var leftover in Directory.EnumerateFiles(folder, $"{Aside}*"))
                File.Delete(leftover);
            var aside = Path.Combine(folder, $"{Aside}{Guid.NewGuid():n}");
            DurableFile.Write(aside, System.Text.Encoding.ASCII.GetBytes(attempt.ToString(CultureInfo.InvariantCulture)));
            File.Move(aside, Path.Combine(folder, FenceFile), overwrite: true);
            DurableFile.SyncFolder(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(
                $"{folder}: attempt {attempt} cannot begin: {e.Message.Split('\n')[0]}; free space on the store or make it writable", e);
        }
    }

    /// <summary>Publishes a checkpoint; when this step was published before and is sound, that one stays.</summary>
    /// <param name="step">Step after which it was taken.</param>
    /// <param name="attempt">Attempt that publishes.</param>
    /// <param name="parent">Folder that the attempt went on from.</param>
    /// <param name="bytes">Size of the files, to check the free space first.</param>
    /// <param name="write">Writes the files into the folder it is given and returns their entries by name.</param>
    /// <param name="complete">Called when all is written, before the rename; null for nothing.</param>
    /// <exception cref="CheckpointException">No space, no permission, a newer attempt: nothing was published, nothing is left behind.</exception>
    internal Checkpoint Publish(
        long step, int attempt, string? parent, long bytes, Func<string, IReadOnlyDictionary<string, FileEntry>> write, Action? complete = null)
    {
        var target = Path.Combine(folder, Name(step));
        var aside = Path.Combine(folder, $"{Aside}{Guid.NewGuid():n}");
        try
        {
            Directory.CreateDirectory(folder);
            Refuse(attempt);
            CheckSpace(bytes);
            Directory.CreateDirectory(aside);
            var manifest = new CheckpointManifest
            {
                Step = step,
                Attempt = attempt,
                Parent = parent,
                Created = DateTimeOffset.UtcNow,
                Files = write(aside),
            };
            DurableFile.Write(Path.Combine(aside, CheckpointManifest.FileName), CheckpointJson.Write(manifest));
            DurableFile.SyncFolder(aside);
            complete?.Invoke();
            if (Directory.Exists(target))
            {
                if (VerifyStep(step).Sound is { } sound)
                    return sound;
                SetAside(target);
            }

            Refuse(attempt);
            Directory.Move(aside, target);
            DurableFile.SyncFolder(folder);
            return new Checkpoint(target, manifest);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NotSaved(target, e);
        }
        finally
        {
            if (Directory.Exists(aside))
                Directory.Delete(aside, recursive: true);
        }
    }

    /// <summary>What to say when the system refused to save.</summary>
    internal static CheckpointException NotSaved(string folder, Exception cause)
    {
        var message = $"{folder}: not saved: {cause.Message.Split('\n')[0]}; free space on the store or make it writable";
        return cause.HResult == NoSpaceError ? new NoSpaceException(message, cause) : new CheckpointException(message, cause);
    }

    /// <summary>The newest checkpoint whose files are what its manifest says. Damaged ones on the way are renamed <c>.corrupt</c>.</summary>
    /// <param name="damaged">One line for each damaged checkpoint, newest first.</param>
    /// <returns>Null when there is none.</returns>
    public Checkpoint? Newest(out IReadOnlyList<string> damaged)
    {
        var reports = new List<string>();
        damaged = reports;
        foreach (var step in Steps().OrderDescending())
        {
            var (sound, problem) = VerifyStep(step);
            if (sound is not null)
                return sound;
            reports.Add($"{SetAside(Path.Combine(folder, Name(step)))}: {problem}");
        }

        return null;
    }

    /// <summary>The history in the newest checkpoint whose history is sound; null when there is none. Changes nothing, and may be asked beside a training.</summary>
    public TrainingHistory? NewestHistory()
    {
        foreach (var step in Steps().OrderDescending())
        {
            try
            {
                var path = Path.Combine(folder, Name(step));
                var manifest = CheckpointJson.Read<CheckpointManifest>(Path.Combine(path, CheckpointManifest.FileName));
                if (!manifest.Files.TryGetValue(TrainingHistory.FileName, out var entry) || DurableFile.Describe(Path.Combine(path, TrainingHistory.FileName)) == entry)
                    return TrainingHistory.Of(new Checkpoint(path, manifest));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or CheckpointException)
            {
                // Damaged, or pruned meanwhile: the one before has almost as much.
            }
        }

        return null;
    }

    /// <summary>Whether any checkpoint, sound or damaged, was ever published.</summary>
    public bool WasPublished => Directory.Exists(folder) &&
        Directory.EnumerateDirectories(folder, $"{Prefix}*").Any();

    /// <summary>Whether so many bytes are free. Nothing is counted that a later prune would free: it comes after the next checkpoint.</summary>
    internal bool HasRoom(long bytes) => !Directory.Exists(folder) || HasRoom(bytes, out _);

    /// <summary>Removes all but the newest <paramref name="keep"/> checkpoints, manifest first, so that none looks whole when half gone.</summary>
    public void Prune(int keep)
    {
        var whole = Steps().OrderDescending().ToArray();
        // What has no manifest is what a pruning left that died half-way.
        foreach (var step in Folders().Except(whole.Take(keep)).Where(step => whole.Length > 0 && step < whole[0]))
        {
            var old = Path.Combine(folder, Name(step));
            try
            {
                File.Delete(Path.Combine(old, CheckpointManifest.FileName));
                Directory.Delete(old, recursive: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Too many checkpoints are no reason to fail; the next save tries again.
            }
        }
    }

    /// <summary>Checks a folder against its manifest: every file, its size and its SHA-256.</summary>
    /// <returns>The checkpoint, or null and what is wrong.</returns>
    public static (Checkpoint? Sound, string? Problem) Verify(string folder)
    {
        try
        {
            var manifest = CheckpointJson.Read<CheckpointManifest>(Path.Combine(folder, CheckpointManifest.FileName));
            foreach (var (name, expected) in manifest.Files)
            {
                if (expected is null)
                    return (null, $"{CheckpointManifest.FileName} says nothing of {name}");
                var found = DurableFile.Describe(Path.Combine(folder, name));
                if (found.Size != expected.Size)
                    return (null, $"{name} has {found.Size} bytes, the manifest says {expected.Size}");
                if (found.Sha256 != expected.Sha256)
                    return (null, $"{name} does not have the SHA-256 of the manifest");
            }

            return manifest.Files.ContainsKey(Checkpoint.ModelFile)
                ? (new Checkpoint(folder, manifest), null)
                : (null, $"the manifest names no {Checkpoint.ModelFile}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CheckpointException)
        {
            return (null, e.Message.Split('\n')[0]);
        }
    }

    private (Checkpoint? Sound, string? Problem) VerifyStep(long step)
    {
        var (sound, problem) = Verify(Path.Combine(folder, Name(step)));
        return sound is not null && sound.Manifest.Step != step
            ? (null, $"the manifest is that of step {sound.Manifest.Step}") : (sound, problem);
    }

    private static string Name(long step) => $"{Prefix}{step:00000000}";

    private IEnumerable<long> Steps() =>
        Folders().Where(step => File.Exists(Path.Combine(folder, Name(step), CheckpointManifest.FileName)));

    /// <summary>Steps that have a folder, whole or not.</summary>
    private IEnumerable<long> Folders() => !Directory.Exists(folder) ? [] : Directory.EnumerateDirectories(folder, $"{Prefix}*")
        .Select(path => long.TryParse(Path.GetFileName(path)[Prefix.Length..], CultureInfo.InvariantCulture, out var step) ? step : -1)
        .Where(step => step >= 0);

    private static string SetAside(string damaged)
    {
        var name = damaged + Damaged;
        for (var i = 2; Directory.Exists(name); i++)
            name = $"{damaged}{Damaged}-{i}";
        Directory.Move(damaged, name);
        return name;
    }

    private void Refuse(int attempt)
    {
        Claim?.Ensure();
        var fence = Path.Combine(folder, FenceFile);
        if (!File.Exists(fence))
            return;
        if (!int.TryParse(File.ReadAllText(fence), CultureInfo.InvariantCulture, out var newest))
            throw new CheckpointException($"{fence}: not the number of an attempt; write {attempt} into it when no other attempt is alive");
        if (newest > attempt)
            throw new StaleAttemptException(folder, attempt, newest);
    }

    private void CheckSpace(long bytes)
    {
        const double mib = 1 << 20;
        if (!HasRoom(bytes, out var free))
        {
            throw new NoSpaceException(string.Create(CultureInfo.InvariantCulture,
                $"{folder}: a checkpoint needs {bytes / mib:0.#} MiB, {free / mib:0.#} MiB are free; free space on the store or lower checkpoints.keep"));
        }
    }

    private bool HasRoom(long bytes, out long free)
    {
        free = new DriveInfo(folder).AvailableFreeSpace;
        return free >= bytes;
    }
}
