using System.Net;
using Bam.Silo.Hosting;
using Orleans.Dashboard;

namespace Bam.Silo.Page;

/// <summary>
/// The page: a live view of the cluster's runs at the root of the HTTP port, and the Orleans dashboard at <see cref="Dashboard"/>. Off where
/// others could reach it and there is no token to ask for.
/// </summary>
internal static partial class PageHosting
{
    public const string Dashboard = "/orleans";

    public static void AddBamPage(this WebApplicationBuilder builder, SiloSettings settings)
    {
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton<PageFiles>();
        builder.Services.AddSingleton<ClusterReader>();
    }

    /// <summary>Its part of every silo, whether the page of this one is on or not: dashboards of others ask for it.</summary>
    public static ISiloBuilder AddBamDashboard(this ISiloBuilder silo, SiloSettings settings)
    {
        if (!settings.Dashboard)
            return silo;
        silo.AddDashboard(dashboard =>
        {
            dashboard.HideTrace = true;                // it would stream every log line
            dashboard.CounterUpdateIntervalMs = 5000;  // taken whether somebody looks or not
        });
        // It wakes the dashboard's grains while the silo still starts, in vain and with a dozen lines in the log; who looks first wakes them, too.
        if (silo.Services.FirstOrDefault(IsDashboardHost) is { } host)
            silo.Services.Remove(host);
        return silo;
    }

    public static void MapBamPage(this WebApplication app, SiloSettings settings)
    {
        if (settings.PageToken is null && !IPAddress.IsLoopback(settings.HttpAddress))
        {
            LogOff(app.Logger, settings.HttpAddress);
            return;
        }

        app.UseMiddleware<PageDoor>();
        app.Services.GetRequiredService<PageFiles>().Map(app);
        PageApi.Map(app, app.Services.GetRequiredService<ClusterReader>());
        if (settings.Dashboard)
            app.UseDashboard();
    }

    /// <summary>It reads and packs megabytes of its files when it is mapped: whoever looks first waits for that, no silo that starts does.</summary>
    private static void UseDashboard(this WebApplication app)
    {
        var dashboard = new Lazy<RequestDelegate>(() =>
        {
            var pipeline = new ApplicationBuilder(app.Services);
            pipeline.UseRouting();
            pipeline.UseEndpoints(endpoints => endpoints.MapOrleansDashboard(Dashboard));
            return pipeline.Build();
        });
        app.Use((context, next) =>
            !context.Request.Path.StartsWithSegments(Dashboard, out var rest) ? next(context)
            // It would call whatever method of a grain takes nothing: a page to look at does not.
            : rest.StartsWithSegments("/GrainState") ? Task.FromResult(context.Response.StatusCode = StatusCodes.Status404NotFound)
            : dashboard.Value(context));
    }

    private static bool IsDashboardHost(ServiceDescriptor service) =>
        service.ServiceType == typeof(IHostedService)
        && (service.ImplementationType ?? service.ImplementationFactory?.Method.ReturnType)?.Assembly == typeof(DashboardOptions).Assembly;

    [LoggerMessage(1202, LogLevel.Warning,
        "The page is off: whoever reaches {Address} would see it, and it has no token; give one by Bam__PageToken or --Bam:PageTokenFile=FILE ('openssl rand -hex 24' draws one), or leave Bam:HttpAddress at 127.0.0.1")]
    private static partial void LogOff(ILogger logger, IPAddress address);
}
