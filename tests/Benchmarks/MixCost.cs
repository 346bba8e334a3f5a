using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Bam.Contracts.Runs;
using Bam.Training.Checkpoints;
using Bam.Training.Mixing;
using Bam.Training.Model;

namespace Bam.Benchmarks;

/// <summary>
/// Time, memory and traffic of mixing dense models of random weights, as the kernel counts them: the largest resident size since the start of
/// a mix, and the bytes passed to reads and writes.
/// </summary>
internal static class MixCost
{
    private static readonly MixtureSpec[] Mixtures =
    [
        new() { Name = "bam", Steps = 0 },
        new() { Name = "bam-shared", Steps = 0, Kv = KvMode.Shared },
        new() { Name = "btx", Steps = 0, Attention = AttentionMode.Averaged },
        new() { Name = "bam-reset", Steps = 0, FfnReinitialise = 0.5 },
    ];

    public sealed record Cost(string Mixture, long Parameters, double Seconds, double PeakMib, double ReadGB, double WrittenGB);

    public static List<Cost> Measure(BenchmarkOptions options)
    {
        var folder = Path.Combine(options.Folder, $"bam-mix-{Guid.NewGuid():n}");
        try
        {
            var config = ModelConfig.Dense(options.Shape(), "bytes", 257);
            var store = new CheckpointStore(folder);
            MixSource[] models = [.. Enumerable.Range(0, options.Experts).Select(i => Publish(store, config, $"model-{i}", i))];
            return [.. Mixtures.Select(mixture =>
            {
                var cost = Measure(models, mixture, store.Open("run", mixture.Name));
                Directory.Delete(store.Open("run", mixture.Name).Folder, recursive: true);
                return cost;
            })];
        }
        finally
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    private static Cost Measure(MixSource[] models, MixtureSpec mixture, MemberStore store)
    {
        GC.Collect();
        File.WriteAllText("/proc/self/clear_refs", "5");                       // VmHWM begins anew
        var (read, written) = (Count("io", "rchar"), Count("io", "wchar"));
        var began = Stopwatch.GetTimestamp();
        var mixed = Mixer.Mix(models, mixture, seed: 1, store);
        return new Cost(
            mixture.Name, TensorLayout.Parameters(mixed.Config), Math.Round(Stopwatch.GetElapsedTime(began).TotalSeconds, 1),
            Math.Round(Count("status", "VmHWM") / 1024.0), Math.Round((Count("io", "rchar") - read) / 1e9, 2), Math.Round((Count("io", "wchar") - written) / 1e9, 2));
    }

    /// <summary>A dense model of uniform weights: what they are does not matter, and normal ones would take longer than the mix.</summary>
    private static MixSource Publish(CheckpointStore store, ModelConfig config, string name, int seed)
    {
        var random = new Random(seed);
        var tensors = TensorLayout.Of(config);
        var buffer = new float[1 << 22];
        return new MixSource(name, store.Open("run", name).Publish(0, 0, null, bytes: 0, folder => new Dictionary<string, FileEntry>
        {
            [Checkpoint.ModelFile] = SafeTensorsWriter.Write(
                Path.Combine(folder, Checkpoint.ModelFile), [.. tensors.Select(tensor => (tensor.Name, tensor.Shape))], (i, write) =>
                {
                    for (var left = tensors[i].Count; left > 0; left -= buffer.Length)
                    {
                        var part = buffer.AsSpan(0, (int)Math.Min(left, buffer.Length));
                        random.NextBytes(MemoryMarshal.AsBytes(part));
                        foreach (ref var value in part)
                            value = BitConverter.SingleToInt32Bits(value) * (0.05f / int.MaxValue);
                        write(part);
                    }
                }),
            [Checkpoint.ConfigFile] = DurableFile.Write(
                Path.Combine(folder, Checkpoint.ConfigFile), System.Text.Encoding.UTF8.GetBytes(config.ToJson() + "\n")),
        }));
    }

    private static long Count(string file, string key) => long.Parse(
        File.ReadLines($"/proc/self/{file}").First(line => line.StartsWith($"{key}:", StringComparison.Ordinal))[(key.Length + 1)..]
            .Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
}
