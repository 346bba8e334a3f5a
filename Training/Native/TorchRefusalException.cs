namespace Bam.Training.Native;

/// <summary>libtorch refused an operation of its C entry, which gives no reason; most often memory is short.</summary>
internal sealed class TorchRefusalException(string operation)
    : InvalidOperationException($"libtorch refused {operation}: memory is short, or this is a defect; its own words are in the silo's log (standard error)");
