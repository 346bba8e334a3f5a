using System.Security.Cryptography;
using System.Text.Json;

namespace Bam.Cluster.Faults;

/// <summary>What must hold of a model's checkpoints, read from the files alone (docs/checkpoints.md).</summary>
internal static class StoreChecks
{
    /// <summary>Published checkpoints of a model, oldest first: those with a manifest.</summary>
    public static IReadOnlyList<string> Published(string store) =>
    [
        .. Directory.EnumerateDirectories(store, "step-*").Where(folder => !folder.Contains(".corrupt", StringComparison.Ordinal)
            && File.Exists(Path.Combine(folder, "manifest.json"))).Order(StringComparer.Ordinal),
    ];

    /// <summary>
    /// Every published checkpoint is what its manifest says and has only finite numbers; attempts never decrease from step to step; every
    /// window was trained once.
    /// </summary>
    public static void AssertSound(string store, int batch, int context)
    {
        var attempts = new List<int>();
        foreach (var folder in Published(store))
        {
            var manifest = Read(Path.Combine(folder, "manifest.json"));
            attempts.Add(manifest.GetProperty("attempt").GetInt32());
            foreach (var file in manifest.GetProperty("files").EnumerateObject())
            {
                var path = Path.Combine(folder, file.Name);
                Assert.Equal(file.Value.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))));
                if (path.EndsWith(".safetensors", StringComparison.Ordinal))
                    Assert.True(AllFinite(path), $"{path} has numbers that are not finite");
            }

            if (!manifest.GetProperty("files").TryGetProperty("state.json", out _))
                continue;   // a mixture's step 0
            var state = Read(Path.Combine(folder, "state.json"));
            long step = state.GetProperty("step").GetInt64(), windows = state.GetProperty("windows").GetInt64();
            var skipped = state.TryGetProperty("skipped_batches", out var list) ? list.GetArrayLength() : 0;
            Assert.Equal(step * batch * context, state.GetProperty("tokens").GetInt64());
            Assert.Equal((step + skipped) * batch, windows);
        }

        Assert.NotEmpty(attempts);
        Assert.Equal(attempts.Order(), attempts);
        Assert.Empty(Directory.EnumerateFileSystemEntries(store, ".tmp-*"));
    }

    private static JsonElement Read(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.Clone();
    }

    // All tensors of our checkpoints are float32.
    private static bool AllFinite(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var data = bytes.AsSpan(8 + (int)BitConverter.ToInt64(bytes));
        foreach (var value in System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(data[..(data.Length / 4 * 4)]))
        {
            if (!float.IsFinite(value))
                return false;
        }

        return true;
    }
}
