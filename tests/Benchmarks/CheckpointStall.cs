using System.Diagnostics;
using Bam.Contracts.Runs;
using Bam.Training.Checkpoints;
using Bam.Training.Model;
using Bam.Training.Native;
using Bam.Training.Optimization;
using static TorchSharp.torch;

namespace Bam.Benchmarks;

/// <summary>
/// What one checkpoint a minute costs the training of a model of 110M parameters on the CPU: the time that the training stands still for the
/// copy, and by how much its steps are slower while the checkpoint is written. The steps and the saver are those of a session.
/// </summary>
internal static class CheckpointStall
{
    private const int WarmUp = 3, Context = 128;

    private static readonly TimeSpan Between = TimeSpan.FromMinutes(1);

    /// <param name="Parameters">Of the model.</param>
    /// <param name="CheckpointMB">Weights and moments.</param>
    /// <param name="TrainingSeconds">Wall time of the measurement.</param>
    /// <param name="Saves">Checkpoints published.</param>
    /// <param name="CopySeconds">A save's hold on the training, in order.</param>
    /// <param name="WriteSeconds">From the copy to the published checkpoint, in order.</param>
    /// <param name="QuietStep">Median seconds of a step while nothing is written.</param>
    /// <param name="SavingStep">Median seconds of a step that ran wholly or partly while a checkpoint was written.</param>
    /// <param name="StallPercent">Part of the training time in which it stood still, for the copies.</param>
    /// <param name="SlowerPercent">Part that the slower steps took, over what they take when quiet (by the mean of each kind).</param>
    public sealed record Result(
        long Parameters, double CheckpointMB, double TrainingSeconds, int Saves, double[] CopySeconds, double[] WriteSeconds,
        double QuietStep, double SavingStep, double StallPercent, double SlowerPercent);

    public static Result Measure(BenchmarkOptions options)
    {
        TorchLibrary.Load();
        set_num_threads(options.Threads);
        var folder = Path.Combine(options.Folder, $"bam-stall-{Guid.NewGuid():n}");
        try
        {
            using var scope = NewDisposeScope();
            var train = new TrainSpec { Batch = 1 };
            var config = ModelConfig.Dense(new ModelSpec { Layers = 12, Width = 768, Heads = 12, KvHeads = 12, Ffn = 2048, Context = Context, Vocab = 32_768 }, "bytes", 257);
            using var parameters = ParameterSet.Random(config, 1, CPU);
            using var optimizer = new AdamW(parameters, train);
            using var model = new Transformer(parameters);
            using var saver = new CheckpointSaver(new CheckpointStore(folder).Open("run", "model"), parameters, optimizer, new Dictionary<string, byte[]>(), keep: 2);
            return Measure(new Trainer(model, optimizer, new RandomTokens(config.Vocab), train, steps: 1_000_000), saver, TimeSpan.FromMinutes(options.Minutes));
        }
        finally
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    private static Result Measure(Trainer trainer, CheckpointSaver saver, TimeSpan length)
    {
        for (var i = 0; i < WarmUp; i++)
            trainer.Advance(read: false);
        var outcomes = new List<SaveOutcome>();
        List<double> quiet = [], saving = [];
        var began = Stopwatch.GetTimestamp();
        var next = Between / 2;                                                // the last one has half a minute to be written
        while (Stopwatch.GetElapsedTime(began) is var passed && passed < length)
        {
            if (passed >= next)
            {
                saver.Save(State(trainer), null, outcomes.Add);
                next += Between;
            }

            var busy = saver.IsBusy;
            var step = Stopwatch.GetTimestamp();
            trainer.Advance(read: (trainer.Step + 1) % 10 == 0);
            (busy ? saving : quiet).Add(Stopwatch.GetElapsedTime(step).TotalSeconds);
        }

        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        saver.Wait();
        if (outcomes.FirstOrDefault(outcome => outcome.Problem is not null) is { Problem: { } problem })
            throw problem;
        double copy = outcomes.Sum(outcome => outcome.Held.TotalSeconds), slower = saving.Sum() - (saving.Count * quiet.Average());
        double Percent(double part) => Math.Round(100 * part / seconds, 2);
        return new Result(
            saver.Bytes / 12, Math.Round(saver.Bytes / 1e6), Math.Round(seconds, 1), outcomes.Count,
            [.. outcomes.Select(outcome => Math.Round(outcome.Held.TotalSeconds, 3))], [.. outcomes.Select(outcome => Math.Round(outcome.Written.TotalSeconds, 2))],
            Median(quiet), Median(saving), Percent(copy), Percent(slower));
    }

    private static double Median(List<double> values) => Math.Round(values.Order().ElementAtOrDefault(values.Count / 2), 4);

    private static TrainingState State(Trainer trainer) => new()
    {
        Step = trainer.Step,
        Tokens = trainer.Step * trainer.TokensPerStep,
        Windows = trainer.Step,
        TargetSteps = 1_000_000,
        Attempt = 1,
        Seed = 1,
        Member = "model",
        Train = new TrainSpec { Batch = 1 },
        Threads = get_num_threads(),
    };

    private sealed class RandomTokens(int vocab) : IBatchSource
    {
        public void Fill(long step, Span<long> inputs, Span<long> targets)
        {
            var random = new Random((int)step);
            foreach (ref var token in inputs)
                token = random.Next(vocab);
            foreach (ref var token in targets)
                token = random.Next(vocab);
        }
    }
}
