using Bam.Contracts.Runs;
using Bam.Training.Fused;
using Bam.Training.Kernels;
using Bam.Training.Model;

namespace Bam.Training.Tests.Fused;

public sealed class StepRecorderTests
{
    private readonly List<string> _done = [];

    [Fact]
    public void A_step_is_recorded_after_a_few_and_from_then_on_one_launch()
    {
        using var recorder = new StepRecorder(Record, isWanted: true);

        for (var step = 0; step < StepRecorder.Warmup + 2; step++)
            Step(recorder, FrozenParts.None);

        Assert.Equal(["enqueue", "enqueue", "enqueue", "record", "run", "run"], _done);
        Assert.True(recorder.IsRecorded);
    }

    [Fact]
    public void Where_other_parts_are_frozen_another_step_is_recorded()
    {
        using (var recorder = new StepRecorder(Record, isWanted: true))
        {
            for (var step = 0; step < StepRecorder.Warmup + 1; step++)
                Step(recorder, FrozenParts.Experts);
            _done.Clear();
            for (var step = 0; step < StepRecorder.Warmup + 1; step++)
                Step(recorder, FrozenParts.None);
        }

        Assert.Equal(["dispose", "enqueue", "enqueue", "enqueue", "record", "run", "dispose"], _done);
    }

    [Fact]
    public void Where_a_step_cannot_be_recorded_that_is_tried_once()
    {
        var tried = 0;
        using var recorder = new StepRecorder(
            _ =>
            {
                tried++;
                return null;
            },
            isWanted: true);

        for (var step = 0; step < StepRecorder.Warmup + 3; step++)
            Step(recorder, FrozenParts.None);

        Assert.Equal((1, StepRecorder.Warmup + 3, false), (tried, _done.Count, recorder.IsRecorded));
    }

    [Theory]
    [InlineData("tiny", 16, true)]
    [InlineData("small", 64, true)]
    [InlineData("110m", 32, false)]
    public void A_small_step_is_worth_it(string preset, int batch, bool expected)
    {
        ModelConfig config = preset switch
        {
            "tiny" => new() { Layers = 4, Width = 128, Heads = 4, KvHeads = 4, Ffn = 352, Context = 128, Vocab = 256 },
            "small" => new() { Layers = 6, Width = 256, Heads = 8, KvHeads = 8, Ffn = 704, Context = 256, Vocab = 256 },
            _ => new() { Layers = 12, Width = 768, Heads = 12, KvHeads = 12, Ffn = 2048, Context = 1024, Vocab = 32768 },
        };

        Assert.Equal(expected, StepRecorder.IsWorthIt(config, batch));
    }

    private void Step(StepRecorder recorder, FrozenParts frozen) => recorder.Run(frozen, () => _done.Add("enqueue"));

    private Recorded Record(Action enqueue)
    {
        _done.Add("record");
        return new Recorded(_done);
    }

    private sealed class Recorded(List<string> done) : IRecordedStep
    {
        public void Run() => done.Add("run");

        public void Dispose() => done.Add("dispose");
    }
}
