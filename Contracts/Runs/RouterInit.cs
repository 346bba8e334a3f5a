namespace Bam.Contracts.Runs;

/// <summary>How the routers of a mixture begin.</summary>
[GenerateSerializer, Alias("bam.RouterInit")]
public enum RouterInit
{
    /// <summary>Normal numbers from the run's seed.</summary>
    Random,

    /// <summary>The ridge regression of each layer's hidden states on the domain that each expert was trained for.</summary>
    Ridge,
}
