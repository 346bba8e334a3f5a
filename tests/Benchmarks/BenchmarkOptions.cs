using System.Globalization;
using System.Text.Json;
using Bam.Contracts.Runs;

namespace Bam.Benchmarks;

/// <summary>What to measure on.</summary>
internal sealed record BenchmarkOptions
{
    public static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <summary>A result a line.</summary>
    public static readonly JsonSerializerOptions Line = new(Json) { WriteIndented = false };

    public string Device { get; private init; } = "cpu";

    public string Model { get; private init; } = "tiny";

    public int Batch { get; private init; } = 16;

    public int Steps { get; private init; } = 80;

    public int Rounds { get; private init; } = 3;

    public int Threads { get; private init; } = 1;

    /// <summary>Dense models of a mix.</summary>
    public int Experts { get; private init; } = 4;

    /// <summary>Step to measure: fused, twins for the same in torch's operations, or plain for autograd.</summary>
    public string StepKind { get; private init; } = "fused";

    public bool Profile { get; private init; }

    public bool Recompute { get; private init; }

    public Precision OptimizerStates { get; private init; }

    /// <summary>File whose bytes are trained on.</summary>
    public string Text { get; private init; } = "";

    /// <summary>Where a mix or a cluster finds room for its files.</summary>
    public string Folder { get; private init; } = Path.GetTempPath();

    /// <summary>GPUs that branches are spread over, such as 0,1; null for CPU slots.</summary>
    public string? Gpus { get; private init; }

    /// <summary>CPU slots that branches are spread over, one core each; not with <see cref="Gpus"/>.</summary>
    public int Silos { get; private init; } = 2;

    /// <summary>Branches that are spread over the devices.</summary>
    public int Branches { get; private init; } = 4;

    /// <summary>First port of a cluster; null for free ones.</summary>
    public int? PortBase { get; private init; }

    /// <summary>Whether the output is JSON where there is a table too.</summary>
    public bool IsJson { get; private init; }

    /// <summary>Length of a measurement of training.</summary>
    public double Minutes { get; private init; } = 5;

    public static BenchmarkOptions Parse(string[] args)
    {
        var given = args.Where(argument => argument != "--json").Chunk(2).ToDictionary(pair => pair[0], pair => pair.Length > 1 ? pair[1] : "");
        int Number(string name, int otherwise) => given.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
        return new BenchmarkOptions
        {
            Device = given.GetValueOrDefault("--device", "cpu"),
            Model = given.GetValueOrDefault("--preset") ?? given.GetValueOrDefault("--model", "tiny"),
            Batch = Number("--batch", 16),
            Steps = Number("--steps", 80),
            Rounds = Number("--rounds", 3),
            Threads = Number("--threads", 1),
            Experts = Number("--experts", 4),
            StepKind = given.GetValueOrDefault("--path", "fused"),
            Profile = given.GetValueOrDefault("--profile") == "on",
            Recompute = given.GetValueOrDefault("--recompute") == "on",
            OptimizerStates = given.GetValueOrDefault("--optimizer-states") == "bf16" ? Precision.BFloat16 : Precision.Float32,
            Text = given.GetValueOrDefault("--text", ""),
            Minutes = double.Parse(given.GetValueOrDefault("--minutes", "5"), CultureInfo.InvariantCulture),
            Folder = given.GetValueOrDefault("--folder", Path.GetTempPath()),
            Gpus = given.GetValueOrDefault("--gpus"),
            Silos = Number("--silos", 2),
            Branches = Number("--branches", 4),
            PortBase = given.ContainsKey("--port-base") ? Number("--port-base", 0) : null,
            IsJson = args.Contains("--json"),
        };
    }

    public ModelSpec Shape() => Model switch
    {
        "tiny" => new() { Layers = 4, Width = 128, Heads = 4, KvHeads = 4, Ffn = 352, Context = 128 },
        "small" => new() { Layers = 6, Width = 256, Heads = 8, KvHeads = 8, Ffn = 704, Context = 256 },
        "12m" => new() { Layers = 6, Width = 384, Heads = 6, KvHeads = 6, Ffn = 1024, Context = 256, Vocab = 4096 },
        "110m" => new() { Layers = 12, Width = 768, Heads = 12, KvHeads = 12, Ffn = 2048, Context = 1024, Vocab = 32_768 },
        "518m" => new() { Layers = 24, Width = 1280, Heads = 20, KvHeads = 20, Ffn = 3456, Context = 2048, Vocab = 32_768 },
        "paper-590m" => new() { Layers = 6, Width = 1024, Heads = 8, KvHeads = 8, Ffn = 2048, Context = 2048, Vocab = 256_000, Tied = false },
        _ => throw new ArgumentException($"no model '{Model}'"),
    };

    public TrainSpec Train() => new() { Batch = Batch, Precision = Device == "cpu" ? Precision.Float32 : Precision.BFloat16 };
}
