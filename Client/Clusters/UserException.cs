namespace Bam.Client.Clusters;

/// <summary>What the user asked for cannot be done. The message is all the user sees, so it names the fix.</summary>
/// <param name="message">One line; more only for the log lines of a silo that failed.</param>
/// <param name="exitCode">Exit code of the console: 1 failed, 2 wrong input, 3 no cluster reachable.</param>
internal sealed class UserException(string message, int exitCode) : Exception(message)
{
    public int ExitCode => exitCode;
}
