using Bam.Client.Views;
using Bam.Contracts.Status;

namespace Bam.Client.Tests.Views;

public sealed class A_list_of_runs
{
    [Theory]
    [InlineData(40)]
    [InlineData(100)]
    public void Has_a_row_a_run_in_the_form_of_a_models_row(int width)
    {
        (RunSummary, RunStatus?)[] runs =
        [
            (new("four-domains", RunPhase.Branch, Statuses.Launched, null), Pictures.Running.Status),
            (new("night", RunPhase.Continue, Statuses.Launched - TimeSpan.FromHours(30), null), Pictures.Paused.Status),
            (new("last-week", RunPhase.Completed, Statuses.Launched - TimeSpan.FromDays(7), Statuses.Launched - TimeSpan.FromDays(6)), null),
            (new("too-large", RunPhase.Failed, Statuses.Launched - TimeSpan.FromDays(8), Statuses.Launched - TimeSpan.FromDays(8) + TimeSpan.FromSeconds(59)), null),
        ];
        var lines = new RunList(runs, Pictures.Now).Of(width, Glyphs.Unicode);

        Assert.All(lines, line => Assert.InRange(line.Width, 0, width));
        Snapshot.Matches($"runs-{width}", string.Join('\n', lines));
    }
}
