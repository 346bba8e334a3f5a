namespace Bam.Contracts.Runs;

/// <summary>What an entry of a run's mixtures is: the method itself, or a rival from the same dense models.</summary>
[GenerateSerializer, Alias("bam.MixtureKind")]
public enum MixtureKind
{
    /// <summary>A Mixture of Experts built from dense models: BAM, BTX, sparse upcycling.</summary>
    Upcycled,

    /// <summary>One dense model, trained further on the mixture's data.</summary>
    Dense,

    /// <summary>The dense models side by side, their predictions weighed by how well each has predicted so far (BTM); never trained.</summary>
    Ensemble,
}
