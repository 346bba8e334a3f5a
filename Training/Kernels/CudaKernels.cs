using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using static Bam.Training.Native.Dispatcher;
using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>
/// The operations of a step in bfloat16 on a CUDA device: own kernels for what moves memory, cuBLASLt for the products, cuDNN for attention.
/// All of it is enqueued on torch's stream and nothing waits for the device.
/// </summary>
internal sealed class CudaKernels : IStepKernels
{
    private const int Access = 8;
    private const int RouteBlock = 1024;

    private static readonly ConcurrentDictionary<(int Device, int Access, int Held), Lazy<CudaModule>> Modules = [];

    private readonly int _device, _multiprocessors;
    private readonly Device _torchDevice;
    private readonly Dictionary<int, Tensor> _shares = [];                     // by width: what blocks add to a norm's weight gradient
    private readonly CudaProducts _products;
    private readonly CudaAttention _attention = new();
    private readonly PinnedRing _ring = new();
    private readonly CudaUpdate _update;

    /// <param name="device">A CUDA device; it becomes the calling thread's.</param>
    public CudaKernels(Device device)
    {
        if (CudaLibraries.Missing is { } missing)
            throw new InvalidOperationException(missing);
        _torchDevice = device;
        _device = Math.Max(0, device.index);
        CudaCalls.Use(_device);
        _multiprocessors = CudaCalls.Attribute(CudaCalls.Multiprocessors, _device);
        _products = new CudaProducts(device);
        _update = new CudaUpdate(device, _ring);
    }

    /// <summary>Compiles what every model needs.</summary>
    /// <exception cref="InvalidOperationException">They do not compile for this device.</exception>
    public static void Prepare(int device)
    {
        CudaCalls.Use(device);
        Code(device, Access, 1);
    }

    public void Upload(ReadOnlySpan<long> values, Tensor into) => _ring.Upload(MemoryMarshal.AsBytes(values), Matrix.AddressOf(into));

    public void Multiply(Matrix left, bool leftTransposed, Matrix right, bool rightTransposed, Matrix into, Matrix? plus = null) =>
        _products.Multiply(left, leftTransposed, right, rightTransposed, into, plus);

    public Tensor MultiplyGroups(Tensor x, Tensor weight, Tensor ends) => Grouped(x, weight, ends);

    public Tensor MultiplyWithin(Tensor left, Tensor right, Tensor ends) => Grouped(left, right, ends);

    public void TakeRows(Matrix from, Tensor index, Matrix into)
    {
        var address = Matrix.AddressOf(index);
        var wide = index.dtype == ScalarType.Int64;
        Rows("copy_rows", into, Module(from, into), from.Address, (long)from.Stride, wide ? 0 : address, wide ? address : 0, into.Address, (long)into.Stride, into.Columns);
    }

    public void Copy(Matrix from, Matrix into) => Rows(
        "copy_rows", into, Module(from, into), from.Address, (long)from.Stride, (nint)0, (nint)0, into.Address, (long)into.Stride, into.Columns);

    public void AddToTable(Matrix rows, Tensor ids, Matrix table)
    {
        using var scope = NewDisposeScope();
        var (sorted, places) = ids.view(-1).sort(stable: true);
        var module = Module(rows, table);
        module.Code.Launch(
            "embedding_backward", rows.Rows, Threads(rows.Columns / module.Access), rows.Address, (long)rows.Stride, Matrix.AddressOf(sorted),
            Matrix.AddressOf(places), rows.Rows, table.Address, table.Columns);
    }

    public void Norm(Matrix x, RowSum? add, Matrix weight, Matrix into, Tensor statistics, NormRule rule)
    {
        var module = ForNorm(x, into, weight, add?.Parts ?? x);
        module.Code.Launch(
            "norm_forward", x.Rows, NormThreads(x.Columns / module.Access),
            x.Address, (long)x.Stride, add?.Parts.Address ?? 0, (long)(add?.Parts.Stride ?? 0), Places(add), add?.PerToken ?? 0,
            weight.Address, into.Address, (long)into.Stride, Matrix.AddressOf(statistics), x.Columns, (float)rule.Epsilon, rule.Rms);
    }

    public void NormBackward(
        Matrix gradient, RowSum? add, Matrix x, Matrix weight, Tensor statistics, NormRule rule, Matrix into, bool residual, Matrix weightGradient)
    {
        var module = ForNorm(gradient, x, into, weight, add?.Parts ?? x);
        int width = x.Columns, blocks = Math.Min(x.Rows, _multiprocessors * 8);
        if (!_shares.TryGetValue(width, out var shares))
            _shares[width] = shares = zeros([_multiprocessors * 8, width], float32, _torchDevice).DetachFromDisposeScope();
        module.Code.Launch(
            "norm_backward", blocks, NormThreads(width / module.Access),
            gradient.Address, (long)gradient.Stride, add?.Parts.Address ?? 0, (long)(add?.Parts.Stride ?? 0), Places(add), add?.PerToken ?? 0,
            x.Address, (long)x.Stride, weight.Address, Matrix.AddressOf(statistics), into.Address, (long)into.Stride, residual,
            Matrix.AddressOf(shares), (long)x.Rows, width, rule.Rms);
        module.Code.Launch("sum_shares", (width + 31) / 32, 1024, Matrix.AddressOf(shares), blocks, width, weightGradient.Address);
    }

