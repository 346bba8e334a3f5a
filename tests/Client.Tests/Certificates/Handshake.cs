using System.Buffers;
using System.IO.Pipelines;
using Bam.Contracts.Clusters.Tls;
using Microsoft.AspNetCore.Connections;

namespace Bam.Client.Tests.Certificates;

/// <summary>A connection in memory between one who accepts and one who opens it.</summary>
internal sealed class Handshake
{
    private static readonly byte[] Question = "a question of some length"u8.ToArray();

    /// <summary>Why the accepting side refused; null when it did not.</summary>
    public string? RefusedByServer { get; private set; }

    /// <summary>Why the opening side refused; null when it did not.</summary>
    public string? RefusedByClient { get; private set; }

    /// <summary>Whether bytes went there and back.</summary>
    public bool Answered { get; private set; }

    /// <param name="server">Certificates of the accepting silo.</param>
    /// <param name="client">Certificates of the other side; null: it speaks without TLS.</param>
    /// <param name="asSilo">Whether the door is that of silos.</param>
    public static async Task<Handshake> Between(TlsFolder server, TlsFolder? client, bool asSilo)
    {
        var handshake = new Handshake();
        var (there, back) = (new Pipe(), new Pipe());
        var accepting = Run(new Duplex(there.Reader, back.Writer), Echo,
            door => new TlsTransport(server, (_, reason) => handshake.RefusedByServer = reason).Accept(door, asSilo ? TlsRole.Silo : null));
        var opening = Run(new Duplex(back.Reader, there.Writer), async connection => handshake.Answered = await Ask(connection),
            door => { if (client is not null) new TlsTransport(client, (_, reason) => handshake.RefusedByClient = reason).Open(door); });
        await Task.WhenAll(accepting, opening).WaitAsync(TimeSpan.FromSeconds(30));
        return handshake;
    }

    private static async Task Run(Duplex pipes, ConnectionDelegate last, Action<IConnectionBuilder> encrypt)
    {
        var builder = new ConnectionBuilder(new NoServices());
        encrypt(builder);
        var connection = new DefaultConnectionContext("test", pipes, pipes);
        try
        {
            await builder.Run(accepted => last(accepted)).Build()(connection);
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException or TlsException or InvalidOperationException or OperationCanceledException)
        {
            // What it was is told by the side that refused.
        }
        finally
        {
            await pipes.Output.CompleteAsync();
            await pipes.Input.CompleteAsync();
        }
    }

    private static async Task Echo(ConnectionContext connection)
    {
        var asked = await connection.Transport.Input.ReadAtLeastAsync(Question.Length);
        await connection.Transport.Output.WriteAsync(asked.Buffer.ToArray());
    }

    private static async Task<bool> Ask(ConnectionContext connection)
    {
        await connection.Transport.Output.WriteAsync(Question);
        var answer = await connection.Transport.Input.ReadAtLeastAsync(Question.Length);
        return answer.Buffer.ToArray().AsSpan().SequenceEqual(Question);
    }

    private sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }

    private sealed class NoServices : IServiceProvider
    {
        public object? GetService(Type serviceType) => null;
    }
}
