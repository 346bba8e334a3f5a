using System.Runtime.InteropServices;

namespace Bam.Client.Clusters;

/// <summary>The <c>dotnet</c> program that runs an assembly which has no host of its own.</summary>
internal static class DotnetHost
{
    /// <summary>Path of the <c>dotnet</c> that runs us, or would.</summary>
    public static string Find()
    {
        if (Environment.ProcessPath is { } running && Path.GetFileNameWithoutExtension(running) == "dotnet") return running;
        if (Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } named && File.Exists(named)) return named;
        // <root>/shared/Microsoft.NETCore.App/10.0.1/
        var root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
        var beside = Path.Combine(root, "dotnet");
        return File.Exists(beside) ? beside : "dotnet";
    }
}
