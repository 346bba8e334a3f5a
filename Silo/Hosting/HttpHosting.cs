namespace Bam.Silo.Hosting;

/// <summary>The endpoint that operators and Prometheus read.</summary>
internal static class HttpHosting
{
    public static void AddBamHttp(this WebApplicationBuilder builder, SiloSettings settings)
    {
        builder.Services.AddRouting();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(settings.HttpAddress, settings.HttpPort);
        });
        builder.Services.Configure<HostOptions>(host =>
        {
            // Health answers while the silo still joins its cluster.
            host.ServicesStartConcurrently = true;
            // Longer than a checkpoint, shorter than the keeper's patience.
            host.ShutdownTimeout = TimeSpan.FromSeconds(30);
        });
    }
}
