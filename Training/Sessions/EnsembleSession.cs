using System.Diagnostics;
using Bam.Training.Checkpoints;
using Bam.Training.Evaluation;
using Bam.Training.Faults;
using Bam.Training.Model;
using static TorchSharp.torch;

namespace Bam.Training.Sessions;

/// <summary>Evaluates the dense models of a run side by side (BTM). Nothing is trained and nothing is saved. Runs on the device's thread.</summary>
internal sealed class EnsembleSession(TrainingJob job, ITrainingObserver observer)
{
    /// <exception cref="CheckpointException">An expert cannot be read.</exception>
    /// <exception cref="Data.DataException">The data is at fault.</exception>
    public TrainingOutcome Run(CancellationToken cancellation)
    {
        var began = Stopwatch.GetTimestamp();
        job.Faults.At(FaultPoint.Prepare, job.Member.Name, step: 0);
        using var scope = NewDisposeScope();
        var device = SessionDevice.Open(job.Device);
        using var data = OpenedData.Open(job, observer, cancellation);
        var (stride, tokens) = (job.Run.Evaluate.Stride, job.Run.Evaluate.Tokens);
        var parameters = 0L;
        EnsembleMeter[]? meters = null;
        foreach (var (_, folder) in job.Experts)
        {
            if (observer.ShouldStop())
                return new TrainingOutcome(Completed: false, null);
            job.Faults.At(FaultPoint.Evaluate, job.Member.Name, step: 0);
            using var inner = NewDisposeScope();
            using var weights = ModelFolder.Load(folder, device, job.Member.Compute);
            using var model = new Transformer(weights);
            parameters += TensorLayout.Parameters(weights.Config);
            meters ??= [.. data.All.Select(domain => new EnsembleMeter(domain.Validation, weights.Config.Context, stride, tokens))];
            foreach (var meter in meters)
                meter.Add(model, job.Member.Train.Batch, observer.Pulse, cancellation);
        }

        observer.Prepared(new(0, parameters, new(0, 0, 0, 0), []));
        foreach (var (domain, meter) in data.All.Zip(meters ?? []))
            observer.Evaluated(domain.Name, meter.Result(), step: 0, final: true);
        observer.StoodStill(Standstill.Evaluating, Stopwatch.GetElapsedTime(began));
        return new TrainingOutcome(Completed: true, null);
    }
}
