using System.Diagnostics;
using Bam.Contracts.Runs;
using Bam.Contracts.Status;
using Bam.Training.Checkpoints;
using Bam.Training.Data;
using Bam.Training.Evaluation;
using Bam.Training.Faults;
using Bam.Training.Mixing;
using Bam.Training.Model;
using Bam.Training.Opening;
using Bam.Training.Optimization;
using static TorchSharp.torch;

namespace Bam.Training.Sessions;

/// <summary>
/// One attempt at training one model: resume from the newest sound checkpoint or start from the parent, train to the end or until told
/// to stop, save, evaluate. Runs on the calling thread, which must be the device's own.
/// </summary>
public sealed class TrainingSession(TrainingJob job, ITrainingObserver observer)
{
    private readonly MemberStore _store = new CheckpointStore(job.Store).Open(job.Run.Name, job.Member.Name);
    private TrainingHistory _opening = new();                                  // what was measured before the first step

    /// <exception cref="TrainingException">The training cannot go on.</exception>
    /// <exception cref="StaleAttemptException">A newer attempt has taken over.</exception>
    /// <exception cref="CheckpointException">The store is at fault.</exception>
    /// <exception cref="DataException">The data is at fault.</exception>
    public TrainingOutcome Run(CancellationToken cancellation = default)
    {
        if (job.Member.Mixture is { Kind: MixtureKind.Ensemble })
            return new EnsembleSession(job, observer).Run(cancellation);
        var began = Stopwatch.GetTimestamp();
        job.Faults.At(FaultPoint.Prepare, job.Member.Name, step: 0);
        using var scope = NewDisposeScope();
        var device = SessionDevice.Open(job.Device);
        using var claim = _store.Claim = Claim();
        _store.Fence(job.Attempt);
        var (start, damaged) = FindStart();
        using var parameters = CreateParameters(start, device);
        using var model = new Transformer(parameters);
        var freeze = job.Member.Freeze;
        using var optimizer = new AdamW(parameters, job.Member.Train, freeze);
        if (start is not { Resumes: true } && job.Member.Steps > 0)
            Rehearsal.Run(model, job);
        observer.Pulse();
        using var data = OpenedData.Open(job, observer, cancellation);
        observer.Pulse();
        var receipt = Receipt(model, data, start, cancellation);
        var position = Restore(start, optimizer) with { Damaged = damaged };
        // A seed model from elsewhere is not trained, and has no data of its own.
        IBatchSource batches = job.Member is { Steps: 0, Domains.Count: 0 } ? NoBatches.Instance : new BatchSource(
            job.Run.Seed, job.Member.Name, [.. data.Mix], job.Member.Train.Batch, parameters.Config.Context);
        using var trainer = new Trainer(model, optimizer, batches, job.Member.Train, job.Member.Steps, position.Step, freeze, position.Skips)
        {
            Unread = position.History.Unread,
        };
        using var saver = new CheckpointSaver(_store, parameters, optimizer, Extras(receipt), job.Run.Checkpoints.Keep, job.Faults);
        observer.StoodStill(Standstill.Preparing, Stopwatch.GetElapsedTime(began));
        observer.Prepared(new(
            position.Step, TensorLayout.Parameters(parameters.Config), TrainingWork.Of(parameters.Config, job.Member.Train, freeze), damaged));

        var loop = new TrainingLoop(
            job, observer, trainer, optimizer, saver, position, () => GoBack(parameters, optimizer), step => EvaluateBetween(model, data, step, cancellation));
        var completed = loop.Run();
        if (completed)
            _ = Evaluate(model, data, trainer.Step, final: true, cancellation);
        return new TrainingOutcome(completed, loop.Published ?? start?.Checkpoint);
    }

    /// <summary>An evaluation between two steps; told to stop, the loop ends and saves as it does at any step.</summary>
    /// <returns>The losses; none when it did not come to its end.</returns>
    private List<ValidationPoint> EvaluateBetween(Transformer model, OpenedData data, long step, CancellationToken cancellation)
    {
        try
        {
            return Evaluate(model, data, step, final: false, cancellation);
        }
        catch (OperationCanceledException) when (observer.ShouldStop())
        {
            return [];                                                         // half an evaluation is none
        }
    }

    private List<ValidationPoint> Evaluate(Transformer model, OpenedData data, long step, bool final, CancellationToken cancellation)
    {
        var began = Stopwatch.GetTimestamp();
        var losses = new List<ValidationPoint>();
        var own = job.Member.Domains.Select(share => share.Domain).ToHashSet();
        foreach (var domain in data.All.Where(domain => final || own.Contains(domain.Name)))
        {
            job.Faults.At(FaultPoint.Evaluate, job.Member.Name, step);
            var result = PerplexityMeter.Measure(
                model, domain.Validation, job.Run.Evaluate.Stride, job.Run.Evaluate.Tokens, job.Member.Train.Batch, observer.Pulse, cancellation);
            observer.Evaluated(domain.Name, result, step, final);
            losses.Add(new(step, domain.Name, result.Nll));
        }

        observer.StoodStill(Standstill.Evaluating, Stopwatch.GetElapsedTime(began));
        return losses;
    }

