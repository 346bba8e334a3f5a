using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Bam.Grains.Runs;

/// <summary>Compares parts of run specifications by content; records compare their lists by reference.</summary>
internal static class RunSpecs
{
    private static readonly JsonSerializerOptions InWordsOfTheRunFile = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static bool AreEqual<T>(T left, T right) => JsonSerializer.Serialize(left) == JsonSerializer.Serialize(right);

    /// <summary>The first thing that differs, such as <c>steps (30, was 24)</c>; null for nothing.</summary>
    public static string? Difference<T>(T known, T asked) => Difference(
        JsonSerializer.SerializeToNode(known, InWordsOfTheRunFile), JsonSerializer.SerializeToNode(asked, InWordsOfTheRunFile), "kind");

    private static string? Difference(JsonNode? was, JsonNode? now, string key) => (was, now) switch
    {
        _ when JsonNode.DeepEquals(was, now) => null,
        (JsonObject, JsonObject) => was.AsObject().Select(field => Difference(field.Value, now[field.Key], field.Key)).First(field => field is not null),
        (JsonArray, JsonArray) => key,
        _ => $"{key} ({now?.ToString() ?? "none"}, was {was?.ToString() ?? "none"})",
    };
}
