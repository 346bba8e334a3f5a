namespace Bam.Deploy.Tests.Watching;

/// <summary>What NVIDIA's exporter shows of two GPUs, in its own words (dcgm-exporter, etc/default-counters.csv): no GPU is needed.</summary>
internal static class NvidiaExporter
{
    private static readonly (string Name, string Help, double Value)[] Fields =
    [
        ("DCGM_FI_DEV_GPU_UTIL", "GPU utilization (in %).", 97), ("DCGM_FI_DEV_FB_USED", "Framebuffer memory used (in MiB).", 61_234),
        ("DCGM_FI_DEV_POWER_USAGE", "Power draw (in W).", 651.5), ("DCGM_FI_DEV_GPU_TEMP", "GPU temperature (in C).", 61),
        ("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "Ratio of cycles the tensor (HMMA) pipe is active (in %).", 0.42),
        ("DCGM_FI_DEV_XID_ERRORS", "Value of the last XID error encountered.", 0),
    ];

    public static string Exposition => string.Concat(Fields.Select(shown => $"# HELP {shown.Name} {shown.Help}\n# TYPE {shown.Name} gauge\n"
        + string.Concat(Enumerable.Range(0, 2).Select(gpu =>
            FormattableString.Invariant($"{shown.Name}{{gpu=\"{gpu}\",UUID=\"GPU-{gpu}\",device=\"nvidia{gpu}\",modelName=\"NVIDIA H100 80GB HBM3\",Hostname=\"host\"}} {shown.Value}\n")))));
}
