using Bam.Training.Model;
using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>
/// The operations of a float32 step on the CPU: products and attention are libtorch's, all that lies between them goes once over memory.
/// What a router does to a handful of numbers a token is left to torch's operations. The bits are the same with any number of threads, as far
/// as those of libtorch's products are.
/// </summary>
/// <param name="threads">Threads that share the rows; those of the products are torch's setting.</param>
internal sealed unsafe class CpuKernels(int threads) : IStepKernels
{
    private readonly PlainKernels _plain = new();
    private readonly CpuTeam _team = new(threads);
    private CpuRotary? _rotary;

    public void Dispose() => _plain.Dispose();

    public void Upload(ReadOnlySpan<long> values, Tensor into) =>
        values.CopyTo(new Span<long>((void*)Matrix.AddressOf(into), checked((int)into.NumberOfElements)));

    public void Multiply(Matrix left, bool leftTransposed, Matrix right, bool rightTransposed, Matrix into, Matrix? plus = null)
    {
        using var scope = NewDisposeScope();
        var (a, b) = (leftTransposed ? left.Tensor.t() : left.Tensor, rightTransposed ? right.Tensor.t() : right.Tensor);
        if (plus is { } added)
        {
            if (added.Address != into.Address)
                Copy(added, into);
            into.Tensor.addmm_(a, b, 1, 1);
            return;
        }

        Ops.Multiply(a, b, into.Tensor);
    }

    public Tensor MultiplyGroups(Tensor x, Tensor weight, Tensor ends) => _plain.MultiplyGroups(x, weight, ends);

    public Tensor MultiplyWithin(Tensor left, Tensor right, Tensor ends) => _plain.MultiplyWithin(left, right, ends);

    public void TakeRows(Matrix from, Tensor index, Matrix into)
    {
        var places = Places(index);
        _team.ForRows(into.Rows, into.Columns, (first, end) =>
        {
            for (var i = first; i < end; i++)
                CpuRow.Copy(Row(from, places[i]), 0, Row(into, i), 0, into.Columns, 1);
        });
    }

    public void AddToTable(Matrix rows, Tensor ids, Matrix table)
    {
        const int each = 256;
        var id = (long*)Matrix.AddressOf(ids);
        // The rows of one id are added up in their order, so threads share columns.
        _team.ForEach((rows.Columns + each - 1) / each, piece =>
        {
            var (first, count) = (piece * each, Math.Min(each, rows.Columns - piece * each));
            for (var i = 0; i < rows.Rows; i++)
                CpuRow.Add(Row(rows, i) + first, Row(table, id[i]) + first, count);
        });
    }

    public void Norm(Matrix x, RowSum? add, Matrix weight, Matrix into, Tensor statistics, NormRule rule)
    {
        float* numbers = (float*)Matrix.AddressOf(statistics), weights = Row(weight, 0);
        var count = x.Columns;
        var sum = add is { } rows ? new AddedRows(rows) : null;
        _team.ForRows(x.Rows, count, (first, end) =>
        {
            for (var i = first; i < end; i++)
            {
                var row = Row(x, i);
                sum?.AddTo(row, i, count);
                var mean = rule.Rms ? 0 : CpuRow.Sum(row, count) / count;
                var scale = (float)(1 / Math.Sqrt(CpuRow.SquaredDistance(row, mean, count) / count + rule.Epsilon));
                (numbers[2 * i], numbers[2 * i + 1]) = (mean, scale);
                CpuRow.Norm(row, mean, scale, weights, Row(into, i), count);
            }
        });
    }

    public void NormBackward(
        Matrix gradient, RowSum? add, Matrix x, Matrix weight, Tensor statistics, NormRule rule, Matrix into, bool residual, Matrix weightGradient)
    {
        float* numbers = (float*)Matrix.AddressOf(statistics), weights = Row(weight, 0);
        var count = x.Columns;
        var sum = add is { } rows ? new AddedRows(rows) : null;
        var band = CpuTeam.RowsPerPiece(count);
        var sums = new float[(x.Rows + band - 1) / band * count];
        _team.ForRows(x.Rows, count, (first, end) =>
        {
            var whole = stackalloc float[sum is null ? 0 : count];
            fixed (float* dw = &sums[first / band * count])
            {
                for (var i = first; i < end; i++)
                {
                    float* dy = Row(gradient, i), row = Row(x, i);
                    if (sum is not null)
                    {
                        CpuRow.Copy(dy, 0, whole, 0, count, 1);
                        sum.AddTo(whole, i, count);
                        dy = whole;
                    }

                    var (mean, scale) = (numbers[2 * i], numbers[2 * i + 1]);
                    var (all, along) = CpuRow.NormSums(dy, row, mean, scale, weights, dw, count);
                    CpuRow.NormGradient(dy, row, mean, scale, weights, rule.Rms ? 0 : all / count, along / count, residual, Row(into, i), count);
                }
            }
        });
        var result = Row(weightGradient, 0);
        new Span<float>(result, count).Clear();
        fixed (float* pieces = sums)
        {
            for (var at = 0; at < sums.Length; at += count)
                CpuRow.Add(pieces + at, result, count);
        }
    }

