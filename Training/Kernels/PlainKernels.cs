using Bam.Training.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>The operations of a step in torch's own, in any type and on any device: what the CUDA kernels must agree with.</summary>
internal sealed class PlainKernels : IStepKernels
{
    public void Dispose()
    {
    }

    public void Upload(ReadOnlySpan<long> values, Tensor into)
    {
        using var scope = NewDisposeScope();
        into.copy_(tensor(values.ToArray(), into.shape));
    }

    public void Multiply(Matrix left, bool leftTransposed, Matrix right, bool rightTransposed, Matrix into, Matrix? plus = null)
    {
        using var scope = NewDisposeScope();
        var product = (leftTransposed ? left.Tensor.t() : left.Tensor).matmul(rightTransposed ? right.Tensor.t() : right.Tensor);
        into.Tensor.copy_(plus is { } added ? Ops.Add(product, added.Tensor) : product);
    }

    public Tensor MultiplyGroups(Tensor x, Tensor weight, Tensor ends) => Ops.GroupedMatmul(x, weight, ends);

    public Tensor MultiplyWithin(Tensor left, Tensor right, Tensor ends)
    {
        var places = ends.cpu().data<int>().ToArray();
        return stack([.. places.Select((end, i) =>
        {
            var start = i == 0 ? 0 : places[i - 1];
            return left.narrow(1, start, end - start).matmul(right.narrow(0, start, end - start));
        })]);
    }

    public void TakeRows(Matrix from, Tensor index, Matrix into)
    {
        using var scope = NewDisposeScope();
        into.Tensor.copy_(from.Tensor.index_select(0, index.view(-1)));
    }

    public void AddToTable(Matrix rows, Tensor ids, Matrix table)
    {
        using var scope = NewDisposeScope();
        table.Tensor.index_add_(0, ids.view(-1), rows.Tensor, Ops.One);
    }

    public void Norm(Matrix x, RowSum? add, Matrix weight, Matrix into, Tensor statistics, NormRule rule)
    {
        using var scope = NewDisposeScope();
        if (add is { } sum)
            x.Tensor.copy_(Ops.Add(x.Tensor, Gathered(sum, x)));
        var wide = Ops.Wide(x.Tensor);
        var mean = rule.Rms ? zeros_like(wide.narrow(1, 0, 1)) : wide.mean([1], keepdim: true);
        var centred = Ops.AddScaled(wide, mean, Minus);
        var scale = centred.square().mean([1], keepdim: true).add(rule.Epsilon.ToScalar()).rsqrt();
        statistics.copy_(cat([mean, scale], 1));
        into.Tensor.copy_(centred.mul(scale).mul(Ops.Wide(weight.Tensor)));
    }

    public void NormBackward(
        Matrix gradient, RowSum? add, Matrix x, Matrix weight, Tensor statistics, NormRule rule, Matrix into, bool residual, Matrix weightGradient)
    {
        using var scope = NewDisposeScope();
        var dy = Ops.Wide(gradient.Tensor);
        if (add is { } sum)
            dy = Ops.Add(dy, Ops.Wide(Gathered(sum, gradient)));
        var (mean, scale) = (statistics.narrow(1, 0, 1), statistics.narrow(1, 1, 1));
        var normed = Ops.AddScaled(Ops.Wide(x.Tensor), mean, Minus).mul(scale);
        weightGradient.Tensor.copy_(dy.mul(normed).sum([0L], keepdim: true));
        dy = dy.mul(Ops.Wide(weight.Tensor));
        var inner = Ops.AddScaled(dy, normed.mul(dy.mul(normed).mean([1], keepdim: true)), Minus);
        if (!rule.Rms)
            inner = Ops.AddScaled(inner, dy.mean([1], keepdim: true), Minus);
        var dx = inner.mul(scale);
        into.Tensor.copy_(residual ? Ops.Add(Ops.Wide(into.Tensor), dx) : dx);
    }

    public void Rotate(Matrix from, Matrix into, RotaryAngles angles, HeadLayout heads, bool back)
    {
        using var scope = NewDisposeScope();
        int rows = from.Rows, time = angles.Time, half = heads.Width / 2, count = from.Columns / heads.Width;
        var wide = Ops.Wide(from.Tensor);
        if (back && heads.Regrouped)
            wide = ByExpert(wide, heads);
        var pairs = angles.Interleaved
            ? wide.reshape(rows / time, time, count, half, 2)
            : wide.reshape(rows / time, time, count, 2, half).transpose(-1, -2);
        var turns = angles.Table.view(time, 1, half, 2);
        var (cos, sin) = (turns.select(-1, 0), back ? turns.select(-1, 1).neg() : turns.select(-1, 1));
        var (a, b) = (pairs.select(-1, 0), pairs.select(-1, 1));
        var turned = stack([Ops.AddScaled(a.mul(cos), b.mul(sin), Minus), Ops.Add(a.mul(sin), b.mul(cos))], -1);
        var result = (angles.Interleaved ? turned : turned.transpose(-1, -2)).reshape(rows, from.Columns);
        into.Tensor.copy_(!back && heads.Regrouped ? ByKvHead(result, heads) : result);
    }

