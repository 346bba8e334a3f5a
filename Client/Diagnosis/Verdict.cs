namespace Bam.Client.Diagnosis;

/// <summary>How a check of the host came out.</summary>
internal enum Verdict
{
    Passed,

    /// <summary>Training works without it.</summary>
    Absent,
    Failed,
}
