using System.Text.Json;
using System.Text.Json.Serialization;

namespace Bam.Training.Data;

/// <summary>What a prepared domain was made from and what it holds: <c>manifest.json</c> beside the tokens.</summary>
public sealed record DataManifest
{
    /// <summary>Raised when what preparing gives, for the same sources, changes.</summary>
    internal const int CurrentFormat = 1;

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
    };

    public int Format { get; init; } = CurrentFormat;

    public required string Domain { get; init; }

    public required string Tokenizer { get; init; }

    public required DateTimeOffset PreparedAt { get; init; }

    /// <summary>Width of a token in the <c>.bin</c> files: 2 or 4.</summary>
    public required int TokenBytes { get; init; }

    public required IReadOnlyList<SourceFile> TrainSources { get; init; }

    /// <summary>Empty when validation was held out of the training sources.</summary>
    public required IReadOnlyList<SourceFile> ValidationSources { get; init; }

    /// <summary>Null when the domain was opened for evaluation alone.</summary>
    public required SplitFacts? Train { get; init; }

    public required SplitFacts Validation { get; init; }

    [JsonIgnore] internal long? TrainFileBytes => Train?.Tokens * TokenBytes;

    [JsonIgnore] internal long ValidationFileBytes => Validation.Tokens * TokenBytes;

    internal byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <returns>Null when the bytes are no manifest of this format.</returns>
    internal static DataManifest? TryParse(ReadOnlySpan<byte> json)
    {
        try
        {
            var manifest = JsonSerializer.Deserialize<DataManifest>(json, Json);
            return manifest is { Format: CurrentFormat, TokenBytes: 2 or 4, Validation.Tokens: > 0, Train: null or { Tokens: > 0 } }
                ? manifest
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
