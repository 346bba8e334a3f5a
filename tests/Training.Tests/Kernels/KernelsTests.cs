using Bam.Contracts.Runs;
using Bam.Training.Fused;
using Bam.Training.Kernels;
using Bam.Training.Model;
using Bam.Training.Optimization;
using Bam.Training.Tests.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Kernels;

/// <summary>Each kernel against its plain twin in float64, forward and backward; rows that are odd, unaligned and long among them.</summary>
public abstract class KernelsTests : IDisposable
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
    [InlineData(1, 3, 2, 2, 64)]
    [InlineData(3, 77, 6, 6, 32)]
    [InlineData(2, 300, 4, 2, 128)]
    [InlineData(1, 2048, 8, 2, 64)]
    [InlineData(2, 1025, 3, 3, 8)]
    public void Attention(int batch, int time, int heads, int kvHeads, int width)
    {
        int query = heads * width, key = kvHeads * width;
        var input = _twins.Draw(1, "x", batch * time, query + 2 * key);
        Tensor Heads(Tensor x, int first, int count) => x.narrow(1, first, count * width).view(batch, time, count, width).transpose(1, 2);
        AttentionResult Attend(IStepKernels kernels, Tensor x) =>
            kernels.Attend(Heads(x, 0, heads), Heads(x, query, kvHeads), Heads(x, query + key, kvHeads));
        var d = _twins.Draw(2, "d", batch * time, query);
        var (fast, exact) = (Attend(_fast, input.Fast), Attend(_exact, input.Exact));
        Twins.Agree("attention", exact.Heads.Tensor, fast.Heads.Tensor, 2 * _twins.OneRounding);
        var (fastQ, fastK, fastV) = _fast.AttendBackward(fast, Heads(d.Fast, 0, heads));
        var (exactQ, exactK, exactV) = _exact.AttendBackward(exact, Heads(d.Exact, 0, heads));
        Twins.Agree("gradient of q", exactQ, fastQ, 3 * _twins.OneRounding);
        Twins.Agree("gradient of k", exactK, fastK, 3 * _twins.OneRounding);
        Twins.Agree("gradient of v", exactV, fastV, 3 * _twins.OneRounding);
    }

    [Theory]
    [InlineData(5, 2, 2, 1, 8, 2, false, false)]
    [InlineData(70, 4, 20, 20, 64, 4, false, false)]
    [InlineData(33, 3, 4, 2, 16, 1, false, false)]
    [InlineData(33, 5, 4, 2, 6, 2, true, true)]
    [InlineData(130, 4, 6, 3, 64, 4, false, true)]
    public void Attention_gates(int tokens, int experts, int heads, int kvHeads, int width, int chosen, bool renormalise, bool regrouped)
    {
        var (rule, layout, all) = (new RouterRule(experts, chosen, renormalise), new HeadLayout(experts, heads, kvHeads, width, regrouped), experts * heads * width);
        var (x, logits, into) = (_twins.Draw(1, "x", tokens, all), Logits(tokens, experts), _twins.Empty(tokens, all));
        var (gates, d, dx) = (_twins.EmptyWide(tokens, experts), _twins.Draw(2, "d", tokens, all), _twins.Empty(tokens, all));
        _fast.GateHeads(x.FastRows, logits.FastRows, rule, layout, into.FastRows, gates.Fast);
        _exact.GateHeads(x.ExactRows, logits.ExactRows, rule, layout, into.ExactRows, gates.Exact);
        into.Agree("gated");
        gates.Agree("gates", 1e-5);
        _fast.GateHeadsBackward(d.FastRows, x.FastRows, logits.FastRows, rule, layout, dx.FastRows);
        _exact.GateHeadsBackward(d.ExactRows, x.ExactRows, logits.ExactRows, rule, layout, dx.ExactRows);
        dx.Agree("gradient of heads");
        logits.Agree("gradient of logits");
    }

    [Theory]
    [InlineData(3, 2, 1, false)]
    [InlineData(1000, 4, 1, false)]
    [InlineData(1024, 5, 2, true)]
    [InlineData(5000, 32, 3, false)]
    [InlineData(20_001, 4, 1, false)]
    [InlineData(2049, 3, 3, true)]
    public void Routes(int tokens, int experts, int k, bool renormalise)
    {
        var rule = new RouterRule(experts, k, renormalise);
        using Arena fast = new(_twins.Device, _twins.Type), exact = new(CPU, ScalarType.Float64);
        var (fastRoutes, exactRoutes) = (new Routes(fast, rule, tokens), new Routes(exact, rule, tokens));
        var (logits, losses) = (Logits(tokens, experts), _twins.EmptyWide(2));
        _fast.Route(logits.FastRows, fastRoutes, losses.Fast);
        _exact.Route(logits.ExactRows, exactRoutes, losses.Exact);
        losses.Agree("losses", 1e-5);
        Twins.Agree("gates", exactRoutes.Gates, fastRoutes.Gates, 1e-5);
        Twins.Agree("weights", exactRoutes.Weights, fastRoutes.Weights, 1e-5);
        Twins.Agree("shares", exactRoutes.Shares, fastRoutes.Shares, 1e-6);
        int[] chosen = Read(fastRoutes.Chosen), places = Read(fastRoutes.Places), tokenOf = Read(fastRoutes.TokenOf), ends = Read(fastRoutes.Ends);
        Assert.Equal(Read(exactRoutes.Chosen), chosen);
        Assert.Equal(Read(exactRoutes.Ends), ends);
        Assert.Equal(Enumerable.Range(0, tokens * k), places.Order());
        Assert.All(places.Index(), row =>
        {
            Assert.Equal(row.Index / k, tokenOf[row.Item]);
            Assert.InRange(row.Item, chosen[row.Index] == 0 ? 0 : ends[chosen[row.Index] - 1], ends[chosen[row.Index]] - 1);
        });
        if (k == 1)
            Assert.Equal(Read(exactRoutes.Places), places);
        Twins.Agree("weights by place", fastRoutes.Weights.cpu().view(-1).to(float64), fastRoutes.WeightOf.cpu().index_select(0, fastRoutes.Places.cpu()), 0);

        // Both get the same order, so that the gradients of the rows' weights are the same.
        exactRoutes.Places.copy_(fastRoutes.Places);
        var (dweights, into) = (_twins.Wide(3, "d", tokens * k), _twins.Empty(tokens, experts, 3));
        _fast.RouteBackward(fastRoutes, dweights.Fast, 3, 0.7, into.FastRows);
        _exact.RouteBackward(exactRoutes, dweights.Exact, 3, 0.7, into.ExactRows);
        into.Agree("gradient of logits");
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

    [Theory]
    [InlineData("dense", Precision.Float32, FrozenParts.None)]
    [InlineData("BAM, KV experts", Precision.Float32, FrozenParts.Experts)]
    [InlineData("BAM, an FFN of 10", Precision.Float32, FrozenParts.AllButRouters)]
    [InlineData("BAM, KV sharing", Precision.BFloat16, FrozenParts.None)]
    public void Updates(string shape, Precision states, FrozenParts late)
    {
        var spec = new TrainSpec { WeightDecay = 0.3, Beta1 = 0.8, Beta2 = 0.9, ClipNorm = 0.5, OptimizerStates = states };
        var freeze = new Freeze(late, 2);
        using var fast = Flat(Shapes.All[shape], _twins.Device, _twins.Type);
        using var exact = Flat(Shapes.All[shape], CPU, ScalarType.Float64);
        using AdamW fastAdam = new(fast, spec, freeze), exactAdam = new(exact, spec with { OptimizerStates = Precision.Float32 }, freeze);
        var pieces = fast.Flat!.Layout.Pieces;
        for (var step = 0; step < 5; step++)
        {
            Twins[] gradients = [.. pieces.Select(piece => _twins.Draw(step, piece.Name, piece.Groups * piece.Rows, piece.Columns, 0.1))];
            var isBad = step == 3;                                             // the one after it is left out, too
            foreach (var gradient in isBad ? new[] { gradients[^1].Fast, gradients[^1].Exact } : [])
                gradient.narrow(0, 0, 1).narrow(1, 0, 1).fill_(double.NaN.ToScalar());
            var found = Step(fastAdam, _fast, gradients.Select(pair => pair.Fast), freeze.At(step), 1);
            var norm = Step(exactAdam, _exact, gradients.Select(pair => pair.Exact), freeze.At(step), 1);
            if (!isBad)
                Twins.Agree("norm", norm, found, 1e-4);
        }

        Assert.Equal(3, fastAdam.Steps.item<float>());
        Assert.Equal(2, fastAdam.Skipped);
        var tolerance = states == Precision.Float32 ? 1e-5 : 1e-2;
        foreach (var (i, tensor) in fast.Specs.Index())
        {
            Twins.Agree($"{tensor.Name} first", exactAdam.FirstMoments[i], fastAdam.FirstMoments[i], tolerance);
            Twins.Agree($"{tensor.Name} second", exactAdam.SecondMoments[i], fastAdam.SecondMoments[i], tolerance);
            Twins.Agree(tensor.Name, exact.Masters[i], fast.Masters[i], tolerance);
            Twins.Agree($"{tensor.Name} copy", fast.Masters[i].cpu().to(_twins.Type).to(float64), fast.Working[i], 0);
        }

        fastAdam.Reset();
        Step(fastAdam, _fast, pieces.Select(piece => _twins.Draw(9, piece.Name, piece.Groups * piece.Rows, piece.Columns).Fast), freeze.At(9), double.NaN);
        Assert.Equal(0, fastAdam.Steps.item<float>());
        Assert.Equal(1, fastAdam.Skipped);

        static Tensor Step(AdamW adam, IStepKernels kernels, IEnumerable<Tensor> gradients, FrozenParts frozen, double loss) => adam.Step(
            1e-2, frozen, kernels, [.. gradients.Select(gradient => (Tensor?)gradient)],
            full([1], loss.ToScalar(), kernels is PlainKernels ? float64 : float32, adam.Steps.device));
    }

    [Theory]
    [InlineData("dense", 8, 2, false, NormKind.LayerNorm)]
    [InlineData("dense", 16, 4, true, NormKind.RmsNorm)]
    [InlineData("BAM, KV experts", 16, 2, false, NormKind.LayerNorm)]
    [InlineData("BAM, KV sharing", 64, 2, true, NormKind.RmsNorm)]
    [InlineData("BAM, top-2", 16, 4, false, NormKind.LayerNorm)]
    [InlineData("BAM, all experts, renormalised", 64, 1, true, NormKind.LayerNorm)]
    [InlineData("BTX", 32, 4, false, NormKind.LayerNorm)]
    public void Whole_steps(string shape, int headWidth, int kvHeads, bool recompute, NormKind norm)
    {
        var config = Shapes.All[shape] with
        {
            Width = 4 * headWidth, KvHeads = kvHeads, Context = 40, Norm = norm, RopeInterleaved = kvHeads > 2, Tied = headWidth > 16,
        };
        using var fast = Flat(config, _twins.Device, _twins.Type);
        using var exact = Flat(config, CPU, ScalarType.Float64);
        foreach (var (into, from) in exact.Masters.Zip(fast.Working))          // both start from the rounded weights
            into.detach().copy_(from.detach().cpu());
        var random = new Random(3);
        var ids = Enumerable.Range(0, 3 * config.Context).Select(_ => (long)random.Next(config.Vocab)).ToArray();
        var targets = ids.Select(id => random.Next(6) == 0 ? -100 : id * 5 % config.Vocab).ToArray();
        using FusedStep fastStep = new(fast, _fast, 3, recompute), exactStep = new(exact, _exact, 3, recompute);
        fastStep.Run(ids, targets, 0.01, 0.001, FrozenParts.None);
        exactStep.Run(ids, targets, 0.01, 0.001, FrozenParts.None);
        Twins.Agree("loss", exactStep.Loss().Nll, fastStep.Loss().Nll, 0.5 * _twins.OneRounding);
        foreach (var (i, piece) in exact.Flat!.Layout.Pieces.Index())
        {
            // A token whose gates are a rounding apart may go to another expert: what only routers and experts see is compared loosely.
            var routed = config.Experts > 0;
            Twins.Agree(
                piece.Name, exactStep.Gradients.Pieces[i]!.view(-1), fastStep.Gradients.Pieces[i]!.view(-1), (routed ? 30 : 8) * _twins.OneRounding);
        }
    }

    [Theory]
    [InlineData("dense")]
    [InlineData("BAM, KV experts")]
    [InlineData("BAM, KV sharing")]
    [InlineData("BTX")]
    public void A_model_reads_weights_that_lie_flat_as_it_reads_others(string shape)
    {
        var config = Shapes.All[shape] with { Width = 64 };
        using var flat = Flat(config, _twins.Device, _twins.Type);
        using var apart = new ParameterSet(config, _twins.Device, _twins.Type, flat: false);
        apart.Draw(seed: 5);
        using Transformer one = new(flat), two = new(apart);
        using var quiet = no_grad();
        var ids = arange(0, 32, dtype: int64, device: _twins.Device).view(2, 16);
        Twins.Agree("logits", two.Forward(ids).cpu().to(float64), one.Forward(ids), 2 * _twins.OneRounding);
    }

    /// <summary>Small random weights, laid flat.</summary>
    private static ParameterSet Flat(ModelConfig config, Device device, ScalarType compute)
    {
        var parameters = new ParameterSet(config, device, compute, flat: true);
        using var quiet = no_grad();
        parameters.Draw(seed: 5);
        return parameters;
    }

    /// <summary>Logits of which no two of a token are equal when rounded.</summary>
    private Twins Logits(int tokens, int experts)
    {
        var random = new Random(7);
        var values = new float[tokens * experts];
        for (var t = 0; t < tokens; t++)
        {
            var ranks = Enumerable.Range(0, experts).OrderBy(_ => random.Next()).ToArray();
            for (var e = 0; e < experts; e++)
                values[t * experts + e] = (ranks[e] - experts / 2) * 0.25f + (float)random.NextDouble() * 0.1f;
        }

        return _twins.Of(values, tokens, experts);
    }

    private static int[] Read(Tensor integers) => integers.cpu().data<int>().ToArray();
}
