namespace Bam.Client.Reports;

/// <summary>Something that happened to a model at one moment.</summary>
/// <param name="IsMishap">Whether it is a mishap; else it is a checkpoint.</param>
internal sealed record MemberMark(string Member, DateTimeOffset Time, bool IsMishap);
