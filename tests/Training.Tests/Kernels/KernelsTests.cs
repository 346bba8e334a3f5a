using Bam.Training.Fused;
using Bam.Training.Kernels;
using Bam.Training.Tests.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Kernels;

/// <summary>Each kernel against its plain twin in float64, forward and backward; rows that are odd, unaligned and long among them.</summary>
public abstract partial class KernelsTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TwinMaker _twins;
    private readonly IStepKernels _fast;
    private readonly PlainKernels _exact = new();

    private protected KernelsTests(TwinMaker twins)
    {
        _twins = twins;
        _fast = FastPath.Kernels(twins.Device);
    }

    public static TheoryData<int, int, int> Rows => new()
    {
        { 1, 8, 0 }, { 3, 7, 0 }, { 17, 24, 1 }, { 130, 64, 0 }, { 65, 96, 3 }, { 33, 1291, 0 }, { 1025, 768, 0 }, { 300, 1280, 8 }, { 5, 8192, 0 },
        { 2, 2600, 1 },
    };

    public void Dispose()
    {
        _fast.Dispose();
        _scope.Dispose();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData(128, 64, 256, 0)]
    [InlineData(33, 40, 72, 0)]
    [InlineData(1024, 1280, 3456, 8)]
    [InlineData(17, 31, 13, 0)]
    [InlineData(64, 48, 8, 1)]
    public void Products_of_either_order_with_or_without_a_sum(int rows, int columns, int depth, int offset)
    {
        foreach (var (left, right) in new[] { (false, false), (false, true), (true, false), (true, true) })
        {
            var a = left ? _twins.Draw(1, "a", depth, rows, 1, offset) : _twins.Draw(1, "a", rows, depth, 1, offset);
            var b = right ? _twins.Draw(2, "b", columns, depth, 1, offset) : _twins.Draw(2, "b", depth, columns, 1, offset);
            var (into, plus) = (_twins.Empty(rows, columns, offset), _twins.Draw(3, "c", rows, columns, 4));
            _fast.Multiply(a.FastRows, left, b.FastRows, right, into.FastRows);
            _exact.Multiply(a.ExactRows, left, b.ExactRows, right, into.ExactRows);
            into.Agree($"product {left} {right}");
            _fast.Multiply(a.FastRows, left, b.FastRows, right, into.FastRows, plus.FastRows);
            _exact.Multiply(a.ExactRows, left, b.ExactRows, right, into.ExactRows, plus.ExactRows);
            into.Agree($"sum {left} {right}");
            _fast.Multiply(a.FastRows, left, b.FastRows, right, plus.FastRows, plus.FastRows);
            plus.Agree($"sum in place {left} {right}", into.Exact);
        }
    }

    [Theory, MemberData(nameof(Rows))]
    public void Norms(int rows, int width, int offset)
    {
        foreach (var (rms, perToken) in new[] { (false, 0), (true, 0), (false, 1), (true, 2) })
        {
            var rule = new NormRule(rms, 1e-5);
            var (x, weight, into) = (_twins.Draw(1, "x", rows, width, 2, offset), _twins.Draw(2, "w", 1, width), _twins.Empty(rows, width));
            var (statistics, dy, g, dw) = (
                _twins.EmptyWide(rows, 2), _twins.Draw(3, "dy", rows, width), _twins.Draw(4, "g", rows, width), _twins.Empty(1, width));
            var parts = _twins.Draw(5, "parts", Math.Max(1, rows * perToken), width);
            var places = _twins.Integers([.. Enumerable.Range(0, rows * perToken).Select(i => (long)(rows * perToken - 1 - i))]);
            RowSum? fastSum = perToken == 0 ? null : new RowSum(parts.FastRows, places.Fast.to(int32), perToken);
            RowSum? exactSum = perToken == 0 ? null : new RowSum(parts.ExactRows, places.Exact.to(int32), perToken);

            _fast.Norm(x.FastRows, fastSum, weight.FastRows, into.FastRows, statistics.Fast, rule);
            _exact.Norm(x.ExactRows, exactSum, weight.ExactRows, into.ExactRows, statistics.Exact, rule);
            into.Agree("norm", 2 * _twins.OneRounding);
            x.Agree("sum of rows");
            _fast.NormBackward(dy.FastRows, fastSum, x.FastRows, weight.FastRows, statistics.Fast, rule, g.FastRows, true, dw.FastRows);
            _exact.NormBackward(dy.ExactRows, exactSum, x.ExactRows, weight.ExactRows, statistics.Exact, rule, g.ExactRows, true, dw.ExactRows);
            g.Agree("gradient", 2 * _twins.OneRounding);
            dw.Agree("weight's gradient", 2 * _twins.OneRounding);
            _fast.NormBackward(dy.FastRows, null, x.FastRows, weight.FastRows, statistics.Fast, rule, g.FastRows, false, dw.FastRows);
            _exact.NormBackward(dy.ExactRows, null, x.ExactRows, weight.ExactRows, statistics.Exact, rule, g.ExactRows, false, dw.ExactRows);
            g.Agree("gradient without residual", 2 * _twins.OneRounding);
        }
    }

    [Theory, MemberData(nameof(Rows))]
    public void SwiGlu(int rows, int width, int offset)
    {
        foreach (var scaled in new[] { false, true })
        {
            var (gate, up) = (_twins.Draw(1, "gate", rows, width, 3, offset), _twins.Draw(2, "up", rows, width, 1, offset));
            var (into, d) = (_twins.Empty(rows, width), _twins.Draw(3, "d", rows, width, 1, offset));
            var (scales, dscales) = (scaled ? _twins.Wide(4, "scales", rows) : null, _twins.EmptyWide(rows));
            _fast.SwiGlu(gate.FastRows, up.FastRows, scales?.Fast, into.FastRows);
            _exact.SwiGlu(gate.ExactRows, up.ExactRows, scales?.Exact, into.ExactRows);
            into.Agree("swiglu");
            _fast.SwiGluBackward(gate.FastRows, up.FastRows, d.FastRows, scales?.Fast, scaled ? dscales.Fast : null);
            _exact.SwiGluBackward(gate.ExactRows, up.ExactRows, d.ExactRows, scales?.Exact, scaled ? dscales.Exact : null);
            gate.Agree("gradient of gate");
            up.Agree("gradient of up");
            if (scaled)
                dscales.Agree("gradient of scales", 1e-4);
        }
    }

    [Theory]
    [InlineData(2, 5, 3, 16, true, 1, 1)]
    [InlineData(1, 77, 4, 64, false, 1, 1)]
    [InlineData(2, 300, 20, 64, true, 1, 1)]
    [InlineData(1, 2048, 6, 128, true, 1, 1)]
    [InlineData(2, 9, 6, 8, false, 1, 1)]
    [InlineData(2, 9, 5, 6, true, 1, 1)]
    [InlineData(2, 33, 12, 64, true, 3, 2)]
    [InlineData(2, 33, 12, 16, false, 2, 6)]
    public void Rotations_and_their_inverse(int batch, int time, int heads, int width, bool interleaved, int experts, int kvHeads)
    {
        var config = Shapes.Dense with { Width = heads * width, Heads = heads, Context = time, RopeInterleaved = interleaved };
        using Arena fast = new(_twins.Device, _twins.Type), exact = new(CPU, ScalarType.Float64);
        var (fastAngles, exactAngles) = (RotaryAngles.Of(config, fast), RotaryAngles.Of(config, exact));
        var layout = new HeadLayout(experts, heads / experts, kvHeads, width, experts > 1);
        foreach (var offset in new[] { 0, 8, 3 })
        {
            var (from, into, back) = (
                _twins.Draw(1, "x", batch * time, heads * width, 1, offset), _twins.Empty(batch * time, heads * width), _twins.Empty(batch * time, heads * width, offset));
            _fast.Rotate(from.FastRows, into.FastRows, fastAngles, layout, back: false);
            _exact.Rotate(from.ExactRows, into.ExactRows, exactAngles, layout, back: false);
            into.Agree("turned");
            _fast.Rotate(into.FastRows, back.FastRows, fastAngles, layout, back: true);
            _exact.Rotate(into.ExactRows, back.ExactRows, exactAngles, layout, back: true);
            back.Agree("turned back", 2 * _twins.OneRounding);
            Twins.Agree("where it was", from.Exact, back.Fast, 2 * _twins.OneRounding);
        }
    }

    [Theory]
    [InlineData(3, 7, 0)]
    [InlineData(65, 257, 0)]
    [InlineData(130, 320, 0)]
    [InlineData(40, 32_768, 0)]
    [InlineData(9, 50_257, 0)]
    [InlineData(5, 256_000, 0)]
    [InlineData(20, 4096, 1)]
    public void Cross_entropy_and_its_gradient(int rows, int vocab, int offset)
    {
        var random = new Random(1);
        var logits = _twins.Draw(1, "logits", rows, vocab, 3, offset);
        var targets = _twins.Integers([.. Enumerable.Range(0, rows).Select(row => row % 3 == 1 ? -100L : random.Next(vocab))]);
        var (numbers, losses) = (_twins.EmptyWide(2), _twins.EmptyWide(rows));
        foreach (var (kernels, x, y, n, l) in new (IStepKernels, Matrix, Tensor, Tensor, Tensor)[]
        {
            (_fast, logits.FastRows, targets.Fast, numbers.Fast, losses.Fast), (_exact, logits.ExactRows, targets.Exact, numbers.Exact, losses.Exact),
        })
        {
            kernels.CountTargets(y, n);
            kernels.CrossEntropy(x, y, n, l);
            kernels.MeanLoss(l, n);
        }

        losses.Agree("losses", 1e-5);
        numbers.Agree("mean", 1e-5);
        logits.Agree("gradient");
    }

    [Theory, MemberData(nameof(Rows))]
    public void Rows_are_taken_copied_and_added_up(int rows, int width, int offset)
    {
        var random = new Random(2);
        var (table, into) = (_twins.Draw(1, "table", 11, width), _twins.Empty(rows, width, offset));
        var ids = _twins.Integers([.. Enumerable.Range(0, rows).Select(_ => (long)random.Next(9))]);
        foreach (var (fast, exact) in new[] { (ids.Fast, ids.Exact), (ids.Fast.to(int32), ids.Exact.to(int32)) })
        {
            _fast.TakeRows(table.FastRows, fast, into.FastRows);
            _exact.TakeRows(table.ExactRows, exact, into.ExactRows);
            into.Agree("taken", 0);
        }

        _fast.AddToTable(into.FastRows, ids.Fast, table.FastRows);
        _exact.AddToTable(into.ExactRows, ids.Exact, table.ExactRows);
        table.Agree("added up");
        var copy = _twins.Empty(rows, width);
        _fast.Copy(into.FastRows, copy.FastRows);
        _exact.Copy(into.ExactRows, copy.ExactRows);
        copy.Agree("copied", 0);
    }
}
