using System.Text.Json;
using Bam.Client.RunFiles;
using Bam.Contracts.Runs;
using Bam.Training.Model;

namespace Bam.Client.Tests.RunFiles;

/// <summary>A folder of a test's own with data files, and a run file that is right until it is edited.</summary>
internal sealed class RunFolder : IDisposable
{
    /// <summary>design.md's example; the line numbers of the tests count in it.</summary>
    public const string Valid = """
        name: four-domains
        seed: 7
        tokenizer: bytes
        model:
          layers: 6
          width: 256
          heads: 8
          kv_heads: 8
          ffn: 704
          context: 256
        domains:
          general: { train: data/general.train.jsonl, validation: data/general.val.jsonl }
          law:     { train: data/law.train.jsonl }
          code:    { train: [data/code.train.jsonl, data/more/*.txt] }
        train: { batch: 16, learning_rate: 1e-3, warmup: 50, weight_decay: 0.1, precision: bf16 }
        seed_model: { domains: { general: 1 }, steps: 400 }
        branches:
          law:  { domains: { law: 0.9, general: 0.1 }, steps: 300 }
          code: { domains: { code: 9, general: 1 }, tokens: 4M }
        include_seed_as_expert: true
        mixtures:
          bam:        { attention: soft, kv: experts, ffn_top_k: 1, steps: 300 }
          bam-shared: { attention: soft, kv: shared,  ffn_top_k: 2, flops: 1e15, train: { batch: 8, precision: fp32 } }
          btx:        { attention: averaged, ffn_top_k: 1, steps: 300 }
        mixture_data: { general: 1, law: 1, code: 2 }
        checkpoints: { every: 100, keep: 3 }
        evaluate: { every: 100, tokens: 65536 }
        """;

    public RunFolder()
    {
        foreach (var file in new[] { "general.train.jsonl", "general.val.jsonl", "law.train.jsonl", "code.train.jsonl", "more/b.txt", "more/a.txt", "more/c.bin" })
        {
            var path = Path.Combine(Folder, "data", file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, "{\"text\":\"x\"}\n");
        }
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("bam-run-file-").FullName;

    public string RunFile => Path.Combine(Folder, "run.yaml");

    public RunSpec Read(string yaml)
    {
        File.WriteAllText(RunFile, yaml);
        return RunFileReader.Read(RunFile);
    }

    /// <summary>Reads the valid file with one place changed.</summary>
    public RunSpec Read(string old, string changed)
    {
        Assert.Contains(old, Valid, StringComparison.Ordinal);
        return Read(Valid.Replace(old, changed, StringComparison.Ordinal));
    }

    /// <summary>The problems of a wrong file, without the file's path.</summary>
    public string[] Problems(Func<RunFolder, RunSpec> read)
    {
        var wrong = Assert.Throws<RunFileException>(() => read(this));
        return [.. wrong.Message.Split('\n').Select(line => line.Replace($"{RunFile}:", "", StringComparison.Ordinal).Replace(Folder, "FOLDER", StringComparison.Ordinal))];
    }

    /// <summary>Makes the folder <c>seed</c> a dense model of this shape (small when none is given) with weights of zero.</summary>
    public void SeedCheckpoint(ModelSpec? shape = null)
    {
        var config = ModelConfig.Dense(shape ?? Presets.All["small"], "bytes", 257);
        var seed = Directory.CreateDirectory(Path.Combine(Folder, "seed")).FullName;
        File.WriteAllText(Path.Combine(seed, "config.json"), config.ToJson());
        WriteZeros(Path.Combine(seed, "model.safetensors"), TensorLayout.Of(config));
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>A safetensors file of the right names and shapes, all zeros: its length, a JSON header, a hole.</summary>
    private static void WriteZeros(string path, IReadOnlyList<TensorSpec> tensors)
    {
        var end = 0L;
        var header = JsonSerializer.SerializeToUtf8Bytes(tensors.ToDictionary(
            tensor => tensor.Name, tensor => new { dtype = "F32", shape = tensor.Shape, data_offsets = new[] { end, end += tensor.Count * 4 } }));
        using var file = File.Create(path);
        file.Write(BitConverter.GetBytes((ulong)header.Length));
        file.Write(header);
        file.SetLength(file.Length + end);
    }
}
