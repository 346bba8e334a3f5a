namespace Bam.Grains;

/// <summary>Name of the grain storage that a silo must offer.</summary>
public static class TrainingGrainStorage
{
    public const string Name = "bam";
}
