using System.Security.Cryptography;
using Bam.Client.Clusters;
using Bam.Training.Checkpoints;
using Bam.Training.Mixing;

namespace Bam.Client.Exports;

/// <summary>Copies what another program needs of a model, and holds every byte of the copy against its source.</summary>
internal static class ModelExport
{
    /// <summary>Weights and configuration; then what a model may have: its tokenizer, and how it was mixed.</summary>
    private static readonly string[] Files = [Checkpoint.ModelFile, Checkpoint.ConfigFile, "tokenizer.tiktoken", MixReceipt.FileName];

    /// <summary>Copies a model into a folder, which appears when it is whole.</summary>
    /// <param name="model">Folder with <c>model.safetensors</c> and <c>config.json</c>.</param>
    /// <param name="target">Absolute path of a folder that is empty or does not exist.</param>
    /// <param name="cancellation">Leaves nothing behind.</param>
    /// <exception cref="UserException">The target is taken, or the copy is not what it should be.</exception>
    /// <exception cref="CheckpointException">The model is damaged.</exception>
    public static IReadOnlyList<ExportedFile> Copy(string model, string target, CancellationToken cancellation)
    {
        if (File.Exists(target)) throw new UserException($"--out: {target} is a file; give a folder that does not exist yet", 2);
        if (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any())
            throw new UserException($"--out: {target} is not empty; give another folder, or empty this one", 2);
        ModelFolder.Verify(model);

        target = Path.TrimEndingDirectorySeparator(target);
        var aside = $"{target}.tmp-{Guid.NewGuid():n}";
        try
        {
            Directory.CreateDirectory(aside);
            IReadOnlyList<ExportedFile> copied =
                [.. Files.Where(file => File.Exists(Path.Combine(model, file))).Select(file => Copy(model, aside, file, cancellation))];
            if (Directory.Exists(target)) Directory.Delete(target);
            Directory.Move(aside, target);
            return copied;
        }
        finally
        {
            if (Directory.Exists(aside)) Directory.Delete(aside, recursive: true);
        }
    }

    private static ExportedFile Copy(string model, string aside, string file, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var copy = Path.Combine(aside, file);
        File.Copy(Path.Combine(model, file), copy);
        var (original, copied) = (Hash(Path.Combine(model, file)), Hash(copy));
        return original == copied
            ? new(file, new FileInfo(copy).Length, copied)
            : throw new UserException($"{copy}: is not what it was copied from; look for a failing disk and try again", 1);
    }

    private static string Hash(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
