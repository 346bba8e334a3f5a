namespace Bam.Silo.Tests.Page;

/// <summary>A silo as it starts by itself: on loopback, without a token.</summary>
public sealed class OpenSilo : IAsyncLifetime
{
    private readonly TemporaryFolder _temporary = new();

    internal SiloProcess Silo { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Silo = SiloProcess.Start(_temporary.Folder, SiloProcess.FreePorts());
        await Silo.WaitFor("/health/ready", TestContext.Current.CancellationToken);
        await Silo.WaitFor("/api/runs", TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await Silo.DisposeAsync();
        _temporary.Dispose();
    }
}
