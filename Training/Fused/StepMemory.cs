using Bam.Contracts.Runs;
using Bam.Training.Kernels;
using Bam.Training.Model;

namespace Bam.Training.Fused;

/// <summary>
/// Bytes on the GPU of a training whose step is written out, from the shape alone: what <see cref="FusedStep"/> and its parts take, a term for each.
/// </summary>
/// <param name="Weights">float32 masters.</param>
/// <param name="Copies">bfloat16 working copies.</param>
/// <param name="Moments">Adam's two.</param>
/// <param name="Gradients">bfloat16, of all weights.</param>
/// <param name="Activations">What blocks keep for the backward pass, what passes between them, the workspace of products, and what a recording takes.</param>
public sealed record StepMemory(long Weights, long Copies, long Moments, long Gradients, long Activations)
{
    private const int Half = sizeof(ushort), Wide = sizeof(float), Whole = sizeof(long);

    /// <returns>Null where the step is not written out: in float32, and for shapes that it does not serve.</returns>
    public static StepMemory? Of(ModelConfig config, TrainSpec train)
    {
        if (train.Precision != Precision.BFloat16 || !FusedStep.Fits(config))
            return null;
        var layout = FlatLayout.Of(config);
        var count = layout.Count;
        var experts = Half * layout.Pieces.Where(piece => piece.Groups > 1).Sum(piece => piece.Count);
        var gradients = Half * layout.Pieces.Sum(piece => piece.Count);
        var shape = new StepShape(config, train.Batch);
        var blocks = train.Recompute ? 1 : config.Layers;

        // What the first block's backward pass frees makes room for the experts' gradients, which come to be there.
        var outside = Math.Max(blocks * KeptOutside(shape), experts) + Passing(shape);
        var passing = outside - experts + CudaProducts.WorkspaceBytes;
        if (StepRecorder.IsWorthIt(config, train.Batch))
            passing += 2 * outside;                                                 // a trial and the recording have their own
        var moment = train.OptimizerStates == Precision.BFloat16 ? Half : Wide;
        return new(Wide * count, Half * count, 2 * moment * count, gradients, Held(config, train) + passing);
    }

    /// <summary>What a step holds all the time but for gradients: the arena.</summary>
    internal static long Held(ModelConfig config, TrainSpec train)
    {
        var shape = new StepShape(config, train.Batch);
        long tokens = shape.Tokens, width = config.Width;
        var between = Half * tokens * width * (config.Layers + 1)                   // residual streams
            + Wide * 2L * config.Layers                                             // routers' losses
            + Wide * (long)config.Context * config.HeadWidth;                       // angles
        var head = Half * tokens / FusedStep.HeadParts(shape) * config.Vocab        // logits
            + Half * tokens * width + Wide * (2 * tokens)                           // last norm
            + 2 * Whole * tokens + Wide * tokens + Wide * 2;                        // ids, targets, losses
        return (train.Recompute ? 1 : config.Layers) * Block(shape) + Backward(shape) + between + head;
    }

    /// <summary>BlockMemory.</summary>
    private static long Block(StepShape shape)
    {
        var config = shape.Config;
        long tokens = shape.Tokens, query = shape.QueryWidth, experts = config.Experts, rows = shape.FfnRows;
        var bytes = Half * tokens * (config.Width + FlatLayout.Columns(config).Count) + Wide * 2 * tokens;
        if (shape.Heads.Regrouped)
            bytes += Half * tokens * query;
        if (config.RoutesAttention)
            bytes += Half * tokens * query + Wide * tokens * experts;
        if (experts == 0)
            return bytes + Half * tokens * shape.OutWidth;
        var counted = (tokens + Routes.TokensPerBlock - 1) / Routes.TokensPerBlock;
        var routes = Wide * (tokens * experts + tokens + 5 * rows + 2 * experts + counted * (2 * experts + 1));
        return bytes + Half * rows * (config.Width + config.Ffn) + routes;
    }

    /// <summary>BackwardMemory.</summary>
    private static long Backward(StepShape shape)
    {
        var config = shape.Config;
        long tokens = shape.Tokens, rows = shape.FfnRows;
        return Half * tokens * (2 * config.Width + shape.OutWidth)
            + (config.RoutesAttention ? Half * tokens * shape.QueryWidth : 0)
            + (config.Experts > 0 ? Half * rows * config.Width + Wide * rows : 0);
    }

    /// <summary>What operators give a block to keep: attention's output and logsumexps, the experts' gate and up.</summary>
    private static long KeptOutside(StepShape shape)
    {
        var config = shape.Config;
        long tokens = shape.Tokens, query = shape.QueryWidth;
        return Half * tokens * query + Wide * tokens * (query / config.HeadWidth) + (config.Experts > 0 ? Half * 2L * shape.FfnRows * config.Ffn : 0);
    }

    /// <summary>What operators give one block's backward pass: gradients of q, k and v, of the experts' hidden numbers and rows.</summary>
    private static long Passing(StepShape shape)
    {
        var config = shape.Config;
        long tokens = shape.Tokens;
        return Half * tokens * (shape.QueryWidth + 2L * shape.KeyWidth)
            + Wide * tokens * shape.QueryWidth                                      // attention sums the gradient of q in float32
            + (config.Experts > 0 ? Half * shape.FfnRows * (config.Ffn + 2L * config.Width) : 0);
    }
}
