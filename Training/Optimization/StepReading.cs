using Bam.Contracts.Status;

namespace Bam.Training.Optimization;

/// <summary>Numbers of a step, read back from the device.</summary>
public sealed record StepReading
{
    /// <summary>Steps finished when it was read.</summary>
    public required long Step { get; init; }

    /// <summary>Mean negative log-likelihood in nats a token, without auxiliary losses.</summary>
    public required double Loss { get; init; }

    /// <summary>The same, mean over the steps since the reading before.</summary>
    public double MeanLoss { get; init; }

    /// <summary>Norm of the gradient before clipping.</summary>
    public required double GradientNorm { get; init; }

    public required double LearningRate { get; init; }

    /// <summary>Load-balancing loss, mean over layers; null for a dense model.</summary>
    public double? Balance { get; init; }

    /// <summary>Router z-loss, mean over layers; null for a dense model.</summary>
    public double? Z { get; init; }

    /// <summary>What the routers did in this step, a layer each; empty for a dense model.</summary>
    public IReadOnlyList<RouterUse> Routing { get; init; } = [];
}
