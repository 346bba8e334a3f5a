using System.Text.Json;

namespace Bam.Client.Clusters;

/// <summary><c>targets.json</c> in a cluster's home: its silos, as Prometheus' file_sd_configs reads them. Ports last, so the list does too.</summary>
internal static class ScrapeTargets
{
    public static void Write(ClusterHome home, IEnumerable<SiloState> silos)
    {
        var groups = new[] { new { targets = silos.Select(silo => $"127.0.0.1:{silo.HttpPort}").ToArray() } };
        // Prometheus reads whenever the file changes: never half of it.
        var aside = home.Targets + ".new";
        File.WriteAllText(aside, JsonSerializer.Serialize(groups));
        File.Move(aside, home.Targets, overwrite: true);
    }
}
