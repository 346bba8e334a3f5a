using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>
/// bfloat16 matrix products with float32 sums, by cuBLASLt. The first product of each shape times the library's proposals and keeps the
/// fastest: what its heuristic puts first is often a few per cent behind.
/// </summary>
internal sealed unsafe class CudaProducts : IDisposable
{
    private const int Proposals = 8, Rounds = 3;

    /// <summary>Room that a product's algorithm may use.</summary>
    public const long WorkspaceBytes = 64 << 20;

    private readonly nint _handle;
    private readonly Tensor _workspace;
    private readonly nint _workspaceAddress;
    private readonly Dictionary<Shape, Plan> _plans = [];

    public CudaProducts(Device device)
    {
        CublasLt.Check(CublasLt.Create(out _handle), "create");
        using var scope = NewDisposeScope();
        _workspace = empty(WorkspaceBytes, ScalarType.Byte, device).DetachFromDisposeScope();
        _workspaceAddress = Matrix.AddressOf(_workspace);
    }

    /// <summary><c>into = left · right (+ plus)</c>; a transposed one is stored as its transpose.</summary>
    public void Multiply(Matrix left, bool leftTransposed, Matrix right, bool rightTransposed, Matrix into, Matrix? plus)
    {
        int rows = into.Rows, columns = into.Columns, depth = leftTransposed ? left.Rows : left.Columns;
        var shape = new Shape(
            rows, columns, depth, leftTransposed, rightTransposed, left.Stride, right.Stride, into.Stride, plus?.Stride ?? 0,
            Math.Min(Math.Min(Alignment(left), Alignment(right)), Math.Min(Alignment(into), plus is { } added ? Alignment(added) : 16)));
        if (!_plans.TryGetValue(shape, out var plan))
            _plans[shape] = plan = Choose(shape, left, right, into, plus ?? into);
        Run(plan, plan.Algorithm, left.Address, right.Address, into.Address, (plus ?? into).Address);
    }

    public void Dispose() => _workspace.Dispose();

    /// <summary>cuBLASLt counts columns first, so a row-major product is that of the transposes in reverse.</summary>
    private Plan Choose(Shape shape, Matrix left, Matrix right, Matrix into, Matrix plus)
    {
        CublasLt.Check(CublasLt.CreateDescription(out var description, CublasLt.ComputeFloat32, CublasLt.Float32), "describe");
        int first = shape.RightTransposed ? 1 : 0, second = shape.LeftTransposed ? 1 : 0;
        CublasLt.Check(CublasLt.SetDescription(description, CublasLt.TransposeFirst, &first, sizeof(int)), "describe");
        CublasLt.Check(CublasLt.SetDescription(description, CublasLt.TransposeSecond, &second, sizeof(int)), "describe");
        var plan = new Plan
        {
            Description = description,
            Left = Layout(shape.LeftTransposed ? shape.Rows : shape.Depth, shape.LeftTransposed ? shape.Depth : shape.Rows, shape.LeftStride),
            Right = Layout(shape.RightTransposed ? shape.Depth : shape.Columns, shape.RightTransposed ? shape.Columns : shape.Depth, shape.RightStride),
            Into = Layout(shape.Columns, shape.Rows, shape.IntoStride),
            Plus = Layout(shape.Columns, shape.Rows, shape.PlusStride == 0 ? shape.IntoStride : shape.PlusStride),
            Beta = shape.PlusStride == 0 ? 0 : 1,
        };
        CublasLt.Check(CublasLt.CreatePreference(out var preference), "preference");
        var bytes = (nuint)WorkspaceBytes;
        CublasLt.Check(CublasLt.SetPreference(preference, CublasLt.MostWorkspace, &bytes, (nuint)sizeof(nuint)), "preference");
        var alignment = (uint)shape.Alignment;
        for (var operand = 0; operand < 4; operand++)
            CublasLt.Check(CublasLt.SetPreference(preference, CublasLt.LeastAlignment + operand, &alignment, sizeof(uint)), "preference");
        var proposals = new CublasLt.Heuristic[Proposals];
        int found;
        fixed (CublasLt.Heuristic* list = proposals)
            CublasLt.Check(CublasLt.Ask(_handle, description, plan.Right, plan.Left, plan.Plus, plan.Into, preference, Proposals, list, out found), $"no way to multiply {shape}");
        if (found == 0)
            throw new InvalidOperationException($"cuBLASLt knows no way to multiply {shape}");
        plan.Algorithm = Fastest(plan, proposals.AsSpan(0, found), left, right, into, plus);
        return plan;
    }

    /// <summary>Runs each proposal on the product itself, and puts back what it added to.</summary>
    private CublasLt.Heuristic Fastest(Plan plan, ReadOnlySpan<CublasLt.Heuristic> proposals, Matrix left, Matrix right, Matrix into, Matrix plus)
    {
        using var scope = NewDisposeScope();
        using var clock = new CudaClock();
        var before = plan.Beta != 0 && into.Address == plus.Address ? into.Tensor.clone() : null;
        var best = proposals[0];
        var least = double.MaxValue;
        foreach (var proposal in proposals)
        {
            if (proposal.State != 0)
                continue;
            var times = new double[Rounds];
            for (var round = 0; round < Rounds; round++)
                times[round] = clock.Time(() => Run(plan, proposal, left.Address, right.Address, into.Address, plus.Address));
            if (times.Skip(1).Min() is var time && time < least * 0.995)
                (best, least) = (proposal, time);
        }

        if (before is not null)
            into.Tensor.copy_(before);
        return best;
    }

    private void Run(Plan plan, CublasLt.Heuristic algorithm, nint left, nint right, nint into, nint plus)
    {
        float alpha = 1, beta = plan.Beta;
        CublasLt.Check(
            CublasLt.Multiply(
                _handle, plan.Description, &alpha, right, plan.Right, left, plan.Left, &beta, plus, plan.Plus, into, plan.Into,
                &algorithm, _workspaceAddress, (nuint)WorkspaceBytes, CudaStream.Current),
            "multiply");
    }

    private static nint Layout(int rows, int columns, int stride)
    {
        CublasLt.Check(CublasLt.CreateLayout(out var layout, CublasLt.BFloat16, (ulong)rows, (ulong)columns, stride), "layout");
        return layout;
    }

    private static int Alignment(Matrix matrix)
    {
        var bits = (long)matrix.Address | ((long)matrix.Stride * 2) | 16;
        return (int)(bits & -bits);
    }

    private sealed record Shape(
        int Rows, int Columns, int Depth, bool LeftTransposed, bool RightTransposed, int LeftStride, int RightStride, int IntoStride, int PlusStride, int Alignment);

    private sealed class Plan
    {
        public nint Description, Left, Right, Into, Plus;
        public float Beta;
        public CublasLt.Heuristic Algorithm;
    }
}
