using Bam.Training.Model;
using Bam.Training.Tests.Model;
using static Bam.Training.Tests.Paper.Float64Models;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Paper;

/// <summary>F10: masked tokens are as if they were not there (docs/paper.md).</summary>
public sealed class PaddingTests : IDisposable
{
    private const int Time = 11;

    private static readonly LossWeights Weights = new(0.3, 0.07);

    private static readonly Dictionary<string, long[][]> Layouts = new()
    {
        ["left"] = [[0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1], [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
        ["right"] = [[1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]],
        ["packed"] = [[1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 0], [5, 5, 5, 5, 4, 0, 0, 6, 6, 6, 6]],
    };

    private readonly Float64Models _models = new();

    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var layout in Layouts.Keys)
            {
                foreach (var kind in KindNames)
                    cases.Add(layout, kind.Data);
            }

            return cases;
        }
    }

    public void Dispose() => _models.Dispose();

    [Theory, MemberData(nameof(Cases))]
    public void F10_what_stands_in_the_padding_changes_neither_logits_nor_losses_nor_router_shares(string layout, string kind)
    {
        var model = _models.Model(_models.Random(Shapes.Mixture(Kind(kind))));
        var segments = Layouts[layout];
        var changed = _models.Ids.Select((row, i) => row.Select((id, t) => segments[i][t] == 0 ? (id + 7) % 64 : id).ToArray()).ToArray();

        var (before, after) = (Run(model, _models.Ids, segments), Run(model, changed, segments));

        Assert.Equal(before.Shares, after.Shares);                             // f_i
        AssertClose(before.Means, after.Means, 1e-13);                         // of the attention gates
        AssertClose(before.Loss.Nll, after.Loss.Nll, 1e-13);
        AssertClose(before.Loss.Balance!, after.Loss.Balance!, 1e-13);         // f_i and P_i
        AssertClose(before.Loss.Z!, after.Loss.Z!, 1e-13);
        AssertClose(Kept(before.Logits, segments), Kept(after.Logits, segments), 1e-13);
        AssertDiffers(before.Logits, after.Logits);                            // the padding's own

        // Without the mask everything would move.
        var (open, moved) = (Run(model, _models.Ids, null), Run(model, changed, null));
        AssertDiffers(open.Loss.Z!, moved.Loss.Z!, 1e-6);
        AssertDiffers(open.Loss.Z!, before.Loss.Z!, 1e-6);
        if (model.Parameters.Config.FfnTopK < model.Parameters.Config.Experts)
            AssertDiffers(open.Loss.Balance!, before.Loss.Balance!, 1e-6);       // all experts for all tokens: always 1
    }

    [Theory, MemberData(nameof(Cases))]
    public void F10_sequences_that_are_packed_or_padded_are_as_each_alone(string layout, string kind)
    {
        var parameters = _models.Random(Shapes.Mixture(Kind(kind)));
        var model = _models.Model(parameters);
        var segments = Layouts[layout];

        var together = Run(model, _models.Ids, segments);

        double tokens = 0, z = 0, nll = 0;
        for (var row = 0; row < segments.Length; row++)
        {
            foreach (var segment in segments[row].Distinct().Where(segment => segment != 0))
            {
                int[] places = [.. Enumerable.Range(0, Time).Where(t => segments[row][t] == segment)];
                long[][] ids = [[.. places.Select(t => _models.Ids[row][t])]];
                AssertClose(_models.Logits(parameters, ids)[0], together.Logits[row].narrow(0, places[0], places.Length), 1e-13);
                var alone = Run(model, ids, null);
                z += alone.Loss.Z!.item<double>() * places.Length;
                nll += alone.Loss.Nll.item<double>() * places.Length;
                tokens += places.Length;
            }
        }

        Assert.Equal(z / tokens, together.Loss.Z!.item<double>(), 1e-12);
        Assert.Equal(nll / tokens, together.Loss.Nll.item<double>(), 1e-12);
    }

    [Fact]
    public void F10_tokens_that_are_not_counted_still_speak_but_leave_the_routers_losses_alone()
    {
        var model = _models.Model(_models.Random(Shapes.Mixture(KvExperts)));
        var ids = Tokens(_models.Ids);
        var half = Tokens([.. _models.Ids.Select(row => row[..6])]);
        using var quiet = no_grad();
        var counted = tensor([.. Enumerable.Range(0, 2 * Time).Select(i => i % Time < 6 ? 1f : 0f)]);

        var part = model.Loss(ids, ids, Weights, model.Pass(ids) with { Counted = counted });
        var all = model.Loss(ids, ids, Weights);
        var first = model.Loss(half, half, Weights);

        AssertSame(all.Nll, part.Nll);
        AssertClose(first.Balance!, part.Balance!, 1e-13);                     // causal: the first six know nothing of the rest
        AssertClose(first.Z!, part.Z!, 1e-13);
        AssertDiffers(all.Z!, part.Z!, 1e-6);
    }

    // The losses' targets are the tokens themselves: every one that is no padding counts.
    private static (Tensor Logits, StepLoss Loss, double[] Shares, Tensor Means) Run(Transformer model, long[][] ids, long[][]? segments)
    {
        using var quiet = no_grad();
        var targets = ids.Select((row, i) => row.Select((id, t) => segments?[i][t] == 0 ? -100 : id).ToArray()).ToArray();
        var batch = new TokenBatch(ids, targets, segments);
        var (input, trace) = (batch.IdTensor(), new RoutingTrace());
        var pass = batch.Pass(model, input);
        var loss = model.Loss(input, batch.TargetTensor(), Weights, pass with { Trace = trace });
        var shares = stack(trace.FfnShares).flatten().data<double>().ToArray();
        var means = trace.AttentionShares.Count > 0 ? stack(trace.AttentionShares) : ones(1, float64);
        return (model.Forward(input, pass), loss, shares, means);
    }

    private static Tensor Kept(Tensor logits, long[][] segments) => cat(
        [.. segments.SelectMany((row, i) => Enumerable.Range(0, Time).Where(t => row[t] != 0).Select(t => logits[i].narrow(0, t, 1)))]);
}
