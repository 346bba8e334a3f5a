using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Bam.Client.Clusters;

/// <summary>This host's GPUs: those that nvidia-smi lists, or, where there is no nvidia-smi, those that have a device file.</summary>
internal sealed class HostGpus : IHostGpus
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public string? Visible => Environment.GetEnvironmentVariable("CUDA_VISIBLE_DEVICES");

    public async Task<IReadOnlyList<HostGpu>> List(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        try
        {
            using var smi = Process.Start(new ProcessStartInfo("nvidia-smi", "--query-gpu=index,memory.total,name --format=csv,noheader,nounits")
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var output = await smi.StandardOutput.ReadToEndAsync(limit.Token).ConfigureAwait(false);
            await smi.WaitForExitAsync(limit.Token).ConfigureAwait(false);
            return smi.ExitCode == 0 ? Parse(output) : DeviceFiles();
        }
        catch (Win32Exception)
        {
            return DeviceFiles();
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new UserException("nvidia-smi does not answer; look at the NVIDIA driver, or restart the host", 1);
        }
    }

    /// <summary>Lines of number, MiB and name; lines of anything else are left out.</summary>
    internal static IReadOnlyList<HostGpu> Parse(string output) =>
    [
        .. from line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
           let fields = line.Split(',', 3, StringSplitOptions.TrimEntries)
           where fields.Length == 3 && int.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out _)
           let number = int.Parse(fields[0], CultureInfo.InvariantCulture)
           orderby number
           select new HostGpu(number, fields[2], long.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out var mebibytes) ? mebibytes << 20 : 0),
    ];

    private static IReadOnlyList<HostGpu> DeviceFiles() =>
    [
        .. Directory.EnumerateFiles("/dev", "nvidia*")
            .Select(path => int.TryParse(Path.GetFileName(path)["nvidia".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1)
            .Where(number => number >= 0).Order().Select(number => new HostGpu(number, "", 0)),
    ];
}
