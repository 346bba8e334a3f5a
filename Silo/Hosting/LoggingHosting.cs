namespace Bam.Silo.Hosting;

/// <summary>One line an event, in UTC: our own from Information on, everybody else's from Warning on.</summary>
internal static class LoggingHosting
{
    public static void AddBamLogging(this WebApplicationBuilder builder)
    {
        builder.Logging
            .SetMinimumLevel(LogLevel.Warning)
            .AddFilter("Bam", LogLevel.Information)
            .AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information)
            .AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None) // whoever asked has the answer
            .AddConfiguration(builder.Configuration.GetSection("Logging")) // --Logging:LogLevel:Orleans=Debug
            .AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.UseUtcTimestamp = true;
                console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
            });
    }
}
