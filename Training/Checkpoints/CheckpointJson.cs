using System.Text.Json;
using System.Text.Json.Serialization;

namespace Bam.Training.Checkpoints;

/// <summary>How the JSON files of a checkpoint are written and read.</summary>
internal static class CheckpointJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        RespectNullableAnnotations = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    private static readonly JsonSerializerOptions Dense = new(Options) { WriteIndented = false };

    /// <summary>On one line: for what is long and for programs.</summary>
    public static byte[] WriteDense<T>(T value) => [.. JsonSerializer.SerializeToUtf8Bytes(value, Dense), (byte)'\n'];

    public static byte[] Write<T>(T value) => [.. JsonSerializer.SerializeToUtf8Bytes(value, Options), (byte)'\n'];

    /// <exception cref="CheckpointException">The file is missing or is not what it should be.</exception>
    public static T Read<T>(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllBytes(path), Options) ?? throw new JsonException("null");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path}: {e.Message.Split('\n')[0]}", e);
        }
    }
}
