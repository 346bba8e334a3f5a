using Bam.Training.Kernels;
using Bam.Training.Model;

namespace Bam.Training.Fused;

/// <summary>
/// Runs a step that enqueues the same work every time as one launch, once it has run a few times. A small model's step is over on the device
/// before the host has enqueued it.
/// </summary>
/// <param name="record">Records what an action enqueues; null where that is not possible.</param>
/// <param name="isWanted">Whether it is worth it; otherwise every step is enqueued.</param>
internal sealed class StepRecorder(Func<Action, IRecordedStep?> record, bool isWanted) : IDisposable
{
    /// <summary>Environment variable: <c>on</c> for steps of every size, <c>off</c> for none.</summary>
    public const string Variable = "BAM_CUDA_GRAPHS";

    /// <summary>Steps that are enqueued first: the libraries choose their algorithms in them.</summary>
    public const int Warmup = 3;

    // Above this, an H100 is slower than the host, and a recording only takes memory (docs/LOG.md).
    private const double MostLayerFlops = 3.5e11;

    private int _enqueued;
    private bool _isRefused = !isWanted;
    private IRecordedStep? _recorded;

    /// <summary>Whether steps run as one launch now.</summary>
    public bool IsRecorded => _recorded is not null;

    /// <summary>Whether steps of a model are to be recorded, by the variable or, where that says nothing, since the host would be slower than the device.</summary>
    public static bool IsWorthIt(ModelConfig config, int batch) => IsWorthIt(config, batch, Environment.GetEnvironmentVariable(Variable));

    internal static bool IsWorthIt(ModelConfig config, int batch, string? said) => said switch
    {
        "on" => true,
        "off" => false,
        _ => (double)batch * config.Context * FlopCount.Training(config) / config.Layers < MostLayerFlops,
    };

    /// <param name="enqueue">Enqueues the step: the same one every time.</param>
    public void Run(Action enqueue)
    {
        if (_recorded is null && !_isRefused && _enqueued++ == Warmup)
        {
            _recorded = record(enqueue);
            _isRefused = _recorded is null;
        }

        if (_recorded is { } recorded)
            recorded.Run();
        else
            enqueue();
    }

    public void Dispose() => _recorded?.Dispose();
}
