using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Bam.Contracts.Grains;
using Bam.Contracts.Runs;
using Bam.Contracts.Status;
using Bam.Grains;
using Bam.Grains.Hosting;
using Bam.Training.Corpora;
using Bam.Training.Data;
using Bam.Training.Model;
using Bam.Training.Native;
using Bam.Training.Optimization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Runtime.MembershipService.SiloMetadata;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Benchmarks;

/// <summary>
/// Tokens a second of the training step inside a branch grain of a real silo (session, metrics, heartbeats, progress) against the same
/// step in a bare loop: same model, data and thread count, alternating in one process. Both are wall time from the first to the last step.
/// </summary>
internal static class GrainOverhead
{
    private const int WarmUp = 10;

    private const int Polls = 10_000;

    public sealed record Round(double Bare, double Grain);

    public sealed record PolledRound(double Quiet, double Polled, int Polls);

    public static Task<List<Round>> Measure(BenchmarkOptions options) => Rounds(options, async (host, domain, folder, round) => new Round(
        OnThread(() => Bare(options, domain, folder)), await InGrain(host, options, domain, $"round-{round}")));

    /// <summary>Tokens a second of the same training with nobody who asks, and with 10,000 calls for its status spread over it.</summary>
    public static Task<List<PolledRound>> MeasurePolled(BenchmarkOptions options) => Rounds(options, async (host, domain, _, round) =>
    {
        var began = Stopwatch.GetTimestamp();
        var quiet = await InGrain(host, options, domain, $"quiet-{round}");
        using var ended = new CancellationTokenSource();
        var polling = Poll(host, $"polled-{round}", Stopwatch.GetElapsedTime(began) / Polls, ended.Token);
        var polled = await InGrain(host, options, domain, $"polled-{round}");
        await ended.CancelAsync();
        return new PolledRound(quiet, polled, await polling);
    });

    private static async Task<List<T>> Rounds<T>(BenchmarkOptions options, Func<IHost, DomainSpec, string, int, Task<T>> measure)
    {
        TorchLibrary.Load();
        var folder = Directory.CreateTempSubdirectory("bam-bench-").FullName;
        try
        {
            BuiltInCorpus.Write(folder, seed: 1, trainBytes: 2_000_000, validationBytes: 50_000);
            var domain = new DomainSpec("general", [Path.Combine(folder, "general.train.jsonl")], [Path.Combine(folder, "general.validation.jsonl")]);
            using var host = await StartSilo(folder, options);
            var rounds = new List<T>();
            for (var round = 0; round < options.Rounds; round++)
                rounds.Add(await measure(host, domain, folder, round));
            await host.StopAsync();
            return rounds;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <returns>Calls that were answered.</returns>
    private static async Task<int> Poll(IHost host, string name, TimeSpan pause, CancellationToken ended)
    {
        var coordinator = host.Services.GetRequiredService<IGrainFactory>().GetGrain<ICoordinatorGrain>(GrainKeys.Run(name));
        var began = Stopwatch.GetTimestamp();
        var polls = 0;
        while (polls < Polls && !ended.IsCancellationRequested)
        {
            // As many as are due by now: timers tick in milliseconds.
            for (var due = (int)Math.Min(Polls, Stopwatch.GetElapsedTime(began) / pause); polls < due; polls++)
                await coordinator.GetStatus(CancellationToken.None);
            await Task.Delay(1, CancellationToken.None);
        }

        return polls;
    }

    private static double Bare(BenchmarkOptions options, DomainSpec domain, string folder)
    {
        set_num_threads(options.Threads);
        using var scope = NewDisposeScope();
        using var data = DomainData.Open(domain, "bytes", Path.Combine(folder, "tokens"), CancellationToken.None);
        var config = ModelConfig.Dense(options.Shape(), "bytes", Tokenizers.VocabSize("bytes"));
        var precision = options.Device == "cpu" ? ScalarType.Float32 : ScalarType.BFloat16;
        if (options.Device != "cpu")
            InitializeDeviceType(DeviceType.CUDA);
        using var parameters = ParameterSet.Random(config, 1, device(options.Device), precision);
        using var optimizer = new AdamW(parameters, options.Train());
        using var model = new Transformer(parameters);
        var trainer = new Trainer(model, optimizer, new BatchSource(1, "seed", [(data, 1.0)], options.Batch, config.Context), options.Train(), options.Steps);
        var began = 0L;
        while (trainer.Step < options.Steps)
        {
            if (trainer.Step == WarmUp)
                began = Stopwatch.GetTimestamp();
            trainer.Advance(read: (trainer.Step + 1) % 10 == 0);
        }

        return (options.Steps - WarmUp) * trainer.TokensPerStep / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static async Task<double> InGrain(IHost host, BenchmarkOptions options, DomainSpec domain, string name)
    {
        var times = new ConcurrentQueue<long>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == TrainingHosting.MeterName && instrument.Name == "bam.steps")
                    self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, _, _) => times.Enqueue(Stopwatch.GetTimestamp()));
        listener.Start();
        var coordinator = host.Services.GetRequiredService<IGrainFactory>().GetGrain<ICoordinatorGrain>(GrainKeys.Run(name));
        await coordinator.Launch(new RunSpec
        {
            Name = name,
            Seed = 1,
            Model = options.Shape(),
            Domains = [domain],
            SeedModel = new SeedModelSpec { Domains = [new("general", 1)], Steps = options.Steps, Train = options.Train() },
            Branches = [],
            Mixtures = [],
            Checkpoints = new CheckpointSpec(options.Steps, 2),
            Evaluate = new EvaluationSpec(0, 1000),
        });
        while (await coordinator.GetStatus() is { Phase: RunPhase.Seed } status)
        {
            if (status.Members[0].State == MemberState.Failed)
                throw new InvalidOperationException(status.Members[0].Error);
            await Task.Delay(500);
        }

        await coordinator.Cancel();
        var stamps = times.ToArray();
        var tokens = (options.Steps - WarmUp) * (long)options.Batch * options.Shape().Context;
        return tokens / Stopwatch.GetElapsedTime(stamps[WarmUp - 1], stamps[options.Steps - 1]).TotalSeconds;
    }

    private static async Task<IHost> StartSilo(string folder, BenchmarkOptions options)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.UseOrleans(silo => silo
            .UseLocalhostClustering(siloPort: 11_911, gatewayPort: 11_912)
            .AddMemoryGrainStorage(TrainingGrainStorage.Name)
            .UseInMemoryReminderService()
            .UseSiloMetadata(DeviceMetadata.Of(options.Device, slots: 1))
            .Configure<SiloOptions>(silo => silo.SiloName = "bench")
            .AddBamTraining(new TrainingHostOptions
            {
                Store = Path.Combine(folder, "store"),
                TokenCache = Path.Combine(folder, "tokens"),
                Device = options.Device,
                Threads = options.Threads,
            }));
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    private static double OnThread(Func<double> work)
    {
        var result = 0.0;
        var thread = new Thread(() => result = work());
        thread.Start();
        thread.Join();
        return result;
    }
}