    public void Rotate(Matrix from, Matrix into, RotaryAngles angles, HeadLayout heads, bool back)
    {
        var (width, count) = (heads.Width, from.Columns / heads.Width);
        var rotary = Rotary(angles, width);
        int[]? sources = heads.Regrouped ? Sources(heads, toAttention: !back) : null;
        _team.ForRows(from.Rows, from.Columns, (first, end) =>
        {
            for (var i = first; i < end; i++)
            {
                float* source = Row(from, i), target = Row(into, i);
                for (var head = 0; head < count; head++)
                    rotary.Turn(source + (sources?[head] ?? head) * width, 0, target + head * width, 0, i, 1, 1, back);
            }
        });
    }

    public void Copy(Matrix from, Matrix into) => _team.ForRows(
        from.Rows, from.Columns, (first, end) => CpuRow.Copy(Row(from, first), from.Stride, Row(into, first), into.Stride, from.Columns, end - first));

    public AttentionResult Attend(Tensor q, Tensor k, Tensor v) => TorchCpuAttention.Forward(q, k, v);

    public (Tensor Q, Tensor K, Tensor V) AttendBackward(AttentionResult result, Tensor gradient) => TorchCpuAttention.Backward(result, gradient);

    public AttentionResult? AttendAtOnce(AttentionMemory memory) =>
        BlockProduct.IsThere ? CpuAttention.Forward(_team, Rotary(memory.Angles, memory.Layout.Width), memory, Sources(memory.Layout, toAttention: true)) : null;

    public bool AttendAtOnceBackward(AttentionMemory memory, AttentionResult result, Matrix gradient)
    {
        if (BlockProduct.IsThere)
            CpuAttention.Backward(_team, Rotary(memory.Angles, memory.Layout.Width), memory, Sources(memory.Layout, toAttention: true), result, gradient);
        return BlockProduct.IsThere;
    }

    public void GateHeads(Matrix heads, Matrix logits, RouterRule rule, HeadLayout layout, Matrix into, Tensor gates)
    {
        var (kept, experts, width) = (Matrix.AddressOf(gates), rule.Experts, layout.Width);
        var (sources, each) = (Sources(layout, toAttention: false), layout.Heads);
        _team.ForRows(heads.Rows, heads.Columns, (first, end) =>
        {
            Span<float> applied = stackalloc float[experts];
            for (var i = first; i < end; i++)
            {
                var all = new Span<float>((float*)kept + (long)i * experts, experts);
                CpuGates.Softmax(Row(logits, i), all);
                CpuGates.Apply(all, rule, applied);
                float* source = Row(heads, i), target = Row(into, i);
                for (var head = 0; head < experts * each; head++)
                    CpuRow.Scale(source + sources[head] * width, applied[head / each], target + head * width, width);
            }
        });
    }

    public void GateHeadsBackward(Matrix gradient, Matrix heads, Matrix logits, RouterRule rule, HeadLayout layout, Matrix into)
    {
        var (experts, width) = (rule.Experts, layout.Width);
        var (sources, each) = (Sources(layout, toAttention: false), layout.Heads);
        _team.ForRows(heads.Rows, heads.Columns, (first, end) =>
        {
            Span<float> all = stackalloc float[experts], applied = stackalloc float[experts], along = stackalloc float[experts];
            for (var i = first; i < end; i++)
            {
                CpuGates.Softmax(Row(logits, i), all);
                CpuGates.Apply(all, rule, applied);
                along.Clear();
                float* dy = Row(gradient, i), x = Row(heads, i), target = Row(into, i);
                for (var head = 0; head < experts * each; head++)
                {
                    var place = sources[head] * width;
                    along[head / each] += CpuRow.Dot(dy + head * width, x + place, width);
                    CpuRow.Scale(dy + head * width, applied[head / each], target + place, width);
                }

                CpuGates.Backward(all, applied, along, rule, Row(logits, i));
            }
        });
    }

    public void SwiGlu(Matrix gate, Matrix up, Tensor? scales, Matrix into)
    {
        var scale = scales is null ? null : (float*)Matrix.AddressOf(scales);
        _team.ForRows(gate.Rows, gate.Columns, (first, end) =>
        {
            for (var i = first; i < end; i++)
                CpuRow.SwiGlu(Row(gate, i), Row(up, i), gate.Stride, scale is null ? 1 : scale[i], Row(into, i), gate.Columns);
        });
    }

