using Bam.Contracts.Runs;
using Bam.Training.Model;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Model;

/// <summary>
/// The paper's formulas (BAM, arXiv 2408.08274, sections 3 and 4) in float64, one sequence, one expert, one head, one token after another,
/// with elementary operations only: no fused attention, no grouped product, no sorting. Autograd gives its gradients too. What the fast
/// model is held against. Everything that it returns belongs to the caller's dispose scope.
/// </summary>
internal sealed class SlowModel
{
    private readonly ModelConfig _config;
    private readonly Dictionary<string, Tensor> _weights;

    public SlowModel(ParameterSet parameters)
    {
        _config = parameters.Config;
        _weights = parameters.Specs.Zip(parameters.Masters)
            .ToDictionary(pair => pair.First.Name, pair => pair.Second.detach().to(float64).clone().requires_grad_(true));
    }

    /// <summary>A weight, [E, out, in] or [out, in]: a leaf of the autograd graph.</summary>
    public Tensor this[string name] => _weights[name];

    /// <summary>What a dense model's FFN output is multiplied by, from layer and normalised input [D]; null for nothing.</summary>
    public Func<int, Tensor, Tensor>? ScaleFfn { get; init; }

    /// <summary>Logits [T, V] of a row of ids.</summary>
    /// <param name="ids">[T].</param>
    /// <param name="segments">Number of each token's sequence, [T], 0 for padding; null for one sequence.</param>
    /// <param name="routed">Takes what the FFN routers did; null for no one.</param>
    public Tensor Logits(long[] ids, long[]? segments = null, ICollection<RoutedToken>? routed = null)
    {
        var sight = new Sight(segments ?? [.. ids.Select(_ => 1L)]);
        var x = stack(ids.Select(id => this["embed.weight"][id]));                       // [T, D]
        for (var layer = 0; layer < _config.Layers; layer++)
        {
            var n = Norm(x, this[$"blocks.{layer}.norm.weight"]);
            x = x + Attention(n, layer, sight) + FeedForward(n, layer, sight, routed);
        }

        return Norm(x, this["norm.weight"]).matmul(this[_config.Tied ? "embed.weight" : "head.weight"].T);
    }

    /// <summary>A block's attention alone: normalised input [T, D] of one sequence to [T, D].</summary>
    public Tensor Attention(int layer, Tensor n) => Attention(n, layer, new Sight([.. Enumerable.Repeat(1L, (int)n.size(0))]));

    /// <summary>A block's FFN alone: normalised input [T, D] to [T, D].</summary>
    public Tensor FeedForward(int layer, Tensor n) => FeedForward(n, layer, new Sight([.. Enumerable.Repeat(1L, (int)n.size(0))]), null);

    /// <summary><c>L = L_NLL + Σ over layers (α L_LB + β L_z)</c> of a batch.</summary>
    public StepLoss Loss(TokenBatch batch, double alpha, double beta)
    {
        var routed = new List<RoutedToken>();
        var losses = new List<Tensor>();
        for (var row = 0; row < batch.Ids.Length; row++)
        {
            var mine = new List<RoutedToken>();
            var logits = Logits(batch.Ids[row], batch.Segments?[row], mine);
            routed.AddRange(mine.Where(token => batch.Counts(row, token.Place)));
            for (var t = 0; t < batch.Targets[row].Length; t++)
            {
                if (batch.Targets[row][t] is var target and >= 0)
                    losses.Add(LogSumExp(logits[t]) - logits[t][target]);                // -log softmax
            }
        }

        var nll = Mean(losses);
        if (_config.Experts == 0)
            return new(nll, nll, null, null);
        var layers = routed.GroupBy(token => token.Layer).Select(tokens => tokens.ToArray()).ToArray();
        var balance = layers.Select(Balance).Aggregate((a, b) => a + b);
        var z = layers.Select(tokens => Mean(tokens.Select(token => LogSumExp(token.Logits).square()))).Aggregate((a, b) => a + b);
        return new(nll + alpha * balance + beta * z, nll, balance, z);
    }

