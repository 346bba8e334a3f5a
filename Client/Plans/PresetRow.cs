using Bam.Training.Model;

namespace Bam.Client.Plans;

/// <summary>One model of a preset's comparison.</summary>
/// <param name="Model">What it is.</param>
/// <param name="Experts">Experts; 0 for the dense model.</param>
/// <param name="Parameters">Parameters in all.</param>
/// <param name="ActiveParameters">Parameters that one token uses: both routers and shared keys and values counted.</param>
/// <param name="Flops">Forward FLOPs of a token in a layer, as the paper counts them.</param>
/// <param name="Paper">What the paper prints.</param>
internal sealed record PresetRow(string Model, int Experts, long Parameters, long ActiveParameters, LayerFlops Flops, PaperFigures Paper)
{
    public static PresetRow Of(string model, ModelConfig config, PaperFigures paper) => new(
        model, config.Experts, TensorLayout.Parameters(config), TensorLayout.ActiveParameters(config), FlopCount.Layer(config), paper);
}
