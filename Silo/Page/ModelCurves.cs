using Bam.Contracts.Status;

namespace Bam.Silo.Page;

/// <summary>A model's curves, short on the wire: they are sent again and again.</summary>
/// <param name="Name">Name of the model.</param>
/// <param name="Training">Points of <c>[step, tokens, loss]</c>, ascending.</param>
/// <param name="Validation">Points of <c>[step, domain, loss]</c>, ascending by step.</param>
internal sealed record ModelCurves(string Name, IReadOnlyList<object[]> Training, IReadOnlyList<object[]> Validation)
{
    /// <summary>The curves of a history.</summary>
    public static ModelCurves Of(ModelHistory history) => new(
        history.Name,
        [.. history.Training.Select(point => new object[] { point.Step, point.Tokens, Math.Round(point.Loss, 5) })],
        [.. history.Validation.Select(point => new object[] { point.Step, point.Domain, Math.Round(point.Loss, 5) })]);
}
