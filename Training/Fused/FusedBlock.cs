using Bam.Training.Kernels;
using Bam.Training.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Fused;

/// <summary>
/// One block forward and backward, written out: <c>x' = x + Attention(n) + FFN(n)</c>, <c>n = Norm(x)</c>. One product reads n and makes
/// everything that n is projected to; its gradient goes back through one product, too.
/// </summary>
internal sealed class FusedBlock(
    StepShape shape, int layer, IStepKernels kernels, BlockWeights weights, StepGradients gradients, BlockMemory memory, BackwardMemory back,
    Tensor losses)
{
    private readonly string _name = $"blocks.{layer}";
    private AttentionResult? _attention;
    private Tensor? _gateUp;                                                   // [N·k, 2F] of a mixture

    private bool IsDense => memory.Routes is null;

    /// <summary>What the last product reads; attention's output as it is, where nothing else is added by it.</summary>
    private Matrix Out => IsDense || shape.Config.RoutesAttention ? memory.Out : _attention!.Heads;

    /// <summary>From the block's input, to which rows are added first where there are any, all that the backward pass needs.</summary>
    public void Activate(Matrix x, RowSum? add)
    {
        using var scope = NewDisposeScope();                                   // views of what is freed early must not outlive it
        kernels.Norm(x, add, weights.Norm, memory.Normed, memory.Statistics, shape.Norm);
        kernels.Multiply(memory.Normed, false, weights.In, true, memory.Input);
        _attention = BlockAttention.Forward(kernels, memory.Attention).Detach();
        if (shape.Config.RoutesAttention)
            kernels.GateHeads(_attention.Heads, memory.AttentionLogits, shape.AttentionRouter, shape.Heads, memory.Out, memory.Gates!);
        if (memory.Routes is not { } routes)
        {
            kernels.SwiGlu(memory.Gate, memory.Up, null, memory.Hidden);
            return;
        }

        kernels.Route(memory.FfnLogits, routes, losses);
        kernels.TakeRows(memory.Normed, routes.TokenOf, memory.Sorted);
        _gateUp = kernels.MultiplyGroups(memory.Sorted.Tensor, weights.GateUpTransposed!, routes.Ends).DetachFromDisposeScope();
        var (gate, up) = Halves(_gateUp);
        kernels.SwiGlu(gate, up, routes.WeightOf, memory.Hidden);
    }

    /// <summary>The block's output, but for the rows that it returns: those are to be added.</summary>
    public RowSum? Finish(Matrix x, Matrix next)
    {
        kernels.Multiply(Out, false, weights.Out, true, next, plus: x);
        if (memory.Routes is not { } routes)
            return null;

        var rows = kernels.MultiplyGroups(memory.Hidden.Tensor, weights.DownTransposed!, routes.Ends);
        return new RowSum(Matrix.Of(rows), routes.Places, routes.Rule.Chosen);
    }

    /// <summary>The gradient of the output becomes that of the input x; gradients of weights are written.</summary>
    public void Backward(Matrix x, double balance, double z)
    {
        using var scope = NewDisposeScope();
        var g = back.Residual;
        kernels.Multiply(g, false, weights.Out, false, back.Out);
        if (gradients.Wants($"{_name}.out"))
            kernels.Multiply(g, true, Out, false, gradients[$"{_name}.out"]);
        AttentionBackward();
        RowSum? rows = null;
        if (memory.Routes is { } routes)
            rows = MixtureBackward(g, routes, balance, z);
        else
            kernels.SwiGluBackward(memory.Gate, memory.Up, back.Hidden, null, null);
        foreach (var (first, count) in gradients.Bands($"{_name}.in"))
        {
            var (input, into) = (memory.Input, gradients[$"{_name}.in"]);
            if (count == into.Rows)
                kernels.Multiply(input, true, memory.Normed, false, into);
            else
                kernels.Multiply(input.Part(first, count), true, memory.Normed, false, into.Band(first, count));
        }

        kernels.Multiply(memory.Input, false, weights.In, false, back.Normed);
        kernels.NormBackward(
            back.Normed, rows, x, weights.Norm, memory.Statistics, shape.Norm, g, residual: true, gradients[$"{_name}.norm.weight"]);
        Forget();
    }

    /// <summary>Frees what the backward pass would need.</summary>
    public void Forget()
    {
        _attention?.Dispose();
        _gateUp?.Dispose();
        (_attention, _gateUp) = (null, null);
    }

    /// <summary>Adds what the routers did to a trace.</summary>
    public void Observe(RoutingTrace trace)
    {
        if (memory.Routes is not { } routes)
            return;
        trace.FfnShares.Add(routes.Shares.clone());
        trace.FfnEntropies.Add(Entropy(routes.Gates));
        trace.FfnWeights.Add(routes.Weights.sum(-1).mean());
        if (memory.Gates is not { } gates)
            return;
        var rule = shape.AttentionRouter;
        var applied = gates;
        if (rule.Chosen < rule.Experts)
        {
            var (chosenWeights, chosen) = Routing.Choose(gates, rule.Chosen, rule.Renormalise);
            applied = zeros_like(gates).scatter(-1, chosen, chosenWeights);
        }

        var shares = applied.mean([0L]);
        trace.AttentionShares.Add(shares.div(shares.sum()));
        trace.AttentionEntropies.Add(Entropy(gates));
    }

    private static Tensor Entropy(Tensor gates) => gates.mul(gates.clamp(min: Least).log()).sum(-1).neg().mean();

    private static readonly Scalar Least = 1e-30f.ToScalar();

    private void AttentionBackward()
    {
        var attention = _attention!;
        if (shape.Config.RoutesAttention)
            kernels.GateHeadsBackward(back.Out, attention.Heads, memory.AttentionLogits, shape.AttentionRouter, shape.Heads, back.Attention);
        BlockAttention.Backward(kernels, memory.Attention, attention, back.Attention);
    }

    private RowSum MixtureBackward(Matrix g, Routes routes, double balance, double z)
    {
        kernels.TakeRows(g, routes.TokenOf, back.Rows);
        var hidden = Matrix.Of(kernels.MultiplyGroups(back.Rows.Tensor, weights.DownExperts!, routes.Ends));
        if (gradients.Wants($"{_name}.down"))
            gradients.Take($"{_name}.down", kernels.MultiplyWithin(back.RowsTransposed!, memory.Hidden.Tensor, routes.Ends).MoveToOuterDisposeScope());
        var (gate, up) = Halves(_gateUp!);
        kernels.SwiGluBackward(gate, up, hidden, routes.WeightOf, back.RowWeights);
        if (gradients.Wants($"{_name}.gateup"))
            gradients.Take($"{_name}.gateup", kernels.MultiplyWithin(_gateUp!.t(), memory.Sorted.Tensor, routes.Ends).MoveToOuterDisposeScope());
        var rows = kernels.MultiplyGroups(_gateUp!, weights.GateUpExperts!, routes.Ends);
        kernels.RouteBackward(routes, back.RowWeights!, balance, z, memory.FfnLogits);
        return new RowSum(Matrix.Of(rows), routes.Places, routes.Rule.Chosen);
    }

    private (Matrix Gate, Matrix Up) Halves(Tensor gateUp) =>
        (Matrix.Of(gateUp.narrow(1, 0, shape.Config.Ffn)), Matrix.Of(gateUp.narrow(1, shape.Config.Ffn, shape.Config.Ffn)));
}
