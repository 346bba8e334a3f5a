namespace Bam.Silo.Page;

/// <summary>The JSON of whatever is not answered.</summary>
/// <param name="Error">One line: what, and what helps.</param>
internal sealed record Refusal(string Error);
