using System.Text.Json;
using Bam.Contracts.Status;

namespace Bam.Client.Verbs;

/// <summary>The documents of <c>--json</c>, in the form of <see cref="StatusJson"/>.</summary>
internal static class JsonOutput
{
    private static readonly JsonSerializerOptions Options = new(StatusJson.Options) { WriteIndented = true };

    /// <summary>The document, and a line end.</summary>
    public static void Write<T>(TextWriter output, T document) => output.WriteLine(JsonSerializer.Serialize(document, Options));

    /// <summary>The document as a tree.</summary>
    public static JsonElement Tree<T>(T document) => JsonSerializer.SerializeToElement(document, Options);

    /// <summary>The word that stands for a value in a document.</summary>
    public static string Word<T>(T value)
        where T : struct, Enum => JsonSerializer.SerializeToElement(value, Options).GetString()!;
}
