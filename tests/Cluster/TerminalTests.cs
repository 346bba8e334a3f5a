using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Bam.Cluster;

/// <summary>What a user sees of <c>bam</c> on a real terminal.</summary>
[Collection(nameof(TerminalCollection))]
public sealed class TerminalTests
{
    private const string CtrlC = "\x03";

    [Fact]
    public async Task A_watched_run_fits_every_size_can_be_suspended_outlives_its_cluster_and_goes_on_after_Ctrl_C_which_leaves_the_terminal_clean()
    {
        await using var cluster = await TestCluster.Up(silos: 2);
        using var terminal = PseudoTerminal.Start("TERM=xterm-256color LC_ALL=C.UTF-8", 100, 30, "launch", SmallRun.Write(cluster.Home), "--home", cluster.Home);

        var wide = await terminal.Until(screen => Regex.IsMatch(screen.Text, @"\nlaw +training +\d+% .* silo-\d/cpu "));
        Assert.StartsWith("small-run  branch  ", wide, StringComparison.Ordinal);
        Assert.Equal((30, "Ctrl-C stops watching; the run goes on"), (wide.Split('\n').Length, wide.Split('\n')[^1]));
        await terminal.Until(screen => screen is { IsOther: true, IsCursorVisible: false });

        await terminal.Resize(60, 12);
        await terminal.Until(screen => Regex.IsMatch(screen.Text, @"\Asmall-run  branch  \d+% .*\n.*\nmodel +state +done +step +loss +try +ETA\n"));
        await terminal.Resize(140, 40);
        await terminal.Until(screen => screen.Text.Split('\n') is { Length: 40 } lines && lines[3].EndsWith(" device      try  ETA", StringComparison.Ordinal)
            && lines[^1] == "Ctrl-C stops watching; the run goes on");

        await terminal.Suspend();
        await terminal.Until(screen => screen.IsOther && Enters(terminal) == 2);
        Assert.Equal(1, terminal.Output.Split("\e[?1049l").Length - 1);

        foreach (var process in cluster.Processes().Values.Prepend(cluster.Keeper())) Signals.Send(process, Signals.Kill);
        var gone = await terminal.Until(screen => screen.Text.Contains("cluster not reachable for ", StringComparison.Ordinal));
        Assert.Matches(@"\nlaw +branch +training ", gone);
        await cluster.Start(silos: 2);
        await terminal.Until(screen => !screen.Text.Contains("not reachable", StringComparison.Ordinal)
            && Regex.IsMatch(screen.Text, @" resumed +\w+: on silo-\d/cpu from step \d+: the silo that trained it died\n"));

        var pressed = Stopwatch.GetTimestamp();
        await terminal.Press(CtrlC);
        var (exitCode, left) = await terminal.End();
        Assert.InRange(Stopwatch.GetElapsedTime(pressed).TotalSeconds, 0, 5);
        Assert.Equal((130, false, true), (exitCode, left.IsOther, left.IsCursorVisible));
        Assert.EndsWith("\nsmall-run goes on; come back with: bam watch small-run", left.Text, StringComparison.Ordinal);
        Assert.Contains((await cluster.Status(SmallRun.Name)).Phase, new[] { "branch", "mix", "gather", "continue", "evaluate", "completed" });
    }

    private static int Enters(PseudoTerminal terminal) => terminal.Output.Split("\e[?1049h").Length - 1;

    [Theory]
    [InlineData("TERM=xterm-256color LC_ALL=C.UTF-8", "TERM=xterm-256color LC_ALL=C.UTF-8 NO_COLOR=1", "doctor", @"\e\[([0-9;]*;)?(3|4|9|10)[0-9](;[0-9]+)*m")]   // colours
    [InlineData("TERM=xterm-256color LC_ALL=C.UTF-8", "TERM=dumb LC_ALL=C.UTF-8", "doctor", @"\e")]   // commands
    [InlineData("TERM=xterm-256color LC_ALL=C.UTF-8", "TERM=xterm-256color LC_ALL=C", "plan tiny", @"[^\x00-\x7f]")]
    public async Task A_terminal_gets_no_more_than_it_can_show(string able, string unable, string verb, string what)
    {
        Assert.Matches(what, await Output(able));
        Assert.DoesNotMatch(what, await Output(unable));

        async Task<string> Output(string environment)
        {
            using var terminal = PseudoTerminal.Start(environment, 120, 40, [.. verb.Split(' '), "--home", Path.GetTempPath()]);
            Assert.NotEmpty((await terminal.End()).Screen.Text);
            return terminal.Output;
        }
    }
}
