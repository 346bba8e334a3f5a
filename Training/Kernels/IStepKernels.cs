using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>
/// What a training step is made of. N tokens are rows; a backward operation that says "becomes" overwrites its operand with the
/// gradient. Three implementations do the same: <see cref="CudaKernels"/>, <see cref="CpuKernels"/>, and <see cref="PlainKernels"/> in torch's
/// operations, which the others are tested against.
/// </summary>
internal interface IStepKernels : IDisposable
{
    /// <summary>Copies numbers to the device without waiting for it.</summary>
    void Upload(ReadOnlySpan<long> values, Tensor into);

    /// <summary><c>into = left · right (+ plus)</c>; a transposed one is stored as its transpose.</summary>
    void Multiply(Matrix left, bool leftTransposed, Matrix right, bool rightTransposed, Matrix into, Matrix? plus = null);

    /// <summary>One product a group of rows that ends at <paramref name="ends"/>: x [R, in] and weight [E, in, out] give [R, out].</summary>
    Tensor MultiplyGroups(Tensor x, Tensor weight, Tensor ends);

    /// <summary>One product a group of columns: left [in, R] and right [R, out] give [E, in, out].</summary>
    Tensor MultiplyWithin(Tensor left, Tensor right, Tensor ends);

    /// <summary>Rows of a table: row i of <paramref name="into"/> is row index[i]; int32 or int64.</summary>
    void TakeRows(Matrix from, Tensor index, Matrix into);

    /// <summary>Adds to row ids[i] of a table's gradient row i; the same sum in every run.</summary>
    void AddToTable(Matrix rows, Tensor ids, Matrix table);

    /// <summary>Adds rows to x where there are any, then <c>into = Norm(x) · weight</c>; keeps mean and scale of each row, [N, 2].</summary>
    void Norm(Matrix x, RowSum? add, Matrix weight, Matrix into, Tensor statistics, NormRule rule);

    /// <summary>
    /// From the gradient of the norm's output, rows added to it where there are any: <c>into = (residual ? into : 0) + that of x</c>, and
    /// the weight's gradient.
    /// </summary>
    void NormBackward(
        Matrix gradient, RowSum? add, Matrix x, Matrix weight, Tensor statistics, NormRule rule, Matrix into, bool residual, Matrix weightGradient);

    /// <summary>Turns the heads of each row by its position, and puts them in attention's order; with <paramref name="back"/> undoes both.</summary>
    void Rotate(Matrix from, Matrix into, RotaryAngles angles, HeadLayout heads, bool back);

    /// <summary>Copies rows.</summary>
    void Copy(Matrix from, Matrix into);

    /// <summary>Causal softmax attention: q [B, Hq, T, K], k and v [B, Hkv, T, K]; neighbours share.</summary>
    AttentionResult Attend(Tensor q, Tensor k, Tensor v);

    /// <summary>Gradients of q, k and v, laid out as [B, T, H, K], from that of the output, [B, Hq, T, K].</summary>
    (Tensor Q, Tensor K, Tensor V) AttendBackward(AttentionResult result, Tensor gradient);

    /// <summary>The two before, heads turned on their way and put where they are read; q, k and v stay as they are.</summary>
    /// <returns>Null where that is not possible: one is done after the other.</returns>
    AttentionResult? AttendAtOnce(AttentionMemory memory) => null;

    /// <summary>From the gradient of the result's heads, [N, Hq·K], q, k and v become theirs; where it was done at once.</summary>
    bool AttendAtOnceBackward(AttentionMemory memory, AttentionResult result, Matrix gradient) => false;

    /// <summary>Scales each expert's heads by its gate, in the experts' order: heads [N, E·H·K], logits [N, E]; keeps the gates [N, E].</summary>
    void GateHeads(Matrix heads, Matrix logits, RouterRule rule, HeadLayout layout, Matrix into, Tensor gates);

    /// <summary>Gradient of the heads, in attention's order; the logits become theirs.</summary>
    void GateHeadsBackward(Matrix gradient, Matrix heads, Matrix logits, RouterRule rule, HeadLayout layout, Matrix into);

    /// <summary><c>into = silu(gate) · up</c>, times a number a row where there are any.</summary>
    void SwiGlu(Matrix gate, Matrix up, Tensor? scales, Matrix into);

    /// <summary>Gate and up become their gradients; those of the scales are written where there are any.</summary>
    void SwiGluBackward(Matrix gate, Matrix up, Matrix gradient, Tensor? scales, Tensor? scaleGradients);

    /// <summary>Sends tokens to experts by their logits, [N, E]; writes the layer's load-balancing loss and z-loss, [2].</summary>
    void Route(Matrix logits, Routes routes, Tensor losses);

    /// <summary>Gradient of the logits from that of the rows' weights and from the weighted auxiliary losses.</summary>
    void RouteBackward(Routes routes, Tensor weightGradients, double balance, double z, Matrix into);

    /// <summary>Writes 1 / counted targets to numbers[0]; targets below 0 do not count.</summary>
    void CountTargets(Tensor targets, Tensor numbers);

    /// <summary>Losses of rows; the logits become their gradient of the mean loss.</summary>
    void CrossEntropy(Matrix logits, Tensor targets, Tensor numbers, Tensor losses);

    /// <summary>Writes the mean loss to numbers[1].</summary>
    void MeanLoss(Tensor losses, Tensor numbers);

    /// <summary>One AdamW update of all weights from the gradients of the flat pieces; none when a gradient or the loss is not finite, or was before.</summary>
    void Update(FlatUpdate update, IReadOnlyList<Tensor?> gradients, Tensor loss, bool frozen);

    /// <summary>Records a step, which has run before, without running it.</summary>
    /// <param name="enqueue">Enqueues the step, but for what is uploaded for it.</param>
    /// <returns>Null where that is not possible: the step is enqueued every time.</returns>
    IRecordedStep? Record(Action enqueue) => null;
}
