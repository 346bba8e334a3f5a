using Bam.Training.Profiling;
using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>Other kernels, with the device's time of each kind of operation. Every operation of a fused step goes through here, so nothing is left out.</summary>
internal sealed class ProfiledKernels(IStepKernels inner, Func<IStepClock> newClock) : IStepKernels
{
    private readonly List<(Kind Kind, IStepClock Clock)> _running = [];
    private readonly Stack<IStepClock> _free = [];
    private readonly Dictionary<Kind, (double Milliseconds, int Calls)> _times = [];
    private bool _back;

    /// <summary>Time and calls of each kind in a step since the last <see cref="Clear"/>, the longest first; waits for the device.</summary>
    /// <param name="steps">Steps since then.</param>
    public IReadOnlyList<OperationTime> Read(int steps)
    {
        Collect();
        return
        [
            .. _times.Select(row => new OperationTime(
                    row.Key.Phase, row.Key.Group, row.Key.Operation, row.Value.Milliseconds / steps, (double)row.Value.Calls / steps))
                .OrderByDescending(row => row.Milliseconds),
        ];
    }

    public void Clear()
    {
        Collect();
        _times.Clear();
    }

    public void Upload(ReadOnlySpan<long> values, Tensor into)
    {
        _back = false;
        inner.Upload(values, into);
    }

    public void Multiply(Matrix left, bool leftTransposed, Matrix right, bool rightTransposed, Matrix into, Matrix? plus = null) =>
        Time(rightTransposed ? StepPhase.Forward : StepPhase.Backward, OperationGroup.Matmul,
            $"product {into.Rows} x {into.Columns} x {(leftTransposed ? left.Rows : left.Columns)}",
            () => inner.Multiply(left, leftTransposed, right, rightTransposed, into, plus));

    public Tensor MultiplyGroups(Tensor x, Tensor weight, Tensor ends) => Time(Now, OperationGroup.Matmul, "grouped products", () => inner.MultiplyGroups(x, weight, ends));

    public Tensor MultiplyWithin(Tensor left, Tensor right, Tensor ends) => Time(StepPhase.Backward, OperationGroup.Matmul, "grouped products, weights", () => inner.MultiplyWithin(left, right, ends));

    public void TakeRows(Matrix from, Tensor index, Matrix into) =>
        Time(Now, index.dtype == ScalarType.Int64 ? OperationGroup.Embedding : OperationGroup.Routing, "take rows", () => inner.TakeRows(from, index, into));

    public void AddToTable(Matrix rows, Tensor ids, Matrix table) => Time(StepPhase.Backward, OperationGroup.Embedding, "embedding backward", () => inner.AddToTable(rows, ids, table));

    public void Norm(Matrix x, RowSum? add, Matrix weight, Matrix into, Tensor statistics, NormRule rule) =>
        Time(StepPhase.Forward, OperationGroup.Norm, "norm", () => inner.Norm(x, add, weight, into, statistics, rule));

    public void NormBackward(
        Matrix gradient, RowSum? add, Matrix x, Matrix weight, Tensor statistics, NormRule rule, Matrix into, bool residual, Matrix weightGradient) =>
        Time(StepPhase.Backward, OperationGroup.Norm, "norm backward", () => inner.NormBackward(gradient, add, x, weight, statistics, rule, into, residual, weightGradient));

    public void Rotate(Matrix from, Matrix into, RotaryAngles angles, HeadLayout heads, bool back) =>
        Time(back ? StepPhase.Backward : StepPhase.Forward, OperationGroup.Rope, back ? "rotary backward" : "rotary", () => inner.Rotate(from, into, angles, heads, back));

    public void Copy(Matrix from, Matrix into) => Time(Now, OperationGroup.Copies, "copy", () => inner.Copy(from, into));

    public AttentionResult Attend(Tensor q, Tensor k, Tensor v) => Time(StepPhase.Forward, OperationGroup.Attention, "attention", () => inner.Attend(q, k, v));

    public (Tensor Q, Tensor K, Tensor V) AttendBackward(AttentionResult result, Tensor gradient) =>
        Time(StepPhase.Backward, OperationGroup.Attention, "attention backward", () => inner.AttendBackward(result, gradient));