    /// <summary><c>L_LB = E Σ_i f_i P_i</c>: f_i the part of the assignments that expert i got, P_i its mean gate.</summary>
    private Tensor Balance(RoutedToken[] tokens)
    {
        double assignments = tokens.Sum(token => token.Chosen.Length);
        var sum = zeros(1, float64)[0];
        for (var i = 0; i < _config.Experts; i++)
        {
            var f = tokens.Count(token => token.Chosen.Contains(i)) / assignments;
            sum += f * Mean(tokens.Select(token => token.Gates[i]));
        }

        return _config.Experts * sum;
    }

    /// <summary><c>y_t = Σ_j g_j(n_t) Attn_j(n)_t</c>, <c>g = softmax(W_a n)</c> (section 4.2); one attention where none is routed.</summary>
    private Tensor Attention(Tensor n, int layer, Sight sight)
    {
        var name = $"blocks.{layer}.attention";
        if (!_config.RoutesAttention)
            return Heads(n, part => this[$"{name}.{part}.weight"], sight);

        Tensor[] heard =                                                                 // E of [T, D]
        [
            .. Enumerable.Range(0, _config.Experts).Select(j => Heads(n, part => Expert(name, part, j), sight)),
        ];
        return stack(Enumerable.Range(0, sight.Time).Select(t =>
        {
            var gates = Softmax(this[$"{name}.router.weight"].matmul(n[t]));             // [E]
            return Largest(gates, _config.AttentionTopK, _config.AttentionRenormalise)
                .Select(gate => gate.Weight * heard[gate.Expert][t]).Aggregate((a, b) => a + b);
        }));
    }

    /// <summary>An expert's own weight, or with KV sharing the one that all have.</summary>
    private Tensor Expert(string name, string part, int expert) =>
        _weights.TryGetValue($"{name}.experts.{part}", out var stacked) ? stacked[expert] : this[$"{name}.{part}.weight"];

    /// <summary>Attention of H heads, head h with keys and values h·Hkv/H: [T, D] to [T, D].</summary>
    private Tensor Heads(Tensor n, Func<string, Tensor> weight, Sight sight)
    {
        int width = _config.HeadWidth, group = _config.Heads / _config.KvHeads;
        Tensor Project(string part, int head) => n.matmul(weight(part).narrow(0, head * width, width).T);
        var outputs = Enumerable.Range(0, _config.Heads).Select(head =>
        {
            var q = Turn(Project("q", head), sight);                                     // [T, K]
            var k = Turn(Project("k", head / group), sight);
            var v = Project("v", head / group);
            var scores = q.matmul(k.T) / Math.Sqrt(width);                               // [T, T]
            return Softmax(scores.masked_fill(sight.Hidden, double.NegativeInfinity)).matmul(v);
        });
        return cat([.. outputs], 1).matmul(weight("o").T);
    }

    /// <summary><c>Σ over the k largest of p_i(n) FFN_i(n)</c>, <c>p = softmax(W_f n)</c> over all experts (section 3.3).</summary>
    private Tensor FeedForward(Tensor n, int layer, Sight sight, ICollection<RoutedToken>? routed)
    {
        var name = $"blocks.{layer}.ffn";
        return stack(Enumerable.Range(0, sight.Time).Select(t =>
        {
            if (_config.Experts == 0)
            {
                var y = SwiGlu(n[t], part => this[$"{name}.{part}.weight"]);
                return ScaleFfn is null ? y : ScaleFfn(layer, n[t]) * y;
            }

            var logits = this[$"{name}.router.weight"].matmul(n[t]);                     // [E]
            var gates = Softmax(logits);
            var chosen = Largest(gates, _config.FfnTopK, _config.FfnRenormalise);
            routed?.Add(new(layer, t, logits, gates, [.. chosen.Select(gate => gate.Expert)]));
            return chosen.Select(gate => gate.Weight * SwiGlu(n[t], part => this[$"{name}.experts.{part}"][gate.Expert])).Aggregate((a, b) => a + b);
        }));
    }

