using System.Runtime.InteropServices;
using Bam.Training.Model;
using Bam.Training.Native;
using Bam.Training.Sessions;
using TorchSharp;

namespace Bam.Training.Tests.Sessions;

public sealed class RehearsalTests : IDisposable
{
    private readonly TinyRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void A_batch_that_cannot_fit_is_refused_before_any_data_is_prepared()
    {
        var job = _run.Job("digits");
        var hopeless = job with { Member = job.Member with { Train = TinyRun.Train with { Batch = 1 << 27 } } };

        var refusal = Assert.Throws<TrainingException>(() => new TrainingSession(hopeless, new TinyRun.Observer()).Run(TestContext.Current.CancellationToken));

        Assert.True(refusal.IsFinal);
        Assert.StartsWith("digits: a step of batch 134217728 and context 32 does not fit on cpu; lower train.batch or model.context (", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
        Assert.False(Directory.Exists(job.TokenCache));
    }

    [Fact]
    public void It_leaves_weights_and_gradients_as_they_were()
    {
        using var parameters = ParameterSet.Random(ModelConfig.Dense(_run.Spec.Model, "bytes", 257), seed: 1, torch.CPU);
        using var model = new Transformer(parameters);
        float[] Weights() => [.. parameters.Masters.SelectMany(tensor => tensor.data<float>().ToArray())];
        var before = Weights();

        Rehearsal.Run(model, _run.Job("digits"));

        Assert.Equal(before, Weights());
        Assert.All(parameters.Working, tensor => Assert.True(tensor.grad is null));
    }

    [Theory]
    [InlineData("CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has\nException raised from malloc", "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has")]
    [InlineData("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you tried to allocate 64 bytes.", "[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you tried to allocate 64 bytes.")]
    [InlineData("The size of tensor a (3) must match the size of tensor b (4)", null)]
    public void What_libtorch_says_of_memory_is_told_and_nothing_else_is_taken_for_it(string said, string? told) =>
        Assert.Equal(told, Rehearsal.Shortage(new NativeException(said)));

    [Fact]
    public void An_operation_that_libtorch_refuses_is_named_with_the_place_of_the_reason()
    {
        using var three = torch.zeros(3);
        using var four = torch.zeros(4);

        var refusal = Assert.Throws<TorchRefusalException>(() =>
        {
            Span<ulong> stack = [Dispatcher.Argument(three), Dispatcher.Argument(four)];
            Dispatcher.Call("aten::dot\0"u8, "\0"u8, stack);
        });

        Assert.Equal("libtorch refused aten::dot: memory is short, or this is a defect; its own words are in the silo's log (standard error)", refusal.Message);
        Assert.Equal(refusal.Message, Rehearsal.Shortage(refusal));
    }

    /// <summary>As TorchSharp throws what libtorch throws.</summary>
    private sealed class NativeException(string said) : ExternalException(said);
}
