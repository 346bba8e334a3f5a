namespace Bam.Training.Native;

/// <summary>Dense bfloat16 peaks of GPUs, FLOPs a second, from NVIDIA's data sheets (their figures with sparsity halved).</summary>
internal static class KnownGpus
{
    // The first name that the driver's name contains counts: variants before their family.
    private static readonly (string Name, double Peak)[] Peaks =
    [
        ("GB200", 2500e12), ("B200", 2250e12), ("GH200", 989e12), ("H200 NVL", 835e12), ("H200", 989e12),
        ("H100 NVL", 835e12), ("H100 PCIe", 756e12), ("H100", 989e12), ("H800", 989e12), ("H20", 148e12),
        ("A100", 312e12), ("A800", 312e12), ("A40", 150e12), ("A30", 165e12), ("A10G", 70e12), ("A10", 125e12), ("A6000", 155e12),
        ("L40S", 362e12), ("L40", 181e12), ("L4", 121e12), ("RTX 6000 Ada", 364e12), ("RTX 4090", 165e12), ("RTX 3090", 71e12),
    ];

    /// <param name="name">The driver's name of the device, such as <c>NVIDIA H100 80GB HBM3</c>.</param>
    /// <returns>Null for a device that is not known.</returns>
    public static double? Peak(string name) => Peaks
        .Where(gpu => name.Contains(gpu.Name, StringComparison.OrdinalIgnoreCase))
        .Select(gpu => (double?)gpu.Peak).FirstOrDefault();
}