    public void Copy(Matrix from, Matrix into) => into.Tensor.copy_(from.Tensor);

    public AttentionResult Attend(Tensor q, Tensor k, Tensor v)
    {
        Tensor output;
        using (NewDisposeScope())
            output = Probabilities(q, k).matmul(Repeated(v, q)).transpose(1, 2).contiguous().transpose(1, 2).MoveToOuterDisposeScope();
        return new AttentionResult(q, k, v, output, []);
    }

    public (Tensor Q, Tensor K, Tensor V) AttendBackward(AttentionResult result, Tensor gradient)
    {
        using var scope = NewDisposeScope();
        var (q, k, v) = (result.Q, result.K, result.V);
        var p = Probabilities(q, k);
        var dv = p.transpose(2, 3).matmul(gradient);
        var along = gradient.mul(result.Output).sum(-1, keepdim: true);
        var ds = p.mul(Ops.AddScaled(gradient.matmul(Repeated(v, q).transpose(2, 3)), along, Minus)).mul(Scale(q));
        Tensor Laid(Tensor x) => x.transpose(1, 2).contiguous().transpose(1, 2).MoveToOuterDisposeScope();
        Tensor Summed(Tensor x) => x.view(x.size(0), k.size(1), -1, x.size(2), x.size(3)).sum(2);
        return (Laid(ds.matmul(Repeated(k, q))), Laid(Summed(ds.transpose(2, 3).matmul(q))), Laid(Summed(dv)));
    }

    public void GateHeads(Matrix heads, Matrix logits, RouterRule rule, HeadLayout layout, Matrix into, Tensor gates)
    {
        using var scope = NewDisposeScope();
        var all = Ops.Wide(logits.Tensor).softmax(-1);
        gates.copy_(all);
        var applied = Applied(all, rule).unsqueeze(-1);                        // [N, E, 1]
        var ordered = layout.Regrouped ? ByExpert(heads.Tensor, layout) : heads.Tensor;
        into.Tensor.copy_(Ops.Wide(ordered).reshape(heads.Rows, rule.Experts, -1).mul(applied).view(heads.Rows, -1));
    }

    public void GateHeadsBackward(Matrix gradient, Matrix heads, Matrix logits, RouterRule rule, HeadLayout layout, Matrix into)
    {
        using var scope = NewDisposeScope();
        var all = Ops.Wide(logits.Tensor).softmax(-1);
        var applied = Applied(all, rule).unsqueeze(-1);
        var ordered = Ops.Wide(layout.Regrouped ? ByExpert(heads.Tensor, layout) : heads.Tensor).reshape(heads.Rows, rule.Experts, -1);
        var dy = Ops.Wide(gradient.Tensor).reshape(heads.Rows, rule.Experts, -1);
        var dheads = dy.mul(applied).view(heads.Rows, -1);
        into.Tensor.copy_(layout.Regrouped ? ByKvHead(dheads, layout) : dheads);
        var dapplied = dy.mul(ordered).sum(-1);                                // [N, E]
        var (weights, chosen) = Routing.Choose(all, rule.Chosen, rule.Renormalise);
        logits.Tensor.copy_(LogitGradient(all, rule, weights, chosen, dapplied.gather(1, chosen), zeros_like(all), null));
    }

    public void SwiGlu(Matrix gate, Matrix up, Tensor? scales, Matrix into)
    {
        using var scope = NewDisposeScope();
        var hidden = nn.functional.silu(Ops.Wide(gate.Tensor)).mul(Ops.Wide(up.Tensor));
        into.Tensor.copy_(scales is null ? hidden : hidden.mul(scales.unsqueeze(1)));
    }

