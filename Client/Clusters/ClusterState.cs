using System.Text.Json;

namespace Bam.Client.Clusters;

/// <summary>
/// <c>cluster.json</c>: settings, ports and processes of a local cluster. Written by the keeper while it lives, and by
/// <see cref="LocalCluster"/> before and after; always whole (written aside, then renamed).
/// </summary>
internal sealed record ClusterState
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>What the silos run with, or ran with last; everything resolved, the port base too.</summary>
    public required ClusterSettings Settings { get; init; }

    /// <summary>The process that restarts dead silos; null when the cluster is down.</summary>
    public ProcessIdentity? Keeper { get; init; }

    /// <summary>One a silo.</summary>
    public required IReadOnlyList<SiloState> Silos { get; init; }

    /// <summary>The state with one silo replaced by the one of the same name.</summary>
    public ClusterState With(SiloState changed) =>
        this with { Silos = [.. Silos.Select(silo => silo.Name == changed.Name ? changed : silo)] };

    /// <summary>The state of a home; null when no cluster has been started there.</summary>
    /// <exception cref="UserException">The file is not what this program writes.</exception>
    public static ClusterState? Read(ClusterHome home)
    {
        try
        {
            return JsonSerializer.Deserialize<ClusterState>(File.ReadAllText(home.StateFile), Json);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException broken)
        {
            throw new UserException(
                $"{home.StateFile}:{broken.LineNumber + 1}: not a cluster's state; stop its silos and remove the file", 2);
        }
    }

    public void Write(ClusterHome home)
    {
        var aside = home.StateFile + ".new";
        using (var file = File.Create(aside))
        {
            JsonSerializer.Serialize(file, this, Json);
            file.Flush(flushToDisk: true);
        }
        File.Move(aside, home.StateFile, overwrite: true);
    }
}
