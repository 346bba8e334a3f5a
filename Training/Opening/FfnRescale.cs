using Bam.Training.Model;
using static TorchSharp.torch;

namespace Bam.Training.Opening;

/// <summary>
/// Undoes, in the mean, what gates that do not sum to 1 do to the FFN at the start: identical experts with top-1 gates give the dense FFN
/// times p_max, well below 1. Each block's down projections are divided by the mean sum of the gates that its tokens use. Not in the
/// paper (after arXiv 2410.07524).
/// </summary>
internal static class FfnRescale
{
    /// <summary>Rescales every block.</summary>
    /// <returns>The factor of each block.</returns>
    public static IReadOnlyList<double> Apply(ParameterSet parameters, SampleWalk samples)
    {
        var config = parameters.Config;
        var factors = new double[config.Layers];
        samples.Run((layer, inputs) =>
        {
            using var scope = NewDisposeScope();
            double sum = 0, count = 0;
            foreach (var (rows, _) in inputs)
            {
                var gates = Routing.Gates(Ops.Wide(Ops.Linear(rows, parameters[$"blocks.{layer}.ffn.router.weight"])), forced: null);
                var (weights, _) = Routing.Choose(gates, config.FfnTopK, config.FfnRenormalise);
                sum += weights.to(float64).sum().item<double>();
                count += rows.size(0);
            }

            factors[layer] = count / sum;
            parameters.Change($"blocks.{layer}.ffn.experts.down", weight => weight.mul_(tensor(factors[layer]).to(weight.dtype).to(weight.device)));
        });
        return factors;
    }
}
