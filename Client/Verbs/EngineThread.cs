using System.Runtime.ExceptionServices;
using Bam.Training.Checkpoints;
using Bam.Training.Model;
using Bam.Training.Native;
using static TorchSharp.torch;

namespace Bam.Client.Verbs;

/// <summary>A thread for the engine: torch keeps its state by thread, and the thread must have ended before the process does.</summary>
internal static class EngineThread
{
    /// <summary>Verifies and loads a model, on the GPU when libtorch has one, else on the CPU, and does the work with it on a thread of its own.</summary>
    /// <exception cref="CheckpointException">The model is damaged.</exception>
    public static T Run<T>(string name, string modelFolder, Func<Transformer, T> work) => Run(name, () =>
    {
        ModelFolder.Verify(modelFolder);
        TorchLibrary.Load();
        using var scope = NewDisposeScope();
        using var parameters = ModelFolder.Load(modelFolder, cuda.is_available() ? CUDA : CPU);
        using var model = new Transformer(parameters);
        return work(model);
    });

    /// <summary>Does the work on a thread of its own and waits for it; an exception comes back as it was thrown.</summary>
    public static T Run<T>(string name, Func<T> work)
    {
        T? result = default;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                result = work();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        })
        { Name = name };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result!;
    }
}
