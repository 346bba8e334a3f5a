using Bam.Training.Kernels;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Kernels;

/// <summary>What only mixtures have: gates and routes.</summary>
public abstract partial class KernelsTests
{
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
