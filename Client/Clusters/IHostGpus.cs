namespace Bam.Client.Clusters;

/// <summary>What GPUs there are.</summary>
internal interface IHostGpus
{
    /// <summary>CUDA_VISIBLE_DEVICES of this console; null when it is not set.</summary>
    string? Visible { get; }

    /// <summary>The GPUs of this host, in the order of their numbers; none without a driver.</summary>
    /// <exception cref="UserException">The driver does not answer.</exception>
    Task<IReadOnlyList<HostGpu>> List(CancellationToken cancellation);
}
