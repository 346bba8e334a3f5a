namespace Bam.Contracts.Clusters.Tls;

/// <summary>A folder of certificates cannot be used. The message is one line: the file, what is wrong, and the fix.</summary>
public sealed class TlsException(string message) : Exception(message);
