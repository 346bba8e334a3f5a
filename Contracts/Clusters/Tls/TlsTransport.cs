using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;

namespace Bam.Contracts.Clusters.Tls;

/// <summary>
/// Mutual TLS for Orleans' connections (its own package for that is not everywhere to be had): a layer between socket and messages, set
/// with <c>SiloConnectionOptions</c> and <c>ClientConnectionOptions</c>. Each handshake reads the files anew when they have changed, so
/// certificates are renewed without a restart.
/// </summary>
/// <param name="folder">Certificates of this process.</param>
/// <param name="refused">Told in one line why a peer, whose address comes first, was refused.</param>
public sealed class TlsTransport(TlsFolder folder, Action<string, string> refused)
{
    private static readonly TimeSpan HandshakeLimit = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private TlsIdentity? _identity;
    private DateTime _read;

    /// <summary>Connections that this process accepts; the other side must be of <paramref name="role"/>, or of any when null.</summary>
    public void Accept(IConnectionBuilder connections, TlsRole? role) => connections.Use(next => context => Run(context, next, (ssl, peer, cancellation) =>
    {
        var identity = Identity();
        return ssl.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions
            {
                ServerCertificateContext = identity.Certificate,
                ClientCertificateRequired = true,
                CertificateChainPolicy = identity.Trust(),
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                RemoteCertificateValidationCallback = (_, certificate, chain, errors) => peer.Judge(certificate, chain, errors, role),
            },
            cancellation);
    }));

    /// <summary>Connections that this process opens, always to silos.</summary>
    public void Open(IConnectionBuilder connections) => connections.Use(next => context => Run(context, next, (ssl, peer, cancellation) =>
    {
        var identity = Identity();
        return ssl.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = TlsFolder.NameOf(TlsRole.Silo),
                ClientCertificateContext = identity.Certificate,
                CertificateChainPolicy = identity.Trust(),
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                RemoteCertificateValidationCallback = (_, certificate, chain, errors) => peer.Judge(certificate, chain, errors, TlsRole.Silo),
            },
            cancellation);
    }));

    private async Task Run(ConnectionContext context, ConnectionDelegate next, Func<SslStream, TlsPeer, CancellationToken, Task> handshake)
    {
        var plain = context.Transport;
        var peer = new TlsPeer();
        await using var ssl = new SslStream(new DuplexPipeStream(plain), leaveInnerStreamOpen: true);
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.ConnectionClosed);
            limit.CancelAfter(HandshakeLimit);
            await handshake(ssl, peer, limit.Token);
        }
        catch (Exception e) when (e is AuthenticationException or IOException or OperationCanceledException or TlsException)
        {
            refused($"{context.RemoteEndPoint}", peer.Problem ?? (e is OperationCanceledException ? "no TLS handshake came" : e.Message.Split('\n')[0]));
            context.Abort();
            throw;
        }

        context.Transport = new EncryptedPipe(PipeReader.Create(ssl, new(leaveOpen: true)), PipeWriter.Create(ssl, new(leaveOpen: true)));
        try
        {
            await next(context);
        }
        finally
        {
            context.Transport = plain;
        }
    }

    private TlsIdentity Identity()
    {
        lock (_gate)
        {
            var written = folder.Written();
            if (_identity is null || written != _read)
                (_identity, _read) = (folder.Load(), written);
            return _identity;
        }
    }

    private sealed class EncryptedPipe(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}
