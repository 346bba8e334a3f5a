using System.CommandLine;
using Bam.Client.Clusters;
using Bam.Client.Plans;

namespace Bam.Client.Verbs;

/// <summary>The memory that a model may take: what <c>--device-memory</c> says, else that of the host's smallest GPU.</summary>
internal sealed class DeviceMemory
{
    private readonly Option<string?> _option = new("--device-memory")
    {
        Description = "Memory of one device, such as 80GiB (default: that of this host's smallest GPU)",
        HelpName = "SIZE",
    };

    private readonly IHostGpus _gpus;

    public DeviceMemory(IHostGpus gpus)
    {
        _gpus = gpus;
        _option.MustBe(size => size is null || ByteSize.TryParse(size, out _), ByteSize.Rule);
    }

    public Option Option => _option;

    /// <summary>Bytes of one device; null when unknown.</summary>
    /// <param name="line">Command line.</param>
    /// <param name="onGpus">Whether this host's GPUs would train.</param>
    /// <param name="cancellation">Ends the question to the driver.</param>
    public async Task<long?> Of(ParseResult line, bool onGpus, CancellationToken cancellation)
    {
        if (line.GetValue(_option) is { } size) return ByteSize.TryParse(size, out var bytes) ? bytes : null;
        if (!onGpus) return null;
        var known = (await _gpus.List(cancellation).ConfigureAwait(false)).Select(gpu => gpu.MemoryBytes).Where(memory => memory > 0).ToList();
        return known.Count > 0 ? known.Min() : null;
    }
}
