using Bam.Contracts.Status;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Bam.Client.Views;

/// <summary>What came out of a run: perplexities, then what the routers of each mixture did.</summary>
internal static class ResultScreen
{
    public static IRenderable Render(RunStatus status)
    {
        var routed = status.Evaluations.Where(one => one.Routing.Count > 0).GroupBy(one => one.Model);
        return new Rows(
        [
            PerplexityTable.Of(status),
            .. routed.SelectMany(model => ExpertShareTables.Of(
                model.Key, [.. model.GroupBy(one => one.Domain).Select(domain => domain.Last()).Select(last => (last.Domain, last.Routing))],
                model.Last().Experts)),
        ]);
    }
}
