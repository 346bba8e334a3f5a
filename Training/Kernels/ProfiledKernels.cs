using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>Other kernels, with the device's time of each kind of operation. Every operation of a fused step goes through here, so nothing is left out.</summary>
internal sealed class ProfiledKernels(IStepKernels inner) : IStepKernels
{
    private readonly List<(string Group, CudaClock Clock)> _running = [];
    private readonly Stack<CudaClock> _free = [];
    private readonly Dictionary<string, (double Milliseconds, int Calls)> _groups = [];

    /// <summary>Milliseconds and calls of each kind since the last <see cref="Clear"/>, the longest first; waits for the device.</summary>
    public IReadOnlyList<(string Group, double Milliseconds, int Calls)> Read()
    {
        foreach (var (group, clock) in _running)
        {
            var (time, calls) = _groups.GetValueOrDefault(group);
            _groups[group] = (time + clock.Read(), calls + 1);
            _free.Push(clock);
        }

        _running.Clear();
        return [.. _groups.Select(row => (row.Key, row.Value.Milliseconds, row.Value.Calls)).OrderByDescending(row => row.Milliseconds)];
    }

    public void Clear()
    {
        Read();
        _groups.Clear();
    }

    public void Upload(ReadOnlySpan<long> values, Tensor into) => inner.Upload(values, into);

    public void Multiply(Matrix left, bool leftTransposed, Matrix right, bool rightTransposed, Matrix into, Matrix? plus = null) =>
        Time($"product {into.Rows} x {into.Columns} x {(leftTransposed ? left.Rows : left.Columns)}",
            () => inner.Multiply(left, leftTransposed, right, rightTransposed, into, plus));

    public Tensor MultiplyGroups(Tensor x, Tensor weight, Tensor ends) => Time("grouped products", () => inner.MultiplyGroups(x, weight, ends));

    public Tensor MultiplyWithin(Tensor left, Tensor right, Tensor ends) => Time("grouped products, weights", () => inner.MultiplyWithin(left, right, ends));

    public void TakeRows(Matrix from, Tensor index, Matrix into) => Time("take rows", () => inner.TakeRows(from, index, into));

    public void AddToTable(Matrix rows, Tensor ids, Matrix table) => Time("embedding backward", () => inner.AddToTable(rows, ids, table));

    public void Norm(Matrix x, RowSum? add, Matrix weight, Matrix into, Tensor statistics, NormRule rule) =>
        Time("norm", () => inner.Norm(x, add, weight, into, statistics, rule));

    public void NormBackward(
        Matrix gradient, RowSum? add, Matrix x, Matrix weight, Tensor statistics, NormRule rule, Matrix into, bool residual, Matrix weightGradient) =>
        Time("norm backward", () => inner.NormBackward(gradient, add, x, weight, statistics, rule, into, residual, weightGradient));

    public void Rotate(Matrix from, Matrix into, RotaryAngles angles, HeadLayout heads, bool back) =>
        Time(back ? "rotary backward" : "rotary", () => inner.Rotate(from, into, angles, heads, back));

    public void Copy(Matrix from, Matrix into) => Time("copies", () => inner.Copy(from, into));

    public AttentionResult Attend(Tensor q, Tensor k, Tensor v) => Time("attention", () => inner.Attend(q, k, v));

    public (Tensor Q, Tensor K, Tensor V) AttendBackward(AttentionResult result, Tensor gradient) =>
        Time("attention backward", () => inner.AttendBackward(result, gradient));

    public void GateHeads(Matrix heads, Matrix logits, RouterRule rule, HeadLayout layout, Matrix into, Tensor gates) =>
        Time("attention gates", () => inner.GateHeads(heads, logits, rule, layout, into, gates));

    public void GateHeadsBackward(Matrix gradient, Matrix heads, Matrix logits, RouterRule rule, HeadLayout layout, Matrix into) =>
        Time("attention gates backward", () => inner.GateHeadsBackward(gradient, heads, logits, rule, layout, into));

    public void SwiGlu(Matrix gate, Matrix up, Tensor? scales, Matrix into) => Time("swiglu", () => inner.SwiGlu(gate, up, scales, into));

    public void SwiGluBackward(Matrix gate, Matrix up, Matrix gradient, Tensor? scales, Tensor? scaleGradients) =>
        Time("swiglu backward", () => inner.SwiGluBackward(gate, up, gradient, scales, scaleGradients));

    public void Route(Matrix logits, Routes routes, Tensor losses) => Time("routing", () => inner.Route(logits, routes, losses));

    public void RouteBackward(Routes routes, Tensor weightGradients, double balance, double z, Matrix into) =>
        Time("routing backward", () => inner.RouteBackward(routes, weightGradients, balance, z, into));

    public void CountTargets(Tensor targets, Tensor numbers) => Time("cross entropy", () => inner.CountTargets(targets, numbers));

    public void CrossEntropy(Matrix logits, Tensor targets, Tensor numbers, Tensor losses) =>
        Time("cross entropy", () => inner.CrossEntropy(logits, targets, numbers, losses));

    public void MeanLoss(Tensor losses, Tensor numbers) => Time("cross entropy", () => inner.MeanLoss(losses, numbers));

    public void Update(FlatUpdate update, IReadOnlyList<Tensor?> gradients, Tensor loss, bool frozen) =>
        Time("clip and AdamW", () => inner.Update(update, gradients, loss, frozen));

    public void Dispose()
    {
        Clear();
        foreach (var clock in _free)
            clock.Dispose();
        inner.Dispose();
    }

    private void Time(string group, Action work) => Time(group, () =>
    {
        work();
        return 0;
    });

    private T Time<T>(string group, Func<T> work)
    {
        var clock = _free.TryPop(out var old) ? old : new CudaClock();
        clock.Start();
        var result = work();
        clock.Stop();
        _running.Add((group, clock));
        return result;
    }
}
