using System.CommandLine;
using Bam.Client.Benches;
using Bam.Client.Clusters;
using Bam.Client.RunFiles;
using Bam.Client.Views;
using Bam.Contracts.Runs;
using Bam.Training.Native;
using Bam.Training.Profiling;
using Bam.Training.Sessions;
using static TorchSharp.torch;

namespace Bam.Client.Verbs;

/// <summary>
/// <c>bam bench [RUNFILE|PRESET]</c>: speed, memory and the time of every operation of a training step, on this host alone, with random
/// weights and tokens.
/// </summary>
internal sealed class BenchVerb : IVerb
{
    private readonly Argument<string> _what = new("WHAT")
    {
        Description = $"Run file, or a preset: {string.Join(", ", Presets.All.Keys)}", DefaultValueFactory = _ => "small",
    };

    private readonly Option<string?> _model = new("--model")
    {
        Description = "seed, a branch or a mixture of the run; dense, btx, bam or bam-kv of a preset (default: the first)", HelpName = "NAME",
    };

    private readonly Option<int> _experts =
        new("--experts") { Description = "Experts of a preset's mixtures", HelpName = "N", DefaultValueFactory = _ => 4 };

    private readonly Option<int?> _batch = new("--batch") { Description = "Sequences in a step (default: the run's, or 8)", HelpName = "N" };

    private readonly Option<int?> _context = new("--context") { Description = "Tokens of a sequence (default: the model's)", HelpName = "N" };

    private readonly Option<int> _steps = new("--steps") { Description = "Steps that are timed", HelpName = "N", DefaultValueFactory = _ => 10 };

    private readonly Option<int> _warmup = new("--warmup") { Description = "Steps before them", HelpName = "N", DefaultValueFactory = _ => 4 };

    private readonly Option<int> _profile = new("--profile")
    {
        Description = "Steps of a second pass that times every operation; 0 for none", HelpName = "N", DefaultValueFactory = _ => 3,
    };

    private readonly Option<string?> _device = new("--device") { Description = "cpu or cuda (default: a GPU if there is one)", HelpName = "DEVICE" };

    private readonly Option<string?> _precision =
        new("--precision") { Description = "fp32 or bf16 (default: the run's; of a preset bf16 on a GPU)", HelpName = "TYPE" };

    private readonly Option<int?> _threads = new("--threads") { Description = "CPU threads of torch (default: its own)", HelpName = "N" };

    private readonly Option<bool> _recompute = new("--recompute") { Description = "Compute activations again in the backward pass" };

    private readonly Option<string?> _states = new("--optimizer-states") { Description = "fp32 or bf16 (default: the run's)", HelpName = "TYPE" };

    public BenchVerb(GlobalOptions options, Terminal terminal)
    {
        _experts.MustBe(experts => experts is >= 2 and <= 64, "a whole number from 2 to 64");
        _batch.MustBe(batch => batch is null or (>= 1 and <= 65_536), "a whole number from 1 to 65536");
        _context.MustBe(context => context is null or (>= 8 and <= 1 << 24), "a whole number from 8 to 16777216");
        _steps.MustBe(steps => steps is >= 1 and <= 100_000, "a whole number from 1 to 100000");
        _warmup.MustBe(steps => steps is >= 0 and <= 100_000, "a whole number from 0 to 100000");
        _profile.MustBe(steps => steps is >= 0 and <= 1000, "a whole number from 0 to 1000");
        _threads.MustBe(threads => threads is null or (>= 1 and <= 1024), "a whole number from 1 to 1024");
        _device.MustBe(device => device is null or "cpu" or "cuda", "cpu or cuda");
        _precision.MustBe(IsPrecision, "fp32 or bf16");
        _states.MustBe(IsPrecision, "fp32 or bf16");
        Command = new("bench", "Speed, memory and the time of every operation of a training step")
        {
            _what, _model, _experts, _batch, _context, _steps, _warmup, _profile, _device, _precision, _threads, _recompute, _states,
        };
        Command.SetAction((line, cancellation) =>
        {
            var what = line.GetRequiredValue(_what);
            var model = BenchModel.Of(what, line.GetValue(_model), line.GetValue(_experts));
            var report = EngineThread.Run("bam-bench", () => Measure(line, what, model, cancellation));
            if (options.Json(line)) JsonOutput.Write(terminal.Output, report);
            else terminal.Screen.Write(BenchScreen.Render(report));
            return Task.FromResult(ExitCode.Done);
        });
    }

    public Command Command { get; }

    private static bool IsPrecision(string? word) => word is null or "fp32" or "bf16";

    private BenchReport Measure(ParseResult line, string what, BenchModel model, CancellationToken cancellation)
    {
        TorchLibrary.Load();
        var device = line.GetValue(_device) ?? (cuda.is_available() ? "cuda" : "cpu");
        if (device == "cuda" && !cuda.is_available())
            throw new UserException("--device: libtorch sees no GPU on this host; bam doctor says why", ExitCode.InputWrong);
        if (line.GetValue(_threads) is { } threads)
            TorchLibrary.UseThreads(threads);
        var isPreset = !File.Exists(what);
        var train = model.Train with
        {
            Batch = line.GetValue(_batch) ?? model.Train.Batch,
            Precision = Chosen(line.GetValue(_precision)) ?? (isPreset && device == "cuda" ? Precision.BFloat16 : model.Train.Precision),
            Recompute = line.GetValue(_recompute) || model.Train.Recompute,
            OptimizerStates = Chosen(line.GetValue(_states)) ?? model.Train.OptimizerStates,
        };
        var measured = model with { Config = model.Config with { Context = line.GetValue(_context) ?? model.Config.Context }, Train = train };
        var job = new BenchJob(
            measured.Config, train, device == "cuda" ? "cuda:0" : device, line.GetValue(_steps), line.GetValue(_warmup), line.GetValue(_profile));
        try
        {
            return BenchReport.From(what, measured, StepBench.Run(job, cancellation));
        }
        catch (TrainingException e)
        {
            throw new UserException($"bam: {e.Message}", ExitCode.Failed);
        }
    }

    private static Precision? Chosen(string? word) => word switch
    {
        "bf16" => Precision.BFloat16,
        "fp32" => Precision.Float32,
        _ => null,
    };
}
