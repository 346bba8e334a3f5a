namespace Bam.Client.Reports;

/// <summary>What a model did for a while.</summary>
internal sealed record MemberSpan(string Member, SpanKind Kind, DateTimeOffset Begin, DateTimeOffset End);