    public void SwiGluBackward(Matrix gate, Matrix up, Matrix gradient, Tensor? scales, Tensor? scaleGradients)
    {
        using var scope = NewDisposeScope();
        var (g, u, d) = (Ops.Wide(gate.Tensor), Ops.Wide(up.Tensor), Ops.Wide(gradient.Tensor));
        var sigmoid = g.sigmoid();
        var silu = g.mul(sigmoid);
        if (scales is not null)
        {
            scaleGradients!.copy_(d.mul(silu).mul(u).sum(1));
            d = d.mul(scales.unsqueeze(1));
        }

        gate.Tensor.copy_(d.mul(u).mul(sigmoid).mul(Ops.AddScaled(g, silu, Minus).add(Ops.One)));
        up.Tensor.copy_(d.mul(silu));
    }

    public void Route(Matrix logits, Routes routes, Tensor losses)
    {
        using var scope = NewDisposeScope();
        var rule = routes.Rule;
        var wide = Ops.Wide(logits.Tensor);
        var gates = wide.softmax(-1);
        var (weights, chosen) = Routing.Choose(gates, rule.Chosen, rule.Renormalise);
        var (_, order) = chosen.view(-1).sort(stable: true);                   // row of (token, choice) by expert
        var (_, places) = order.sort();
        var counts = zeros(rule.Experts, int64, gates.device).scatter_add_(0, chosen.view(-1), ones_like(chosen.view(-1)));
        var lse = wide.logsumexp(-1);
        routes.Gates.copy_(gates);
        routes.Chosen.copy_(chosen);
        routes.Weights.copy_(weights);
        routes.LogSums.copy_(lse);
        routes.Places.copy_(places);
        routes.TokenOf.copy_(order.div(((long)rule.Chosen).ToScalar(), RoundingMode.floor));
        routes.WeightOf.copy_(weights.reshape(-1).index_select(0, order));
        routes.Ends.copy_(counts.cumsum(0));
        routes.Shares.copy_(counts.to(gates.dtype).div(counts.sum()));
        losses.copy_(stack([
            routes.Shares.mul(gates.mean([0L])).sum().mul(((double)rule.Experts).ToScalar()),
            lse.square().mean(),
        ]));
    }

    public void RouteBackward(Routes routes, Tensor weightGradients, double balance, double z, Matrix into)
    {
        using var scope = NewDisposeScope();
        var rule = routes.Rule;
        double tokens = routes.Tokens;
        var dweights = weightGradients.index_select(0, routes.Places).view(routes.Tokens, rule.Chosen);
        var dgates = routes.Shares.mul((balance * rule.Experts / tokens).ToScalar()).unsqueeze(0).expand_as(routes.Gates).clone();
        into.Tensor.copy_(LogitGradient(
            routes.Gates, rule, routes.Weights, routes.Chosen.to(int64), dweights, dgates, routes.LogSums.mul((2 * z / tokens).ToScalar())));
    }

    public void CountTargets(Tensor targets, Tensor numbers)
    {
        using var scope = NewDisposeScope();
        numbers.narrow(0, 0, 1).copy_(targets.ge(zeros_like(targets)).sum().to(numbers.dtype).reciprocal());
    }

    public void CrossEntropy(Matrix logits, Tensor targets, Tensor numbers, Tensor losses)
    {
        using var scope = NewDisposeScope();
        var logs = Ops.Wide(logits.Tensor).log_softmax(-1);
        var counted = targets.ge(zeros_like(targets)).to(logs.dtype);
        var index = targets.clamp(min: Zero).unsqueeze(1);
        losses.copy_(logs.gather(1, index).squeeze(1).mul(counted).neg());
        var gradient = logs.exp();
        gradient.scatter_add_(1, index, full_like(index, Minus, logs.dtype));
        logits.Tensor.copy_(gradient.mul(counted.mul(numbers.narrow(0, 0, 1)).unsqueeze(1)));
    }

    public void MeanLoss(Tensor losses, Tensor numbers)
    {
        using var scope = NewDisposeScope();
        numbers.narrow(0, 1, 1).copy_(losses.sum().mul(numbers.narrow(0, 0, 1)));
    }