    public AttentionResult? AttendAtOnce(AttentionMemory memory) =>
        Time(StepPhase.Forward, OperationGroup.Attention, "rotary and attention", () => inner.AttendAtOnce(memory));

    public bool AttendAtOnceBackward(AttentionMemory memory, AttentionResult result, Matrix gradient) =>
        Time(StepPhase.Backward, OperationGroup.Attention, "rotary and attention backward", () => inner.AttendAtOnceBackward(memory, result, gradient));

    public void GateHeads(Matrix heads, Matrix logits, RouterRule rule, HeadLayout layout, Matrix into, Tensor gates) =>
        Time(StepPhase.Forward, OperationGroup.SwiGlu, "attention gates", () => inner.GateHeads(heads, logits, rule, layout, into, gates));

    public void GateHeadsBackward(Matrix gradient, Matrix heads, Matrix logits, RouterRule rule, HeadLayout layout, Matrix into) =>
        Time(StepPhase.Backward, OperationGroup.SwiGlu, "attention gates backward", () => inner.GateHeadsBackward(gradient, heads, logits, rule, layout, into));

    public void SwiGlu(Matrix gate, Matrix up, Tensor? scales, Matrix into) => Time(StepPhase.Forward, OperationGroup.SwiGlu, "swiglu", () => inner.SwiGlu(gate, up, scales, into));

    public void SwiGluBackward(Matrix gate, Matrix up, Matrix gradient, Tensor? scales, Tensor? scaleGradients) =>
        Time(StepPhase.Backward, OperationGroup.SwiGlu, "swiglu backward", () => inner.SwiGluBackward(gate, up, gradient, scales, scaleGradients));

    public void Route(Matrix logits, Routes routes, Tensor losses) => Time(StepPhase.Forward, OperationGroup.Routing, "routing", () => inner.Route(logits, routes, losses));

    public void RouteBackward(Routes routes, Tensor weightGradients, double balance, double z, Matrix into) =>
        Time(StepPhase.Backward, OperationGroup.Routing, "routing backward", () => inner.RouteBackward(routes, weightGradients, balance, z, into));

    public void CountTargets(Tensor targets, Tensor numbers) => Time(StepPhase.Forward, OperationGroup.Loss, "cross entropy", () => inner.CountTargets(targets, numbers));

    public void CrossEntropy(Matrix logits, Tensor targets, Tensor numbers, Tensor losses)
    {
        _back = true;
        Time(StepPhase.Forward, OperationGroup.Loss, "cross entropy", () => inner.CrossEntropy(logits, targets, numbers, losses));
    }

    public void MeanLoss(Tensor losses, Tensor numbers) => Time(StepPhase.Forward, OperationGroup.Loss, "cross entropy", () => inner.MeanLoss(losses, numbers));

    public void Update(FlatUpdate update, IReadOnlyList<Tensor?> gradients, Tensor loss, bool frozen) =>
        Time(StepPhase.Optimizer, OperationGroup.Optimizer, "clip and AdamW", () => inner.Update(update, gradients, loss, frozen));

    public void Dispose()
    {
        Clear();
        foreach (var clock in _free)
            clock.Dispose();
        inner.Dispose();
    }

    private StepPhase Now => _back ? StepPhase.Backward : StepPhase.Forward;

    private void Collect()
    {
        foreach (var (kind, clock) in _running)
        {
            var (time, calls) = _times.GetValueOrDefault(kind);
            _times[kind] = (time + clock.Read(), calls + 1);
            _free.Push(clock);
        }

        _running.Clear();
    }

    private void Time(StepPhase phase, string group, string operation, Action work) => Time(phase, group, operation, () =>
    {
        work();
        return 0;
    });

    private T Time<T>(StepPhase phase, string group, string operation, Func<T> work)
    {
        var clock = _free.TryPop(out var old) ? old : newClock();
        clock.Start();
        var result = work();
        clock.Stop();
        if (result is null or false)                                           // there is no such kernel
            _free.Push(clock);
        else
            _running.Add((new(phase, group, operation), clock));
        return result;
    }

    private sealed record Kind(StepPhase Phase, string Group, string Operation);
}
