namespace Bam.Storage;

/// <summary>The cluster's store cannot be used. The message is the one line that the user sees: what, why, and the fix; never a password.</summary>
/// <param name="message">The line.</param>
/// <param name="exitCode">Exit code of the program: 2 when the user has something to change, 3 when the database does not answer (now).</param>
public sealed class ClusterStoreException(string message, int exitCode = 2) : Exception(message)
{
    public int ExitCode => exitCode;
}