    /// <summary>Takes the run's folder; one that is gone is not made again, for a store that is not mounted looks like that.</summary>
    private RunClaim? Claim()
    {
        var folder = Path.GetDirectoryName(_store.Folder)!;
        if (job.WasSaved && !Directory.Exists(folder))
            throw new CheckpointException($"{folder}: is gone, though {job.Member.Name} was saved there; mount the store again, or launch under another name");
        try
        {
            return job.Owner is { } owner ? RunClaim.Take(folder, owner) : null;
        }
        catch (StaleAttemptException taken)
        {
            throw new TrainingException(taken.Message, isFinal: true);
        }
    }

    /// <summary>The checkpoint to go on from: the member's own newest, else the parent's; null for random weights.</summary>
    private (StartPoint? Start, IReadOnlyList<string> Damaged) FindStart()
    {
        if (_store.Newest(out var damaged) is { } own)
            return (new StartPoint(own, own.HasOptimizer), damaged);
        if (_store.WasPublished)
        {
            throw new TrainingException(
                $"{_store.Folder}: no sound checkpoint is left ({(damaged.Count > 0 ? damaged[0] : "all are .corrupt")}); restore one, or delete the folder to train {job.Member.Name} from its start",
                isFinal: true);
        }

        if (job.ParentFolder is not { } folder)
        {
            return !job.MustHaveStart ? (null, damaged) : throw new TrainingException(
                $"{_store.Folder}: there is no checkpoint to start from; was the folder removed? launch the run again under another name", isFinal: true);
        }

        var (parent, problem) = MemberStore.Verify(folder);
        // A model from elsewhere (an import) has no manifest of ours: its tensors are checked when they are read.
        parent ??= File.Exists(Path.Combine(folder, CheckpointManifest.FileName))
            ? throw new TrainingException($"{folder}: {problem}; the model that {job.Member.Name} starts from is damaged", isFinal: true)
            : new Checkpoint(folder, new CheckpointManifest { Step = 0, Attempt = 0, Created = default, Files = new Dictionary<string, FileEntry>() });
        return (new StartPoint(parent, Resumes: false), damaged);
    }

    private ParameterSet CreateParameters(StartPoint? start, Device device)
    {
        var compute = job.Member.Compute;
        if (start is not null)
            return ModelFolder.Load(start.Checkpoint.Folder, device, compute);
        var tokenizer = Tokenizers.Open(job.Run.Tokenizer);
        return ParameterSet.Random(ModelConfig.Dense(job.Run.Model, tokenizer.Name, tokenizer.VocabSize), job.Run.Seed, device, compute);
    }

    /// <summary>Sets weights and moments back to the newest sound checkpoint, or to what the training began with.</summary>
    private TrainingPosition GoBack(ParameterSet parameters, AdamW optimizer)
    {
        var (start, damaged) = FindStart();
        optimizer.Reset();
        if (start is null)
        {
            parameters.Draw(job.Run.Seed);
        }
        else
        {
            using var file = start.Checkpoint.OpenModel();
            parameters.Load((spec, values) => file.Read(spec.Name, values));
        }

        return Restore(start, optimizer) with { Damaged = damaged };
    }

    /// <summary>Puts the optimizer where the checkpoint left it.</summary>
    private TrainingPosition Restore(StartPoint? start, AdamW optimizer)
    {
        if (start is not { Resumes: true })
            return new TrainingPosition(Step: 0, Durable: -1, start?.Checkpoint.Folder, BatchSkips.None, UsefulSeconds: 0, _opening, []);
        var state = start.Checkpoint.State;
        if (state.TargetSteps != job.Member.Steps || state.Seed != job.Run.Seed || state.Train != job.Member.Train)
        {
            throw new TrainingException(
                $"{start.Checkpoint.Folder}: was trained with other settings than run '{job.Run.Name}' asks for; launch under another name", isFinal: true);
        }

        using var file = start.Checkpoint.OpenOptimizer();
        OptimizerFile.Load(file, optimizer, TensorLayout.Of(start.Checkpoint.Config));
        return new TrainingPosition(state.Step, state.Step, start.Checkpoint.Folder, new BatchSkips(state.SkippedBatches), state.UsefulSeconds, TrainingHistory.Of(start.Checkpoint), []);
    }

    /// <summary>Where a mixture's parameters came from, completed before its first step by what is measured then; null for other models.</summary>
    private MixReceipt? Receipt(Transformer model, OpenedData data, StartPoint? start, CancellationToken cancellation)
    {
        if (job.Member.Mixture is not { } mixture || start is null || MixReceipt.Read(start.Checkpoint.Folder) is not { } receipt)
            return null;
        if (start.Resumes || model.Parameters.Config.Experts == 0)
        {
            if (receipt.Opening is { } told)
                observer.Opened(told);   // the attempt that measured it may have died before it was heard
            return receipt;
        }

        var opening = new MixtureOpening(model, mixture, job, data.All, observer.Pulse).Run(cancellation);
        observer.Opened(opening);
        _opening = _opening.With([.. opening.Losses.Select(loss => new ValidationPoint(0, loss.Domain, loss.Nll))]);
        return receipt with { Opening = opening };
    }

    private Dictionary<string, byte[]> Extras(MixReceipt? receipt)
    {
        var files = new Dictionary<string, byte[]>();
        if (receipt is not null)
            files[MixReceipt.FileName] = CheckpointJson.Write(receipt);
        var tokenizer = Tokenizers.Open(job.Run.Tokenizer);
        if (!tokenizer.HasRanks)
            return files;
        using var ranks = new MemoryStream();
        tokenizer.WriteRanks(ranks);
        files["tokenizer.tiktoken"] = ranks.ToArray();
        return files;
    }
}