    public void SwiGluBackward(Matrix gate, Matrix up, Matrix gradient, Tensor? scales, Tensor? scaleGradients)
    {
        var scale = scales is null ? null : (float*)Matrix.AddressOf(scales);
        var into = scaleGradients is null ? null : (float*)Matrix.AddressOf(scaleGradients);
        _team.ForRows(gate.Rows, gate.Columns, (first, end) =>
        {
            for (var i = first; i < end; i++)
            {
                var sum = CpuRow.SwiGluBackward(Row(gate, i), Row(up, i), gate.Stride, Row(gradient, i), gradient.Stride, scale is null ? 1 : scale[i], gate.Columns);
                if (into is not null)
                    into[i] = sum;
            }
        });
    }

    public void Route(Matrix logits, Routes routes, Tensor losses) => _plain.Route(logits, routes, losses);

    public void RouteBackward(Routes routes, Tensor weightGradients, double balance, double z, Matrix into) =>
        _plain.RouteBackward(routes, weightGradients, balance, z, into);

    public void CountTargets(Tensor targets, Tensor numbers) => _plain.CountTargets(targets, numbers);

    public void CrossEntropy(Matrix logits, Tensor targets, Tensor numbers, Tensor losses)
    {
        var target = (long*)Matrix.AddressOf(targets);
        var loss = (float*)Matrix.AddressOf(losses);
        var scale = *(float*)Matrix.AddressOf(numbers);
        _team.ForRows(logits.Rows, logits.Columns, (first, end) =>
        {
            for (var i = first; i < end; i++)
            {
                var row = Row(logits, i);
                if (target[i] < 0)
                {
                    loss[i] = 0;
                    new Span<float>(row, logits.Columns).Clear();
                    continue;
                }

                var (max, chosen) = (CpuRow.Max(row, logits.Columns), row[target[i]]);
                var sum = CpuRow.Exp(row, max, logits.Columns);
                loss[i] = MathF.Log(sum) + max - chosen;
                CpuRow.Scale(row, scale / sum, row, logits.Columns);
                row[target[i]] -= scale;
            }
        });
    }

    public void MeanLoss(Tensor losses, Tensor numbers) => _plain.MeanLoss(losses, numbers);

    public void Update(FlatUpdate update, IReadOnlyList<Tensor?> gradients, Tensor loss, bool frozen)
    {
        if (update.First.dtype != ScalarType.Float32)
            _plain.Update(update, gradients, loss, frozen);
        else
            CpuUpdate.Run(_team, update, gradients, loss.item<float>(), frozen);
    }

    private CpuRotary Rotary(RotaryAngles angles, int width) =>
        _rotary is { } known && known.Is(angles, width) ? known : _rotary = new CpuRotary(angles, width);

    private static float* Row(Matrix matrix, long row) => (float*)matrix.Address + row * matrix.Stride;

    private static long[] Places(Tensor index)
    {
        var address = (void*)Matrix.AddressOf(index);
        var count = checked((int)index.NumberOfElements);
        return index.dtype == ScalarType.Int64
            ? new ReadOnlySpan<long>(address, count).ToArray()
            : Array.ConvertAll(new ReadOnlySpan<int>(address, count).ToArray(), place => (long)place);
    }

    /// <summary>Where each head comes from when heads change between the experts' order, [E, Hkv, group], and attention's, [Hkv, E, group].</summary>
    private static int[] Sources(HeadLayout heads, bool toAttention)
    {
        var (experts, kvHeads, each) = (heads.Experts, heads.KvHeads, heads.Group);
        if (!heads.Regrouped)
            return [.. Enumerable.Range(0, experts * heads.Heads)];
        return toAttention
            ? [.. from kv in Enumerable.Range(0, kvHeads) from e in Enumerable.Range(0, experts) from i in Enumerable.Range(0, each) select (e * kvHeads + kv) * each + i]
            : [.. from e in Enumerable.Range(0, experts) from kv in Enumerable.Range(0, kvHeads) from i in Enumerable.Range(0, each) select (kv * experts + e) * each + i];
    }

    /// <summary>Rows that come back to their tokens.</summary>
    private sealed class AddedRows(RowSum sum)
    {
        private readonly nint _places = Matrix.AddressOf(sum.Places);

        public void AddTo(float* row, int token, int count)
        {
            for (var j = 0; j < sum.PerToken; j++)
                CpuRow.Add(Row(sum.Parts, ((int*)_places)[(long)token * sum.PerToken + j]), row, count);
        }
    }
}