    public void Update(FlatUpdate update, IReadOnlyList<Tensor?> gradients, Tensor loss, bool frozen)
    {
        using var scope = NewDisposeScope();
        var layout = update.Weights.Layout;
        var active = layout.Segments.Where(segment => !(frozen && update.IsLate(segment.Spec))).ToArray();
        Tensor Gradient(FlatSegment segment) =>
            Ops.Wide(gradients[segment.Piece]!.view(-1).narrow(0, segment.Offset - layout.Pieces[segment.Piece].Offset, segment.Count));
        var norm = stack([.. active.Select(segment => Gradient(segment).square().sum())]).sum().sqrt();
        update.Control.select(0, 0).copy_(norm);
        if (!double.IsFinite(norm.to(float64).item<double>()) || !double.IsFinite(loss.to(float64).item<double>())
            || update.Skipped.item<float>() > 0)
        {
            update.Skipped.add_(Ops.One, Ops.One);
            return;
        }

        update.Steps.add_(Ops.One, Ops.One);
        var spec = update.Spec;
        double rate = update.Rate.to(float64).item<double>(), steps = update.Steps.item<float>();
        var divisor = Math.Max((norm.to(float64).item<double>() + 1e-6) / spec.ClipNorm, 1);
        foreach (var segment in active)
        {
            var done = update.IsLate(segment.Spec) ? Math.Max(steps - update.LateSteps, 1) : steps;
            var g = Gradient(segment).div(divisor.ToScalar());
            Tensor Of(Tensor flat) => flat.narrow(0, segment.Offset, segment.Count);
            var (w, m, v) = (Of(update.Weights.Masters), Ops.Wide(Of(update.First)), Ops.Wide(Of(update.Second)));
            m = Ops.Add(m.mul(spec.Beta1.ToScalar()), g.mul((1 - spec.Beta1).ToScalar()));
            v = Ops.Add(v.mul(spec.Beta2.ToScalar()), g.square().mul((1 - spec.Beta2).ToScalar()));
            var root = v.sqrt().div(Math.Sqrt(1 - Math.Pow(spec.Beta2, done)).ToScalar()).add(update.Epsilon.ToScalar());
            if (FlatUpdate.IsDecayed(segment.Spec))
                w.mul_((1 - rate * spec.WeightDecay).ToScalar());
            w.add_(m.div(root), (-rate / (1 - Math.Pow(spec.Beta1, done))).ToScalar());
            Of(update.First).copy_(m);
            Of(update.Second).copy_(v);
            Of(update.Weights.Working).copy_(w);
        }
    }

    private static readonly Scalar Minus = (-1f).ToScalar(), Zero = 0L.ToScalar();

    /// <summary>Softmax over the logits: what flows back through the chosen weights, through the gates themselves and through logsumexp.</summary>
    private static Tensor LogitGradient(
        Tensor gates, RouterRule rule, Tensor weights, Tensor chosen, Tensor dweights, Tensor dgates, Tensor? dlse)
    {
        if (rule.Renormalise)
        {
            var total = gates.gather(1, chosen).sum(1, keepdim: true);
            dweights = Ops.AddScaled(dweights, dweights.mul(weights).sum(1, keepdim: true), Minus).div(total);
        }

        var d = dgates.scatter_add(1, chosen, dweights);
        var dlogits = gates.mul(Ops.AddScaled(d, gates.mul(d).sum(1, keepdim: true), Minus));
        return dlse is null ? dlogits : Ops.Add(dlogits, gates.mul(dlse.unsqueeze(1)));
    }

    private static Tensor Applied(Tensor gates, RouterRule rule)
    {
        if (rule.Chosen == rule.Experts && !rule.Renormalise)
            return gates;
        var (weights, chosen) = Routing.Choose(gates, rule.Chosen, rule.Renormalise);
        return zeros_like(gates).scatter(-1, chosen, weights);
    }

    /// <summary>Sum of each token's rows, [N, D].</summary>
    private static Tensor Gathered(RowSum sum, Matrix like) =>
        sum.Parts.Tensor.index_select(0, sum.Places).view(like.Rows, sum.PerToken, like.Columns).sum(1);

    private static Tensor ByKvHead(Tensor x, HeadLayout heads) =>
        x.view(-1, heads.Experts, heads.KvHeads, heads.Group, heads.Width).transpose(1, 2).reshape(x.size(0), -1);

    private static Tensor ByExpert(Tensor x, HeadLayout heads) =>
        x.reshape(-1, heads.KvHeads, heads.Experts, heads.Group, heads.Width).transpose(1, 2).reshape(x.size(0), -1);

    private static Scalar Scale(Tensor q) => (1 / Math.Sqrt(q.size(3))).ToScalar();

    /// <summary>Keys or values, [B, Hkv, T, K], once for each query head.</summary>
    internal static Tensor Repeated(Tensor x, Tensor q) => x.size(1) == q.size(1) ? x : x.repeat_interleave(q.size(1) / x.size(1), 1);

    private static Tensor Probabilities(Tensor q, Tensor k)
    {
        var time = q.size(2);
        var hidden = ones(time, time, dtype: ScalarType.Bool, device: q.device).triu(1);
        var scores = q.matmul(Repeated(k, q).transpose(2, 3)).mul(Scale(q));
        return scores.masked_fill(hidden, double.NegativeInfinity.ToScalar()).softmax(-1);
    }
}
