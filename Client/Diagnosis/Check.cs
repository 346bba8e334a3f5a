namespace Bam.Client.Diagnosis;

/// <summary>One line of <c>bam doctor</c>.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="Verdict">How it stands.</param>
/// <param name="Found">What was found.</param>
/// <param name="Fix">What to do about it; null when nothing is to be done.</param>
internal sealed record Check(string Name, Verdict Verdict, string Found, string? Fix = null);
