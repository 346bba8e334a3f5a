namespace Bam.Training.Kernels;

/// <summary>A training step that the device has as a whole: it reads and writes the same memory every time.</summary>
internal interface IRecordedStep : IDisposable
{
    /// <summary>Enqueues it as one launch.</summary>
    void Run();
}