    /// <summary><c>down(silu(gate n) · up n)</c>, <c>silu(a) = a / (1 + exp(-a))</c>: [D] to [D].</summary>
    private static Tensor SwiGlu(Tensor n, Func<string, Tensor> weight)
    {
        var gate = weight("gate").matmul(n);                                             // [F]
        return weight("down").matmul(gate / (1 + (-gate).exp()) * weight("up").matmul(n));
    }

    /// <summary>The k largest gates, the first of equals; as they are, or divided by their sum.</summary>
    private static (int Expert, Tensor Weight)[] Largest(Tensor gates, int k, bool renormalise)
    {
        var values = gates.detach().data<double>().ToArray();
        int[] chosen = [.. Enumerable.Range(0, values.Length).OrderByDescending(i => values[i]).Take(k)];
        var sum = chosen.Select(i => gates[i]).Aggregate((a, b) => a + b);
        return [.. chosen.Select(i => (i, renormalise ? gates[i] / sum : gates[i]))];
    }

    /// <summary>RoPE: row t of [T, K] times the rotation of its position.</summary>
    private Tensor Turn(Tensor x, Sight sight) =>
        stack(Enumerable.Range(0, sight.Time).Select(t => Rotation(sight.Positions[t]).matmul(x[t])));

    /// <summary>[K, K]: pair j, of neighbours or half a head apart, is turned by position · θ^(-2j/K).</summary>
    private Tensor Rotation(int position)
    {
        int width = _config.HeadWidth, half = width / 2;
        var matrix = new double[width, width];
        for (var j = 0; j < half; j++)
        {
            var angle = position * Math.Pow(_config.RopeTheta, -2.0 * j / width);
            var (a, b) = _config.RopeInterleaved ? (2 * j, 2 * j + 1) : (j, half + j);
            (matrix[a, a], matrix[a, b], matrix[b, a], matrix[b, b]) = (Math.Cos(angle), -Math.Sin(angle), Math.Sin(angle), Math.Cos(angle));
        }

        return tensor(matrix);
    }

    private Tensor Norm(Tensor x, Tensor weight)
    {
        var centred = _config.Norm == NormKind.LayerNorm ? x - x.mean([-1], keepdim: true) : x;
        return centred / (centred.square().mean([-1], keepdim: true) + _config.NormEps).sqrt() * weight;
    }

    /// <summary>Over the last dimension.</summary>
    private static Tensor Softmax(Tensor x)
    {
        var powers = (x - x.detach().amax([-1], keepdim: true)).exp();
        return powers / powers.sum(-1, keepdim: true);
    }

    private static Tensor LogSumExp(Tensor x)
    {
        var largest = x.detach().max();
        return (x - largest).exp().sum().log() + largest;
    }

    private static Tensor Mean(IEnumerable<Tensor> scalars) => stack(scalars).mean();

    /// <summary>What one FFN router did with one token of a row.</summary>
    internal sealed record RoutedToken(int Layer, int Place, Tensor Logits, Tensor Gates, int[] Chosen);

    /// <summary>Where the tokens of a row stand in their sequences, and which keys each must not see.</summary>
    private sealed class Sight
    {
        public Sight(long[] segments)
        {
            Time = segments.Length;
            var hidden = new bool[Time, Time];
            Positions = new int[Time];
            for (var t = 0; t < Time; t++)
            {
                Positions[t] = segments[t] == 0 ? 0 : segments[..t].Count(segment => segment == segments[t]);
                for (var s = 0; s < Time; s++)
                    hidden[t, s] = s != t && (s > t || segments[s] != segments[t] || segments[t] == 0);
            }

            Hidden = tensor(hidden);
        }

        public int Time { get; }

        public int[] Positions { get; }

        /// <summary>[T, T], token by key. Padding sees itself only.</summary>
        public Tensor Hidden { get; }
    }
}
