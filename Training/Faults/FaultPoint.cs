namespace Bam.Training.Faults;

/// <summary>Where a fault can be ordered; in a file's name in kebab case, such as <c>save-weights</c>.</summary>
public enum FaultPoint
{
    /// <summary>A session begins.</summary>
    Prepare,

    /// <summary>Before a step's forward pass; its step is the number of steps done.</summary>
    Step,

    /// <summary>A save has copied the state and has created nothing yet.</summary>
    SaveStaged,

    /// <summary>A save has written the weights.</summary>
    SaveWeights,

    /// <summary>A save has written the optimizer's state.</summary>
    SaveOptimizer,

    /// <summary>A save has written the manifest and has not renamed the folder.</summary>
    SaveManifest,

    /// <summary>A save has renamed the folder and has not pruned.</summary>
    SavePublished,

    /// <summary>A save has pruned.</summary>
    SavePruned,

    /// <summary>A domain is about to be evaluated.</summary>
    Evaluate,

    /// <summary>A dense model is about to be verified for the mix.</summary>
    Gather,

    /// <summary>A mixture is about to be built.</summary>
    Mix,

    /// <summary>A mixture was published.</summary>
    Mixed,
}
