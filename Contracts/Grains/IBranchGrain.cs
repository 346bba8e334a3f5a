namespace Bam.Contracts.Grains;

/// <summary>Trains one dense model: the seed model or a branch. Key: <c>run/branch</c>.</summary>
[Alias("bam.IBranchGrain")]
public interface IBranchGrain : ITrainingGrain;
