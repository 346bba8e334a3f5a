namespace Bam.Cluster;

/// <summary>What a <c>bam</c> process left.</summary>
internal sealed record BamOutcome(int ExitCode, string Output, string Error)
{
    public BamOutcome MustSucceed() => ExitCode == 0 ? this : throw new InvalidOperationException($"bam ended with {ExitCode}:\n{Output}\n{Error}");
}
