namespace Bam.Client.Verbs;

/// <summary>What the console's process ends with.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int InputWrong = 2;
    public const int NoCluster = 3;
    public const int Interrupted = 130;
}
