namespace Bam.Training.Data;

/// <summary>What a manifest says of one split.</summary>
/// <param name="Documents">Documents that were kept.</param>
/// <param name="Tokens">Tokens, one end of document after each document included.</param>
/// <param name="TextBytes">UTF-8 bytes of the text.</param>
/// <param name="DroppedDuplicates">Training documents left out because the validation split has the same text.</param>
public sealed record SplitFacts(long Documents, long Tokens, long TextBytes, long DroppedDuplicates);
