using System.Text.Json.Serialization;

namespace Bam.Training.Generation;

/// <summary>Why a continuation stopped.</summary>
public enum TextEnd
{
    /// <summary>The model ended the document.</summary>
    [JsonStringEnumMemberName("end_of_document")] EndOfDocument,

    /// <summary>It has as many tokens as were asked for.</summary>
    [JsonStringEnumMemberName("length")] Length,

    /// <summary>Prompt and continuation fill the model's context.</summary>
    [JsonStringEnumMemberName("context")] Context,
}
