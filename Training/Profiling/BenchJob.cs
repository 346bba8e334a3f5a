using Bam.Contracts.Runs;
using Bam.Training.Model;

namespace Bam.Training.Profiling;

/// <summary>A training step to measure.</summary>
/// <param name="Config">Shape of the model; its weights are random.</param>
/// <param name="Train">Batch, precision and what is kept.</param>
/// <param name="Device">Torch device, such as <c>cpu</c> or <c>cuda:0</c>.</param>
/// <param name="Steps">Steps that are timed.</param>
/// <param name="Warmup">Steps before them.</param>
/// <param name="ProfiledSteps">Steps of a second pass with a time for every operation; 0 for none.</param>
public sealed record BenchJob(ModelConfig Config, TrainSpec Train, string Device, int Steps, int Warmup, int ProfiledSteps);
