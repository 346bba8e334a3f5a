using System.Runtime.InteropServices;
using Bam.Contracts.Runs;
using Bam.Training.Checkpoints;
using Bam.Training.Model;
using Bam.Training.Optimization;
using Bam.Training.Tests.Model;
using Bam.Training.Tests.Optimization;
using TorchSharp;

namespace Bam.Training.Tests.Checkpoints;

public sealed partial class CheckpointSaverTests : IDisposable
{
    private static readonly TrainSpec Spec = new() { Batch = 2, Warmup = 0 };

    private readonly CheckpointFolder _folder = new();
    private readonly ParameterSet _parameters = ParameterSet.Random(Shapes.Dense, seed: 1, torch.CPU);
    private readonly Transformer _model;
    private readonly AdamW _optimizer;
    private readonly Trainer _trainer;
    private readonly CheckpointSaver _saver;

    public CheckpointSaverTests()
    {
        _model = new Transformer(_parameters);
        _optimizer = new AdamW(_parameters, Spec);
        _trainer = new Trainer(_model, _optimizer, new RandomBatches(Shapes.Dense.Vocab), Spec, steps: 100);
        _saver = new CheckpointSaver(
            _folder.Store, _parameters, _optimizer, new Dictionary<string, byte[]> { ["note.txt"] = [7] }, keep: 2);
    }

    public void Dispose()
    {
        _saver.Dispose();
        _optimizer.Dispose();
        _model.Dispose();
        _parameters.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Save_returns_while_the_store_hangs_and_what_is_written_is_the_state_of_the_call()
    {
        Advance(3);
        var expected = Weights();
        using var hang = new HangingStore(_folder.At(".attempt"));
        SaveOutcome? outcome = null;

        _saver.Save(State(), "/parent", result => outcome = result);
        Advance(2);

        Assert.Null(outcome);
        Assert.Empty(Directory.EnumerateDirectories(_folder.Store.Folder));
        hang.Release(attempt: 1);
        _saver.Wait();
        Assert.Null(outcome!.Problem);
        Assert.Equal(expected, Saved(outcome.Checkpoint!));
        Assert.NotEqual(expected, Weights());
        Assert.Equal(3, outcome.Checkpoint!.State.Step);
        Assert.Equal("/parent", outcome.Checkpoint.Manifest.Parent);
    }

    [Fact]
    public void A_second_save_waits_for_the_first_and_both_are_there()
    {
        var saved = new List<long>();
        void Save() => _saver.Save(State(), null, result => saved.Add(result.Checkpoint!.Manifest.Step));
        Advance(1);
        Save();
        Advance(1);
        Save();
        _saver.Wait();

        Assert.Equal([1, 2], saved);
        Assert.Equal(["step-00000001", "step-00000002"], _folder.Names);
    }

    [Fact]
    public void Only_the_newest_checkpoints_are_kept()
    {
        for (var i = 0; i < 4; i++)
        {
            Advance(1);
            _saver.Save(State(), null, _ => { });
        }

        _saver.Wait();

        Assert.Equal(["step-00000003", "step-00000004"], _folder.Names);
    }

    [Fact]
    public void A_checkpoint_holds_all_files_of_the_contract_and_restores_the_optimizer()
    {
        Advance(3);
        SaveOutcome? outcome = null;
        _saver.Save(State(), null, result => outcome = result);
        _saver.Wait();
        var checkpoint = outcome!.Checkpoint!;
        using var fresh = new AdamW(_parameters, Spec);

        using (var file = checkpoint.OpenOptimizer())
            OptimizerFile.Load(file, fresh, _parameters.Specs);

        Assert.Equal(
            ["config.json", "manifest.json", "model.safetensors", "note.txt", "optimizer.safetensors", "state.json"],
            Directory.EnumerateFiles(checkpoint.Folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        Assert.Equal(Shapes.Dense, checkpoint.Config);
        Assert.Equivalent(State(), checkpoint.State, strict: true);
        Assert.Equal(Moments(_optimizer), Moments(fresh));
        Assert.Equal(3, fresh.Steps.item<float>());
    }

    [Fact]
    public void A_store_that_cannot_be_written_is_an_outcome_and_no_exception()
    {
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(_folder.Store.Folder).FullName, "file"), "");
        using var saver = new CheckpointSaver(
            new MemberStore(_folder.At("file", "member")), _parameters, _optimizer, new Dictionary<string, byte[]>(), keep: 2);
        SaveOutcome? outcome = null;

        saver.Save(State(), null, result => outcome = result);
        saver.Wait();

        Assert.Null(outcome!.Checkpoint);
        Assert.Contains(_folder.At("file", "member"), outcome.Problem!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public void A_state_with_a_number_that_is_not_finite_is_not_published(float bad)
    {
        Advance(1);
        _optimizer.SecondMoments[2].flatten()[1].fill_(bad);
        SaveOutcome? outcome = null;

        _saver.Save(State(), null, result => outcome = result);
        _saver.Wait();

        Assert.Equal("nonfinite", outcome!.Reason);
        Assert.Contains("second.blocks.0", outcome.Problem!.Message, StringComparison.Ordinal);
        Assert.Empty(_folder.Names);
    }

    private static float[] Saved(Checkpoint checkpoint)
    {
        using var parameters = ModelFolder.Load(checkpoint.Folder, torch.CPU);
        return [.. parameters.Masters.SelectMany(tensor => tensor.data<float>().ToArray())];
    }

    private static float[] Moments(AdamW optimizer) =>
        [.. optimizer.FirstMoments.Concat(optimizer.SecondMoments).SelectMany(tensor => tensor.data<float>().ToArray())];

    private float[] Weights() => [.. _parameters.Masters.SelectMany(tensor => tensor.data<float>().ToArray())];

    private void Advance(int steps)
    {
        for (var i = 0; i < steps; i++)
            _trainer.Advance(read: false);
    }

    private TrainingState State() => new()
    {
        Step = _trainer.Step,
        Tokens = 0,
        Windows = 0,
        TargetSteps = 100,
        Attempt = 1,
        Seed = 1,
        Member = "member",
        Train = Spec,
        Threads = 1,
    };

    /// <summary>A fence that is a named pipe: whoever reads it waits for somebody to write, as on a mount that hangs.</summary>
    private sealed partial class HangingStore : IDisposable
    {
        private readonly string _path;
        private bool _released;

        public HangingStore(string path)
        {
            _path = path;
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            Assert.Equal(0, MakePipe(path, 0x180));                            // 0600
        }

        public void Release(int attempt)
        {
            _released = true;
            using var pipe = new StreamWriter(new FileStream(_path, FileMode.Open, FileAccess.Write));
            File.Delete(_path);                                                // whoever looks again finds no fence
            pipe.Write(attempt);
        }

        public void Dispose()
        {
            if (!_released)
                Release(1);
        }

        [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
        private static partial int MakePipe(string path, uint mode);
    }
}
