using System.Runtime.InteropServices;
using Bam.Training.Data;
using Bam.Training.Evaluation;
using Bam.Training.Model;
using Bam.Training.Tests.Model;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Evaluation;

public sealed class PerplexityMeterTests : IDisposable
{
    private const int Tokens = 101, TextBytes = 250;

    private readonly TemporaryFolder _folder = new();
    private readonly ParameterSet _parameters = TransformerTests.Distinct(Shapes.Dense);
    private readonly Transformer _model;
    private readonly TokenFile _file;
    private readonly long[] _ids;

    public PerplexityMeterTests()
    {
        var random = new Random(4);
        _model = new Transformer(_parameters);
        _ids = [.. Enumerable.Range(0, Tokens).Select(_ => (long)random.Next(Shapes.Dense.Vocab))];
        File.WriteAllBytes(_folder.At("tokens.bin"), MemoryMarshal.AsBytes<ushort>([.. _ids.Select(id => (ushort)id)]).ToArray());
        _file = new TokenFile(_folder.At("tokens.bin"), sizeof(ushort), new SplitFacts(Documents: 3, Tokens, TextBytes, 0));
    }

    public void Dispose()
    {
        _file.Dispose();
        _model.Dispose();
        _parameters.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(16, 0)]
    [InlineData(5, 0)]
    [InlineData(1, 0)]
    [InlineData(0, 40)]
    [InlineData(7, 33)]
    [InlineData(0, 1000)]
    public void It_is_what_a_loop_over_the_tokens_gives(int stride, int limit)
    {
        var found = PerplexityMeter.Measure(_model, _file, stride, limit, cancellation: TestContext.Current.CancellationToken);

        var counted = limit == 0 ? Tokens - 1 : Math.Min(limit, Tokens - 1);
        var nll = SlowNll(counted, stride == 0 ? Shapes.Dense.Context : stride);
        Assert.Equal(counted, found.Tokens);
        Assert.Equal(nll, found.Nll, 2e-5);
        Assert.Equal(Math.Exp(nll), found.Perplexity, Math.Exp(nll) * 5e-5);
        Assert.Equal(nll / Math.Log(2) * Tokens / TextBytes, found.BitsPerByte, 2e-5);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void The_routers_use_of_a_text_counts_every_predicted_token_once(int stride)
    {
        using var parameters = TransformerTests.Distinct(Shapes.All["BAM, top-2"]);
        using var model = new Transformer(parameters);

        var alone = PerplexityMeter.Measure(model, _file, stride, batch: 1, cancellation: TestContext.Current.CancellationToken);
        var together = PerplexityMeter.Measure(model, _file, stride, batch: 32, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(parameters.Config.Layers, alone.Routing.Count);
        foreach (var (one, many) in alone.Routing.Zip(together.Routing))
        {
            Assert.Equal(1, one.FfnShares.Sum(), 1e-6);
            Assert.Equal(1, one.AttentionShares.Sum(), 1e-6);
            // Whole numbers of choices: two for each of the predicted tokens, whatever the batch.
            Assert.All(one.FfnShares, share => Assert.Equal(Math.Round(share * 2 * (Tokens - 1)), share * 2 * (Tokens - 1), 1e-3));
            Assert.All(one.FfnShares.Zip(many.FfnShares), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
            Assert.All(one.AttentionShares.Zip(many.AttentionShares), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
            Assert.InRange(one.FfnEntropy, 0, Math.Log(3));
            Assert.Equal(one.AttentionEntropy!.Value, many.AttentionEntropy!.Value, 1e-5);
        }
    }

    [Fact]
    public void A_dense_model_has_no_routers_to_tell_of() =>
        Assert.Empty(PerplexityMeter.Measure(_model, _file, cancellation: TestContext.Current.CancellationToken).Routing);

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void It_does_not_depend_on_the_batch(int stride)
    {
        double Nll(int batch) =>
            PerplexityMeter.Measure(_model, _file, stride, batch: batch, cancellation: TestContext.Current.CancellationToken).Nll;

        Assert.Equal(Nll(1), Nll(7), 1e-6);
        Assert.Equal(Nll(1), Nll(32), 1e-6);
    }

    [Fact]
    public void It_gives_a_sign_of_life_after_every_batch()
    {
        var pulses = 0;

        PerplexityMeter.Measure(_model, _file, batch: 2, pulse: () => pulses++, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(4, pulses);                                               // 100 targets are 7 windows of 16
    }

    [Fact]
    public void It_can_be_cancelled()
    {
        using var source = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

        Assert.Throws<OperationCanceledException>(() =>
            PerplexityMeter.Measure(_model, _file, batch: 1, pulse: source.Cancel, cancellation: source.Token));
    }

    /// <summary>Window after window in double: each target after the last counted one counts.</summary>
    private double SlowNll(int targets, int stride)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var slow = new SlowModel(_parameters);
        double sum = 0;
        var counted = 0;
        for (var start = 0; counted < targets; start += stride)
        {
            var end = Math.Min(start + Shapes.Dense.Context, targets);
            var logits = slow.Logits(_ids[start..end]).data<double>().Chunk(Shapes.Dense.Vocab).ToArray();
            for (var t = counted; t < end; t++)
            {
                var row = logits[t - start];
                sum += Math.Log(row.Sum(value => Math.Exp(value - row.Max()))) + row.Max() - row[_ids[t + 1]];
            }

            counted = end;
        }

        return sum / targets;
    }
}
