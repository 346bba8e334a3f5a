using Bam.Contracts.Runs;
using Bam.Training.Model;
using TorchSharp;

namespace Bam.Training.Tests.Model;

/// <summary>
/// The paper's formulas in double arithmetic, one token, one expert, one head after another: no tricks, no torch. What the fast model is
/// held against.
/// </summary>
internal sealed class SlowModel(ParameterSet parameters)
{
    private readonly ModelConfig _config = parameters.Config;
    private readonly Dictionary<string, double[]> _weights = parameters.Specs.Zip(parameters.Masters)
        .ToDictionary(pair => pair.First.Name, pair => Values(pair.Second));

    /// <summary>Logits [T][V] of one sequence of ids [T].</summary>
    public double[][] Logits(long[] ids)
    {
        var d = _config.Width;
        var x = ids.Select(id => _weights["embed.weight"].AsSpan((int)id * d, d).ToArray()).ToArray();
        for (var layer = 0; layer < _config.Layers; layer++)
        {
            var block = $"blocks.{layer}";
            var n = x.Select(row => Norm(row, _weights[$"{block}.norm.weight"])).ToArray();
            var attention = Attention(n, $"{block}.attention");
            x = [.. x.Select((row, t) => Sum(Sum(row, attention[t]), FeedForward(n[t], $"{block}.ffn")))];
        }

        var head = _weights[_config.Tied ? "embed.weight" : "head.weight"];
        return [.. x.Select(row => Product(head, 0, _config.Vocab, Norm(row, _weights["norm.weight"])))];
    }

    private static double[] Values(torch.Tensor tensor)
    {
        using var scope = torch.NewDisposeScope();
        return tensor.detach().to(torch.float64).cpu().data<double>().ToArray();
    }

    private double[][] Attention(double[][] n, string name)
    {
        if (!_config.RoutesAttention)
            return Heads(n, name, ".weight", expert: 0, stackedKv: false, stackedQ: false);
        var experts = Enumerable.Range(0, _config.Experts)
            .Select(expert => Heads(n, name, ".weight", expert, _config.Kv == KvMode.Experts, stackedQ: true)).ToArray();
        return [.. n.Select((row, t) =>
        {
            var gates = Softmax(Product(_weights[$"{name}.router.weight"], 0, _config.Experts, row));
            return experts.Select((outputs, j) => outputs[t].Select(value => gates[j] * value).ToArray()).Aggregate(Sum);
        })];
    }

    private double[][] Heads(double[][] n, string name, string suffix, int expert, bool stackedKv, bool stackedQ)
    {
        int d = _config.Width, width = _config.HeadWidth, q = _config.Heads * width, kv = _config.KvHeads * width, group = _config.Heads / _config.KvHeads;
        double[] Project(string part, double[] row, int rows, bool stacked) => stacked
            ? Product(_weights[$"{name}.experts.{part}"], expert * rows, rows, row)
            : Product(_weights[$"{name}.{part}{suffix}"], 0, rows, row);
        var qs = n.Select((row, t) => Turn(Project("q", row, q, stackedQ), t)).ToArray();
        var ks = n.Select((row, t) => Turn(Project("k", row, kv, stackedKv), t)).ToArray();
        var vs = n.Select(row => Project("v", row, kv, stackedKv)).ToArray();
        return [.. n.Select((_, t) =>
        {
            var heard = new double[q];
            for (var head = 0; head < _config.Heads; head++)
            {
                var from = head / group * width;
                var scores = Softmax([.. Enumerable.Range(0, t + 1).Select(s =>
                    Enumerable.Range(0, width).Sum(k => qs[t][head * width + k] * ks[s][from + k]) / Math.Sqrt(width))]);
                for (var s = 0; s <= t; s++)
                {
                    for (var k = 0; k < width; k++)
                        heard[head * width + k] += scores[s] * vs[s][from + k];
                }
            }

            return Project("o", heard, d, stackedQ);
        })];
    }

    private double[] FeedForward(double[] n, string name)
    {
        if (_config.Experts == 0)
            return SwiGlu(n, part => _weights[$"{name}.{part}.weight"], 0);
        var gates = Softmax(Product(_weights[$"{name}.router.weight"], 0, _config.Experts, n));
        var chosen = Enumerable.Range(0, _config.Experts).OrderByDescending(i => gates[i]).Take(_config.FfnTopK).ToArray();
        var scale = _config.FfnRenormalise ? chosen.Sum(i => gates[i]) : 1;
        return chosen.Select(i => SwiGlu(n, part => _weights[$"{name}.experts.{part}"], i).Select(value => gates[i] / scale * value).ToArray()).Aggregate(Sum);
    }

    private double[] SwiGlu(double[] n, Func<string, double[]> weight, int expert)
    {
        int d = _config.Width, f = _config.Ffn;
        var gate = Product(weight("gate"), expert * f, f, n);
        var up = Product(weight("up"), expert * f, f, n);
        return Product(weight("down"), expert * d, d, [.. gate.Zip(up, (g, u) => g / (1 + Math.Exp(-g)) * u)]);
    }

    private double[] Turn(double[] heads, int t)
    {
        var turned = (double[])heads.Clone();
        int width = _config.HeadWidth, half = width / 2;
        for (var start = 0; start < heads.Length; start += width)
        {
            for (var j = 0; j < half; j++)
            {
                var (sin, cos) = Math.SinCos(t * Math.Pow(_config.RopeTheta, -2.0 * j / width));
                var (a, b) = _config.RopeInterleaved ? (start + 2 * j, start + 2 * j + 1) : (start + j, start + half + j);
                (turned[a], turned[b]) = (heads[a] * cos - heads[b] * sin, heads[a] * sin + heads[b] * cos);
            }
        }

        return turned;
    }

    private double[] Norm(double[] x, double[] weight)
    {
        var mean = _config.Norm == NormKind.LayerNorm ? x.Average() : 0;
        var deviation = Math.Sqrt(x.Average(value => (value - mean) * (value - mean)) + _config.NormEps);
        return [.. x.Select((value, i) => (value - mean) / deviation * weight[i])];
    }

    /// <summary>Rows [first, first + rows) of a matrix times x.</summary>
    private static double[] Product(double[] matrix, int first, int rows, double[] x) =>
        [.. Enumerable.Range(first, rows).Select(row => Enumerable.Range(0, x.Length).Sum(i => matrix[row * x.Length + i] * x[i]))];

    private static double[] Sum(double[] left, double[] right) => [.. left.Zip(right, (a, b) => a + b)];

    private static double[] Softmax(double[] x)
    {
        var exponentials = x.Select(value => Math.Exp(value - x.Max())).ToArray();
        return [.. exponentials.Select(value => value / exponentials.Sum())];
    }
}
