using Bam.Training.Model;
using static TorchSharp.torch;

namespace Bam.Training.Opening;

/// <summary>
/// Routers in closed form: the ridge regression of a block's normalised inputs n on the experts' own domains,
/// <c>W = Yᵀ N (Nᵀ N + λ I)⁻¹</c>, times a scale that makes logits of it (after DUME, arXiv 2603.29765). Y has 1 - 1/E where a token is of
/// the expert's domain and -1/E elsewhere; a common shift changes no gate. FFN router and attention router of a block read the same n and get the same rows.
/// </summary>
internal sealed class RidgeRouters
{
    /// <summary>λ as a part of the mean eigenvalue of NᵀN.</summary>
    private const double Ridge = 1e-2;

    private readonly ParameterSet _parameters;
    private readonly Dictionary<string, double[]> _labels;                     // domain to y [E]
    private readonly double _scale;

    /// <param name="parameters">Mixture whose routers are set.</param>
    /// <param name="domains">Domain of each expert, in their order; experts of one domain share its tokens.</param>
    /// <param name="scale">Logit of an input that the regression gives to an expert in full.</param>
    public RidgeRouters(ParameterSet parameters, IReadOnlyList<string> domains, double scale)
    {
        _parameters = parameters;
        _scale = scale;
        _labels = domains.Distinct().ToDictionary(domain => domain, domain =>
        {
            var own = domains.Count(other => other == domain);
            return domains.Select(other => (other == domain ? 1.0 / own : 0) - 1.0 / domains.Count).ToArray();
        });
    }

    /// <summary>Sets the routers of every block.</summary>
    public void Fit(SampleWalk samples) => samples.Run(Fit);

    private void Fit(int layer, IReadOnlyList<(Tensor Rows, string Domain)> inputs)
    {
        using var scope = NewDisposeScope();
        var width = _parameters.Config.Width;
        var square = zeros([width, width], float64);                           // NᵀN
        var cross = zeros([width, _parameters.Config.Experts], float64);       // NᵀY
        foreach (var (rows, domain) in inputs.Where(input => _labels.ContainsKey(input.Domain)))
        {
            using var inner = NewDisposeScope();
            var n = rows.to(float32);
            square.add_(n.transpose(0, 1).matmul(n).to(float64).cpu(), Ops.One);
            cross.add_(n.sum([0L]).to(float64).cpu().unsqueeze(1).matmul(tensor(_labels[domain]).unsqueeze(0)), Ops.One);
        }

        var lambda = square.diagonal().mean().mul(tensor(Ridge));
        square.diagonal().add_(lambda, Ops.One);
        var router = linalg.solve(square, cross).transpose(0, 1).mul(tensor(_scale)).to(float32);   // [E, D]
        foreach (var spec in _parameters.Specs.Where(spec => spec.IsRouter && spec.Name.StartsWith($"blocks.{layer}.", StringComparison.Ordinal)))
            _parameters.Change(spec.Name, weight => weight.copy_(router));
    }
}
