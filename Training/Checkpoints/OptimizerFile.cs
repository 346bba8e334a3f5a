using System.Runtime.InteropServices;
using Bam.Training.Model;
using Bam.Training.Optimization;
using static TorchSharp.torch;

namespace Bam.Training.Checkpoints;

/// <summary>Names of the optimizer's tensors in <c>optimizer.safetensors</c>, and how they come back.</summary>
internal static class OptimizerFile
{
    public const string Steps = "steps";

    public static string First(TensorSpec tensor) => $"first.{tensor.Name}";

    public static string Second(TensorSpec tensor) => $"second.{tensor.Name}";

    /// <summary>Sets moments and step count from a file.</summary>
    public static void Load(SafeTensorsFile file, AdamW optimizer, IReadOnlyList<TensorSpec> tensors)
    {
        using var quiet = no_grad();
        for (var i = 0; i < tensors.Count; i++)
        {
            Copy(file, First(tensors[i]), optimizer.FirstMoments[i]);
            Copy(file, Second(tensors[i]), optimizer.SecondMoments[i]);
        }

        Copy(file, Steps, optimizer.Steps);
    }

    private static void Copy(SafeTensorsFile file, string name, Tensor into)
    {
        using var scope = NewDisposeScope();
        var staged = empty(into.shape, ScalarType.Float32);
        file.Read(name, MemoryMarshal.Cast<byte, float>(staged.bytes));
        into.copy_(staged);
    }
}