    public void Rotate(Matrix from, Matrix into, RotaryAngles angles, HeadLayout heads, bool back)
    {
        var aligned = heads.Width % (2 * Access) == 0;
        var module = aligned ? Module(from, into) : (Code: Code(1, 1), Access: 1);
        var count = from.Columns / heads.Width;
        module.Code.Launch(
            "rotate", from.Rows, Threads(count * heads.Width / (2 * module.Access)),
            from.Address, (long)from.Stride, into.Address, (long)into.Stride, Matrix.AddressOf(angles.Table), angles.Time, count, heads.Width,
            angles.Interleaved, back ? -1f : 1f, heads.Regrouped ? heads.Experts : 1, heads.KvHeads, heads.Group, back);
    }

    public AttentionResult Attend(Tensor q, Tensor k, Tensor v) => _attention.Forward(q, k, v);

    public (Tensor Q, Tensor K, Tensor V) AttendBackward(AttentionResult result, Tensor gradient) => _attention.Backward(result, gradient);

    public void GateHeads(Matrix heads, Matrix logits, RouterRule rule, HeadLayout layout, Matrix into, Tensor gates)
    {
        var module = ForHeads(layout, heads, into);
        module.Code.Launch(
            "gate_heads", heads.Rows, Threads(heads.Columns / module.Access), heads.Address, (long)heads.Stride, logits.Address, (long)logits.Stride,
            into.Address, (long)into.Stride, Matrix.AddressOf(gates), rule.Experts, rule.Chosen, rule.Renormalise, layout.Heads, layout.Width,
            layout.Regrouped, layout.KvHeads);
    }

    public void GateHeadsBackward(Matrix gradient, Matrix heads, Matrix logits, RouterRule rule, HeadLayout layout, Matrix into)
    {
        var module = ForHeads(layout, gradient, heads, into);
        module.Code.Launch(
            "gate_heads_backward", heads.Rows, Threads(heads.Columns / rule.Experts / module.Access),
            gradient.Address, (long)gradient.Stride, heads.Address, (long)heads.Stride, into.Address, (long)into.Stride,
            logits.Address, (long)logits.Stride, rule.Experts, rule.Chosen, rule.Renormalise, layout.Heads, layout.Width, layout.Regrouped, layout.KvHeads);
    }

    public void SwiGlu(Matrix gate, Matrix up, Tensor? scales, Matrix into) => Rows(
        "swiglu_forward", into, Module(gate, up, into), gate.Address, (long)gate.Stride, up.Address, (long)up.Stride,
        scales is null ? 0 : Matrix.AddressOf(scales), into.Address, (long)into.Stride, into.Columns);

    public void SwiGluBackward(Matrix gate, Matrix up, Matrix gradient, Tensor? scales, Tensor? scaleGradients) => Rows(
        "swiglu_backward", gradient, Module(gate, up, gradient), gate.Address, (long)gate.Stride, up.Address, (long)up.Stride,
        gradient.Address, (long)gradient.Stride, scales is null ? 0 : Matrix.AddressOf(scales),
        scaleGradients is null ? 0 : Matrix.AddressOf(scaleGradients), gradient.Columns);

    public void Route(Matrix logits, Routes routes, Tensor losses)
    {
        var code = Code(Access, 1);
        var rule = routes.Rule;
        code.Launch(
            "route_tokens", routes.Blocks, RouteBlock, logits.Address, (long)logits.Stride, routes.Tokens, rule.Experts, rule.Chosen, rule.Renormalise,
            Matrix.AddressOf(routes.Gates), Matrix.AddressOf(routes.Chosen), Matrix.AddressOf(routes.Weights), Matrix.AddressOf(routes.LogSums),
            Matrix.AddressOf(routes.Counts), Matrix.AddressOf(routes.Sums), Matrix.AddressOf(routes.Squares));
        code.Launch(
            "route_offsets", 1, 32, Matrix.AddressOf(routes.Counts), Matrix.AddressOf(routes.Sums), Matrix.AddressOf(routes.Squares), routes.Blocks,
            routes.Tokens, rule.Experts, rule.Chosen, Matrix.AddressOf(routes.Ends), Matrix.AddressOf(routes.Shares), Matrix.AddressOf(losses));
        code.Launch(
            "route_places", routes.Blocks, RouteBlock, Matrix.AddressOf(routes.Chosen), Matrix.AddressOf(routes.Weights), Matrix.AddressOf(routes.Counts),
            routes.Tokens, rule.Experts, rule.Chosen, Matrix.AddressOf(routes.Places), Matrix.AddressOf(routes.TokenOf), Matrix.AddressOf(routes.WeightOf));
    }

