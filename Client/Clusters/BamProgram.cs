using System.Diagnostics;

namespace Bam.Client.Clusters;

/// <summary>This program, to be started again.</summary>
internal static class BamProgram
{
    /// <summary>How to start it, without arguments yet: by its own host, or by dotnet where a test or <c>dotnet run</c> hosts it.</summary>
    public static ProcessStartInfo StartInfo() =>
        Environment.ProcessPath is { } running && Path.GetFileNameWithoutExtension(running) == "bam"
            ? new(running)
            : new(DotnetHost.Find(), ["exec", Path.Combine(AppContext.BaseDirectory, "bam.dll")]);
}
