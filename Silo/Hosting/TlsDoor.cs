using Bam.Contracts.Clusters.Tls;

namespace Bam.Silo.Hosting;

/// <summary>Lets peers in by certificate, and writes down whom it did not.</summary>
internal sealed partial class TlsDoor(ILogger<TlsDoor> logger)
{
    /// <param name="certificates">Folder of this silo's certificates.</param>
    public TlsTransport Open(string certificates) => new(new TlsFolder(certificates, TlsRole.Silo), LogRefused);

    [LoggerMessage(1101, LogLevel.Warning, "{Peer} was refused: {Reason}")]
    private partial void LogRefused(string peer, string reason);
}
