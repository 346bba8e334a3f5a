using System.Security.Cryptography;

namespace Bam.Training.Native;

/// <summary>
/// Keeps a patched copy of <c>libLibTorchSharp.so</c>, named by the hash of its content, in the user's cache. Two patches, both measured:
/// the marker GLIBCXX_3.4.32, which nothing calls, becomes weak, so that Debian 12 loads it; and freeing a Scalar becomes a no-op,
/// because TorchSharp's finalizer frees implicit Scalars that native code still reads.
/// </summary>
internal static class ShimCache
{
    private const string Scheme = "2";

    /// <summary>Path of the patched copy of <paramref name="original"/>, made when it is not there.</summary>
    /// <param name="original">The library as it was delivered.</param>
    /// <param name="roots">Folders for caches, the best first; the first that can be written is taken.</param>
    /// <exception cref="TorchLibraryException">No folder can be written.</exception>
    public static string Prepare(string original, IEnumerable<string> roots)
    {
        var image = File.ReadAllBytes(original);
        ElfPatch.WeakenVersion(image, "GLIBCXX_3.4.32");
        ElfPatch.ReturnAtOnce(image, "THSTorch_dispose_scalar");
        var name = $"{Scheme}-{Convert.ToHexStringLower(SHA256.HashData(image))[..16]}";
        foreach (var root in roots)
        {
            var path = Path.Combine(root, "bam", "native", name, Path.GetFileName(original));
            try
            {
                if (File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(image))
                    return path;
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                var aside = $"{path}.{Guid.NewGuid():n}";
                File.WriteAllBytes(aside, image);
                File.Move(aside, path, overwrite: true);
                return path;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A read-only home is common in containers: the next root will do.
            }
        }

        throw new TorchLibraryException($"no folder for a copy of {original}: set XDG_CACHE_HOME to a folder that can be written");
    }

    /// <summary>The user's cache folders, then the one for temporary files.</summary>
    public static IEnumerable<string> Roots()
    {
        if (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache)
            yield return cache;
        if (Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } home)
            yield return Path.Combine(home, ".cache");
        yield return Path.GetTempPath();
    }
}
