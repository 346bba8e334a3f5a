using Bam.Contracts.Status;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Bam.Client.Views;

/// <summary>What came out of a run: perplexities, and where to see what the routers did.</summary>
internal static class ResultScreen
{
    public static IRenderable Render(RunStatus status)
    {
        var table = PerplexityTable.Of(status);
        return status.Evaluations.LastOrDefault(one => one.Routing.Count > 0) is { } routed
            ? new Rows(table, new Text($"what each expert takes of each domain: bam eval {status.Name}/{routed.Model}"))
            : table;
    }
}
