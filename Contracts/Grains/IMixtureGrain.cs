namespace Bam.Contracts.Grains;

/// <summary>Trains one mixture on all domains. Key: <c>run/mixture</c>.</summary>
[Alias("bam.IMixtureGrain")]
public interface IMixtureGrain : ITrainingGrain;
