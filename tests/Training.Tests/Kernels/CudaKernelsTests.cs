namespace Bam.Training.Tests.Kernels;

/// <summary>bfloat16 on a GPU; skipped, with a word, where there is none.</summary>
public sealed class CudaKernelsTests() : KernelsTests(TwinMaker.Cuda());
