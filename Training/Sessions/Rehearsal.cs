using System.Globalization;
using System.Runtime.InteropServices;
using Bam.Training.Fused;
using Bam.Training.Model;
using Bam.Training.Native;
using static TorchSharp.torch;

namespace Bam.Training.Sessions;

/// <summary>
/// One forward and backward pass over tokens without meaning, before any data is prepared: a batch that does not fit into the device's
/// memory is found out in seconds, not after hours of tokenising. It leaves weights and moments as they are.
/// </summary>
internal static class Rehearsal
{
    private static readonly string[] Shortages = ["out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory", "alloc_failed"];

    /// <exception cref="TrainingException">The step does not fit; the message names what to lower.</exception>
    public static void Run(Transformer model, TrainingJob job)
    {
        var (batch, context) = (job.Member.Train.Batch, model.Parameters.Config.Context);
        if ((long)batch * context > Array.MaxLength)
            throw Refusal(job, context, string.Create(CultureInfo.InvariantCulture, $"a step has at most {Array.MaxLength} tokens"));
        try
        {
            Step(model, job, batch, context);
        }
        catch (Exception e) when (Shortage(e) is { } reason)
        {
            throw Refusal(job, context, reason);
        }
    }

    /// <summary>What an exception says of memory, in one line; null when it is about something else.</summary>
    internal static string? Shortage(Exception e) => e switch
    {
        TorchRefusalException or OutOfMemoryException => e.Message,
        ExternalException when Shortages.Any(words => e.Message.Contains(words, StringComparison.OrdinalIgnoreCase)) => e.Message.Split('\n')[0],
        _ => null,
    };

    private static void Step(Transformer model, TrainingJob job, int batch, int context)
    {
        using var scope = NewDisposeScope();
        var parameters = model.Parameters;
        var train = job.Member.Train;
        var tokens = new long[batch * context];
        for (var i = 0; i < tokens.Length; i++)
            tokens[i] = i % parameters.Config.Vocab;
        if (parameters.Flat is not null)
        {
            using var kernels = FastPath.Kernels(parameters.Device);
            using var step = new FusedStep(parameters, kernels, batch, train.Recompute);
            step.Upload(tokens, tokens);
            step.Run(train.LoadBalance, train.RouterZ, job.Member.Freeze.At(0));
            _ = step.Loss(routers: false).Nll.item<float>();                   // a GPU refuses when it gets there
            return;
        }

        var inputs = tensor(tokens, [batch, context]).to(parameters.Device);   // [B, T]
        parameters.Freeze(job.Member.Freeze.At(0));
        var loss = model.Loss(inputs, inputs, new LossWeights(train.LoadBalance, train.RouterZ), model.Pass(inputs));
        loss.Total.backward();
        _ = loss.Nll.item<float>();                                            // a GPU refuses when it gets there
        foreach (var working in parameters.Working)
            working.grad = null;
    }

    private static TrainingException Refusal(TrainingJob job, int context, string reason) => new(
        $"{job.Member.Name}: a step of batch {job.Member.Train.Batch} and context {context} does not fit on {job.Device}; lower train.batch or model.context ({reason})",
        isFinal: true);
}
