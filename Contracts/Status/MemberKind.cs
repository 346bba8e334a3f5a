namespace Bam.Contracts.Status;

/// <summary>What a trained model is to its run.</summary>
[GenerateSerializer, Alias("bam.MemberKind")]
public enum MemberKind
{
    Seed,
    Branch,
    Mixture,
}
