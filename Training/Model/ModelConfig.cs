using System.Text.Json;
using System.Text.Json.Serialization;
using Bam.Contracts.Runs;

namespace Bam.Training.Model;

/// <summary>
/// Everything that fixes a model's tensors and arithmetic: the content of <c>config.json</c> (design.md, section 7).
/// A dense model has no experts; a mixture has one per source.
/// </summary>
public sealed record ModelConfig
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.General)
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    public Architecture Architecture => Experts == 0 ? Architecture.Dense : Architecture.Mixture;

    public required int Vocab { get; init; }

    public required int Layers { get; init; }

    public required int Width { get; init; }

    public required int Heads { get; init; }

    public required int KvHeads { get; init; }

    public required int Ffn { get; init; }

    public required int Context { get; init; }

    public double RopeTheta { get; init; } = 10_000;

    public bool RopeInterleaved { get; init; } = true;

    [JsonConverter(typeof(NormNameConverter))]
    public NormKind Norm { get; init; }

    public double NormEps { get; init; } = 1e-5;

    public bool Tied { get; init; } = true;

    /// <summary>Experts E of a mixture; 0 for a dense model.</summary>
    public int Experts { get; init; }

    public AttentionMode Attention { get; init; } = AttentionMode.Soft;

    public KvMode Kv { get; init; } = KvMode.Experts;

    public int FfnTopK { get; init; } = 1;

    public bool FfnRenormalise { get; init; }

    /// <summary>Whether the gates of top-1 or top-2 attention are scaled to sum to 1; left out of the file when they are not.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool AttentionRenormalise { get; init; }

    /// <summary>Tokenizer that the model was trained with.</summary>
    public string Tokenizer { get; init; } = "bytes";

    /// <summary>Names of the sources of a mixture's experts, in order; null for a dense model.</summary>
    public IReadOnlyList<string>? ExpertNames { get; init; }

    [JsonIgnore] public int HeadWidth => Width / Heads;

    /// <summary>Experts that attend: E when attention is routed, else one.</summary>
    [JsonIgnore] public int AttentionExperts => RoutesAttention ? Experts : 1;

    /// <summary>Sets of keys and values: E with KV experts, else one.</summary>
    [JsonIgnore] public int KvExperts => Kv == KvMode.Experts ? AttentionExperts : 1;

    /// <summary>Whether attention has experts and a router.</summary>
    [JsonIgnore] public bool RoutesAttention => Experts > 0 && Attention is (AttentionMode.Soft or AttentionMode.Top1 or AttentionMode.Top2);

    /// <summary>Attention experts that a token hears.</summary>
    [JsonIgnore]
    public int AttentionTopK => Attention switch
    {
        AttentionMode.Top1 => 1,
        AttentionMode.Top2 => Math.Min(2, AttentionExperts),
        _ => AttentionExperts,
    };

    /// <summary>The dense model of a run file's shape.</summary>
    /// <param name="shape">Validated shape.</param>
    /// <param name="tokenizer">Name of the tokenizer.</param>
    /// <param name="vocab">Its vocabulary; rounded up to a multiple of 64 unless the shape states one.</param>
    public static ModelConfig Dense(ModelSpec shape, string tokenizer, int vocab) => new()
    {
        Vocab = shape.Vocab > 0 ? shape.Vocab : (vocab + 63) / 64 * 64,
        Layers = shape.Layers,
        Width = shape.Width,
        Heads = shape.Heads,
        KvHeads = shape.KvHeads,
        Ffn = shape.Ffn,
        Context = shape.Context,
        RopeTheta = shape.RopeTheta,
        RopeInterleaved = shape.RopeInterleaved,
        Norm = shape.Norm,
        NormEps = shape.NormEps,
        Tied = shape.Tied,
        Tokenizer = tokenizer,
    };

    /// <summary>The mixture of models of this shape; for a dense rival and for the members of an ensemble, this shape itself.</summary>
    /// <param name="spec">Experts and routing.</param>
    public ModelConfig Mixture(MixtureSpec spec) => spec.Kind != MixtureKind.Upcycled ? this : this with
    {
        Experts = spec.Experts.Count,
        ExpertNames = spec.Experts,
        Attention = spec.Attention,
        Kv = spec.Kv,
        FfnTopK = spec.FfnTopK,
        FfnRenormalise = spec.FfnRenormalise,
        AttentionRenormalise = spec.AttentionRenormalise,
    };

    /// <summary>What keeps two dense models from being mixed, or one from being the other's seed: keys of <c>config.json</c> that differ.</summary>
    public IReadOnlyList<(string Key, object Here, object There)> Differences(ModelConfig other)
    {
        (string Key, Func<ModelConfig, object> Of)[] facts =
        [
            ("layers", config => config.Layers), ("width", config => config.Width), ("heads", config => config.Heads),
            ("kv_heads", config => config.KvHeads), ("ffn", config => config.Ffn), ("context", config => config.Context),
            ("vocab", config => config.Vocab), ("tied", config => config.Tied), ("norm", config => config.Norm),
            ("norm_eps", config => config.NormEps), ("rope_theta", config => config.RopeTheta),
            ("rope_interleaved", config => config.RopeInterleaved), ("tokenizer", config => config.Tokenizer),
        ];
        return [.. facts.Select(fact => (fact.Key, fact.Of(this), fact.Of(other))).Where(fact => !fact.Item2.Equals(fact.Item3))];
    }

    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <exception cref="InvalidDataException">The text is not a model configuration; the message says where and why.</exception>
    public static ModelConfig FromJson(string text, string source)
    {
        try
        {
            var config = JsonSerializer.Deserialize<ModelConfig>(text, Json)
                ?? throw new InvalidDataException($"{source}: the document is null");
            return config.Problem(text) is { } problem ? throw new InvalidDataException($"{source}: {problem}") : config;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{source}:{e.LineNumber + 1}: not a model configuration: {e.Message.Split(" Path:")[0]}", e);
        }
    }

    /// <summary>What makes the model impossible; null for nothing.</summary>
    private string? Problem(string text)
    {
        using var document = JsonDocument.Parse(text);
        var stated = document.RootElement.TryGetProperty("architecture", out var value) ? value.ToString() : "missing";
        var meant = Experts == 0 ? "dense" : "mixture";
        (string Key, int Value)[] sizes =
        [
            ("vocab", Vocab), ("layers", Layers), ("width", Width), ("heads", Heads),
            ("kv_heads", KvHeads), ("ffn", Ffn), ("context", Context),
        ];
        if (sizes.FirstOrDefault(size => size.Value < 1) is { Key: { } key } wrong)
            return $"{key} is {wrong.Value}; it must be at least 1";
        if (Experts < 0)
            return $"experts is {Experts}; it must be 0 or more";
        if (stated != meant)
            return $"architecture is {stated}; with {Experts} experts it must be {meant}";
        if (Width % Heads != 0 || HeadWidth % 2 != 0)
            return $"heads is {Heads}; width {Width} must be an even multiple of it";
        if (Heads % KvHeads != 0)
            return $"kv_heads is {KvHeads}; it must divide heads {Heads}";
        if (Experts > 0 && (FfnTopK < 1 || FfnTopK > Experts))
            return $"ffn_top_k is {FfnTopK}; with {Experts} experts it must be from 1 to that";
        return null;
    }

    /// <summary><c>layernorm</c>, <c>rmsnorm</c>: one word in the contract.</summary>
    private sealed class NormNameConverter : JsonConverter<NormKind>
    {
        public override NormKind Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => reader.GetString() switch
        {
            "layernorm" => NormKind.LayerNorm,
            "rmsnorm" => NormKind.RmsNorm,
            var other => throw new JsonException($"norm '{other}' is neither 'layernorm' nor 'rmsnorm'"),
        };

        public override void Write(Utf8JsonWriter writer, NormKind value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value == NormKind.RmsNorm ? "rmsnorm" : "layernorm");
    }
}
