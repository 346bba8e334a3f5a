using System.Data.Common;
using System.Net.Sockets;
using Bam.Silo.Health;
using Bam.Silo.Hosting;
using Bam.Silo.Page;
using Bam.Silo.Telemetry;
using Bam.Storage;

try
{
    // Empty: a silo reads its command line and environment, never an appsettings.json that happens to lie in the current folder.
    var builder = WebApplication.CreateEmptyBuilder(new() { ContentRootPath = AppContext.BaseDirectory });
    builder.Configuration.AddEnvironmentVariables().AddCommandLine(args);

    var settings = SiloSettings.Read(builder.Configuration);
    PortCheck.EnsureFree(settings);
    settings.Database.Prepare();
    if (settings.LibTorch is { } libTorch) Environment.SetEnvironmentVariable("BAM_LIBTORCH", libTorch);

    builder.AddBamLogging();
    builder.AddBamTelemetry(settings);
    builder.AddBamHealth();
    builder.AddBamHttp(settings);
    builder.AddBamPage(settings);
    builder.AddBamOrleans(settings);

    var app = builder.Build();
    app.MapBamHealth();
    app.MapPrometheusScrapingEndpoint();
    app.MapBamPage(settings);
    using var secondInterrupt = new SecondInterrupt();
    await app.RunAsync();
    return 0;
}
catch (SettingsException wrong)
{
    await Console.Error.WriteLineAsync($"bam-silo: {wrong.Message}");
    return 2;
}
catch (ClusterStoreException unusable)
{
    await Console.Error.WriteLineAsync($"bam-silo: {unusable.Message}");
    return unusable.ExitCode;
}
catch (Exception late) when (late.GetBaseException() is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse })
{
    await Console.Error.WriteLineAsync("bam-silo: another process took one of this silo's ports while it was starting; start it again");
    return 2;
}
catch (Exception lost) when (lost.GetBaseException() is DbException or SocketException)
{
    await Console.Error.WriteLineAsync(
        $"bam-silo: its database went away while it was starting ({lost.GetBaseException().Message.Split('\n')[0]}); start it again when that is back");
    return 3;
}
catch (Exception stopped) when (stopped is OperationCanceledException or OrleansLifecycleCanceledException)
{
    return 0; // told to stop while it was still starting
}
