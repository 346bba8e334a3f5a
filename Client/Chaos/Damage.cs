using Bam.Training.Checkpoints;

namespace Bam.Client.Chaos;

/// <summary>Ways in which a checkpoint's files go bad.</summary>
internal static class Damage
{
    private static readonly (string Name, Func<string, Random, string> Do)[] Ways =
    [
        ("flip a bit of", FlipBit), ("truncate", Truncate), ("append to", Append), ("empty", Empty), ("delete", Delete), ("swap", Swap),
    ];

    /// <summary>Damages a checkpoint in a way that is drawn.</summary>
    /// <returns>What was done, such as <c>flip a bit of optimizer.safetensors</c>.</returns>
    public static string Do(string folder, Random random)
    {
        var (name, way) = Ways[random.Next(Ways.Length)];
        return $"{name} {way(folder, random)}";
    }

    private static string FlipBit(string folder, Random random)
    {
        var path = Pick(folder, random);
        using var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = random.NextInt64(file.Length);
        var flipped = (byte)(file.ReadByte() ^ (1 << random.Next(8)));
        file.Position--;
        file.WriteByte(flipped);
        return Path.GetFileName(path);
    }

    private static string Truncate(string folder, Random random)
    {
        var path = Pick(folder, random);
        using var file = File.Open(path, FileMode.Open, FileAccess.Write);
        file.SetLength(random.NextInt64(file.Length));
        return Path.GetFileName(path);
    }

    private static string Append(string folder, Random random)
    {
        var path = Pick(folder, random);
        File.AppendAllText(path, "more");
        return Path.GetFileName(path);
    }

    private static string Empty(string folder, Random random)
    {
        var path = Pick(folder, random);
        File.WriteAllBytes(path, []);
        return Path.GetFileName(path);
    }

    private static string Delete(string folder, Random random)
    {
        var path = Pick(folder, random);
        File.Delete(path);
        return Path.GetFileName(path);
    }

    private static string Swap(string folder, Random random)
    {
        string model = Path.Combine(folder, Checkpoint.ModelFile), moments = Path.Combine(folder, Checkpoint.OptimizerFile);
        if (!File.Exists(moments))
            return FlipBit(folder, random);   // a mixture's step 0 has no moments
        var aside = Path.Combine(folder, "aside");
        File.Move(model, aside);
        File.Move(moments, model);
        File.Move(aside, moments);
        return $"{Checkpoint.ModelFile} and {Checkpoint.OptimizerFile}";
    }

    // Not the manifest: nothing covers its bytes, and without it there is no checkpoint that could be found damaged.
    private static string Pick(string folder, Random random)
    {
        var files = Directory.GetFiles(folder).Where(path => Path.GetFileName(path) != CheckpointManifest.FileName && new FileInfo(path).Length > 0)
            .Order(StringComparer.Ordinal).ToArray();
        return files[random.Next(files.Length)];
    }
}
