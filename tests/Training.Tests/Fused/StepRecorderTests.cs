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
        var recorder = new StepRecorder(Record, isWanted: true);

        for (var step = 0; step < StepRecorder.Warmup + 2; step++)
            Step(recorder);
        recorder.Dispose();

        Assert.Equal(["enqueue", "enqueue", "enqueue", "record", "run", "run", "dispose"], _done);
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
            Step(recorder);

        Assert.Equal((1, StepRecorder.Warmup + 3, false), (tried, _done.Count, recorder.IsRecorded));
    }

    [Theory]
    [InlineData(4, null, true)]
    [InlineData(8, null, false)]
    [InlineData(4, "off", false)]
    [InlineData(8, "on", true)]
    public void Steps_of_little_work_are_recorded_unless_something_else_is_said(int batch, string? said, bool expected)
    {
        var config = new ModelConfig { Layers = 12, Width = 768, Heads = 12, KvHeads = 12, Ffn = 2048, Context = 1024, Vocab = 32_768 };

        Assert.Equal(expected, StepRecorder.IsWorthIt(config, batch, said));
    }

    private void Step(StepRecorder recorder) => recorder.Run(() => _done.Add("enqueue"));

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
