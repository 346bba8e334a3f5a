using Bam.Client.Clusters;

namespace Bam.Client.Tests.Verbs;

/// <summary>GPUs of a host that has none.</summary>
/// <param name="count">How many there seem to be.</param>
/// <param name="memory">Memory of each, in bytes.</param>
/// <param name="visible">CUDA_VISIBLE_DEVICES.</param>
internal sealed class FakeGpus(int count = 0, long memory = 80L << 30, string? visible = null) : IHostGpus
{
    public string? Visible => visible;

    public Task<IReadOnlyList<HostGpu>> List(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<HostGpu>>([.. Enumerable.Range(0, count).Select(number => new HostGpu(number, "a GPU", memory))]);
}
