using System.Globalization;
using static TorchSharp.torch;

namespace Bam.Training.Native;

/// <summary>What telemetry needs to know of a training device.</summary>
/// <param name="Name">The maker's name of it.</param>
/// <param name="PeakFlops">FLOPs a second that it could do; null for a GPU that is not known.</param>
/// <param name="Memory">Its memory, in bytes.</param>
/// <param name="IsCpu">Whether it is the CPU.</param>
public sealed record DeviceFacts(string Name, double? PeakFlops, long Memory, bool IsCpu)
{
    // Large enough for the CPU's best, small enough for its cache; best of many, as other work shares the cores.
    private const int Side = 384;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(80);

    /// <summary>Looks at a device, on the thread that trains there. A CPU's peak is measured, which takes a tenth of a second.</summary>
    /// <param name="device">Torch device, such as <c>cpu</c> or <c>cuda:0</c>.</param>
    /// <param name="peakFlops">The peak, where the user gave it.</param>
    public static DeviceFacts Of(string device, double? peakFlops)
    {
        if (device == "cpu")
            return new(Processor(), peakFlops ?? MatrixProduct(), GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, IsCpu: true);
        var ordinal = device.Split(':') is [_, var number] ? int.Parse(number, CultureInfo.InvariantCulture) : 0;
        return CudaDriver.Describe(ordinal) is { } gpu
            ? new(gpu.Name, peakFlops ?? KnownGpus.Peak(gpu.Name), gpu.Memory, IsCpu: false)
            : new("unknown", peakFlops, 0, IsCpu: false);
    }

    /// <summary>Bytes in use: of the GPU that torch uses on the calling thread, or of this process. Null when the driver does not tell.</summary>
    public long? MemoryInUse() => IsCpu ? Environment.WorkingSet : CudaDriver.MemoryInUse();

    /// <summary>
    /// FLOPs a second of a float32 matrix product: of one core, times the threads that steps have. In processor time: a silo that starts on
    /// a busy host would measure the others.
    /// </summary>
    private static double MatrixProduct()
    {
        using var scope = NewDisposeScope();
        using var grad = no_grad();
        var threads = get_num_threads();
        set_num_threads(1);
        try
        {
            var (a, b) = (ones(Side, Side), ones(Side, Side));
            using (a.matmul(b))
            {
                // The first one sets up the library.
            }

            var best = TimeSpan.MaxValue;
            var began = ThreadTime.Now;
            while (ThreadTime.Now - began < Patience)
            {
                var start = ThreadTime.Now;
                using var product = a.matmul(b);
                if (ThreadTime.Now - start is var took && took < best)
                    best = took;
            }

            return threads * 2.0 * Side * Side * Side / best.TotalSeconds;
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    private static string Processor()
    {
        const string info = "/proc/cpuinfo";
        var line = File.Exists(info) ? File.ReadLines(info).FirstOrDefault(text => text.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line?.Split(':', 2)[^1].Trim() ?? "CPU";
    }
}