    public void RouteBackward(Routes routes, Tensor weightGradients, double balance, double z, Matrix into) => Code(Access, 1).Launch(
        "route_backward", (routes.Tokens + 127) / 128, 128, Matrix.AddressOf(routes.Gates), Matrix.AddressOf(routes.Chosen),
        Matrix.AddressOf(routes.Weights), Matrix.AddressOf(routes.LogSums), Matrix.AddressOf(routes.Places), Matrix.AddressOf(weightGradients),
        Matrix.AddressOf(routes.Shares), (float)balance, (float)z, routes.Tokens, routes.Rule.Experts, routes.Rule.Chosen, routes.Rule.Renormalise,
        into.Address, (long)into.Stride);

    public void CountTargets(Tensor targets, Tensor numbers) =>
        Code(Access, 1).Launch("count_targets", 1, 1024, Matrix.AddressOf(targets), (int)targets.NumberOfElements, Matrix.AddressOf(numbers));

    public void CrossEntropy(Matrix logits, Tensor targets, Tensor numbers, Tensor losses)
    {
        var module = Module(logits);
        module.Code.Launch(
            "cross_entropy", logits.Rows, 512, logits.Address, (long)logits.Stride, Matrix.AddressOf(targets), Matrix.AddressOf(numbers),
            Matrix.AddressOf(losses), logits.Columns);
    }

    public void MeanLoss(Tensor losses, Tensor numbers) =>
        Code(Access, 1).Launch("mean_loss", 1, 1024, Matrix.AddressOf(losses), (int)losses.NumberOfElements, Matrix.AddressOf(numbers));

    public void Update(FlatUpdate update, IReadOnlyList<Tensor?> gradients, Tensor loss, bool frozen)
    {
        // Chunks begin where pieces do, or rows of them: at 16 bytes where every piece's width is a multiple of 8.
        var access = update.Weights.Layout.Segments.All(segment => segment.Offset % Access == 0 && segment.Count % Access == 0) ? Access : 1;
        _update.Run(Code(access, 1), update, gradients, loss, frozen);
    }

    public IRecordedStep? Record(Action enqueue) => _update.Record(_device, enqueue);

    public void Dispose()
    {
        foreach (var tensor in _shares.Values)
            tensor.Dispose();
        _update.Dispose();
        _products.Dispose();
        _ring.Dispose();
    }

    private static Tensor Grouped(Tensor left, Tensor right, Tensor ends)
    {
        Span<ulong> stack = [Argument(left), Argument(right), Optional(ends), Optional(null), 0];
        Call("aten::_grouped_mm\0"u8, "\0"u8, stack);
        return Result(stack[0]);
    }

    /// <summary>A block a row of <paramref name="shape"/>.</summary>
    private static void Rows(string name, Matrix shape, (CudaModule Code, int Access) module, params ReadOnlySpan<KernelArgument> arguments) =>
        module.Code.Launch(name, shape.Rows, Threads(shape.Columns / module.Access), arguments);

    /// <summary>Whole warps for so many accesses, of which none has much more to do than another.</summary>
    private static int Threads(int accesses)
    {
        var each = (accesses + 511) / 512;
        return ((accesses + each - 1) / each + 31) / 32 * 32;
    }

    private static int NormThreads(int accesses) => Math.Min(1024, (accesses + 31) / 32 * 32);

    private static nint Places(RowSum? add) => add is { } sum ? Matrix.AddressOf(sum.Places) : 0;

    private (CudaModule Code, int Access) ForHeads(HeadLayout layout, params ReadOnlySpan<Matrix> matrices) =>
        layout.Width % Access == 0 ? Module(matrices) : (Code(1, 1), 1);

    /// <summary>The kernels for these matrices, whose rows fit a block's registers.</summary>
    private (CudaModule Code, int Access) ForNorm(params ReadOnlySpan<Matrix> matrices)
    {
        var access = Module(matrices).Access;
        return (Code(access, (matrices[0].Columns / access + 1023) / 1024), access);
    }

    /// <summary>The kernels for these matrices: 16 bytes an access if all rows allow it.</summary>
    private (CudaModule Code, int Access) Module(params ReadOnlySpan<Matrix> matrices)
    {
        var access = Access;
        foreach (var matrix in matrices)
        {
            if (matrix.Address % 16 != 0 || matrix.Columns % Access != 0 || (matrix.Stride % Access != 0 && matrix.Rows > 1))
                access = 1;
        }

        return (Code(access, 1), access);
    }

    private CudaModule Code(int access, int held) => Code(_device, access, held);

    private static CudaModule Code(int device, int access, int held) =>
        Modules.GetOrAdd((device, access, held), key => new(() => new CudaModule(key.Device, key.Access, key.Held))).Value;
}
