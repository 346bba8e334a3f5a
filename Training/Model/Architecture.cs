namespace Bam.Training.Model;

/// <summary>What <c>config.json</c> calls <c>architecture</c>.</summary>
public enum Architecture
{
    Dense,
    Mixture,
}
