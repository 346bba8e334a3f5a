using Bam.Storage;

namespace Bam.Client.Clusters;

/// <summary>What the user asks of a local cluster.</summary>
internal sealed record ClusterSettings
{
    /// <summary>Number of silos. With <see cref="Gpus"/> it is their count instead.</summary>
    public int Silos { get; init; } = 2;

    /// <summary>First port: silo i takes three from base + 3i on. Null: those of last time, or the first free ones from 11111 on.</summary>
    public int? PortBase { get; init; }

    /// <summary>What names the cluster's database (<see cref="ClusterStore"/>); no secret. Null: that of last time, or a file in the home folder.</summary>
    public string? Database { get; init; }

    /// <summary>Torch device of every silo.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>GPUs, as CUDA_VISIBLE_DEVICES names them: one silo each. Empty: no GPU is assigned.</summary>
    public IReadOnlyList<string> Gpus { get; init; } = [];

    /// <summary>CPU threads of one training step. Null: the cores, shared evenly.</summary>
    public int? Threads { get; init; }

    /// <summary>Folder of an installed libtorch. Null: the one that came along.</summary>
    public string? LibTorch { get; init; }

    /// <summary>These settings with every default filled in but <see cref="PortBase"/> and <see cref="Database"/>.</summary>
    /// <exception cref="UserException">A number is out of range.</exception>
    public ClusterSettings Resolve()
    {
        var silos = Gpus.Count > 0 ? Gpus.Count : Silos;
        if (silos is < 1 or > 64) throw new UserException($"--silos {silos}: a local cluster has 1 to 64 silos", 2);
        if (Threads < 1) throw new UserException($"--threads {Threads}: a silo needs at least 1", 2);
        if (PortBase is < 1024 || PortBase + PortBlock.PortsOfASilo * silos > 65536)
            throw new UserException($"--port-base {PortBase}: give one from 1024 to {65536 - PortBlock.PortsOfASilo * silos}", 2);
        return this with
        {
            Silos = silos,
            Device = Gpus.Count > 0 ? "cuda:0" : Device, // of the one GPU that the silo sees
            Threads = Threads ?? Math.Max(1, Environment.ProcessorCount / silos),
            LibTorch = LibTorch is null ? null : Path.GetFullPath(LibTorch),
        };
    }

    /// <summary>True when a cluster that runs with <paramref name="running"/> is what these settings ask for. Both resolved.</summary>
    public bool AreMetBy(ClusterSettings running) =>
        Gpus.SequenceEqual(running.Gpus)
        && this with
        {
            Gpus = running.Gpus,
            PortBase = PortBase ?? running.PortBase,
            Database = Database == (running.Database ?? ClusterStore.Sqlite) ? running.Database : Database ?? running.Database,
        } == running;
}
