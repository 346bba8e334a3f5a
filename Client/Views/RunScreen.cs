using Bam.Client.RunFiles;
using Bam.Contracts.Status;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Bam.Client.Views;

/// <summary>A run at a glance: header, phases, a row a model, the last events.</summary>
internal static class RunScreen
{
    private const int BarWidth = 12;

    private static readonly RunPhase[] Phases =
        [RunPhase.Seed, RunPhase.Branch, RunPhase.Gather, RunPhase.Mix, RunPhase.Continue, RunPhase.Evaluate];

    /// <param name="status">The run as last seen.</param>
    /// <param name="recent">The last events, oldest first; those that are to be shown.</param>
    /// <param name="now">The present, for the time that elapsed.</param>
    /// <param name="reconnecting">Whether the cluster does not answer.</param>
    public static IRenderable Render(RunStatus status, IReadOnlyList<RunEvent> recent, DateTimeOffset now, bool reconnecting = false)
    {
        var rows = new List<IRenderable> { new Markup(Header(status, now)), new Markup(PhaseLine(status)) };
        if (status.Error is { } error) rows.Add(new Markup($"[red]{Safe(error)}[/]"));
        rows.Add(Members(status));
        rows.AddRange(status.Members.Where(member => member.State == MemberState.Failed).SelectMany(Failure));
        rows.AddRange(recent.Select(line => new Markup($"[grey]{line.Time:HH:mm:ss}[/] {Safe(Named(line))}")));
        if (reconnecting) rows.Add(new Markup("[yellow]reconnecting...[/]"));
        return new Rows(rows);
    }

    /// <summary>A row a model.</summary>
    public static Table Members(RunStatus status)
    {
        var table = new Table { Border = TableBorder.Rounded };
        foreach (var column in new[] { "model", "kind", "state", "progress", "ETA", "loss", "tokens/s", "device", "attempt", "restarts" })
            table.AddColumn(new TableColumn(column) { NoWrap = true, Alignment = IsNumber(column) ? Justify.Right : Justify.Left });
        foreach (var member in status.Members)
            table.AddRow([.. Cells(member).Select(cell => new Markup(cell))]);
        return table;
    }

    /// <summary>An event's text under the model that it is about.</summary>
    public static string Named(RunEvent line) =>
        line.Member is { } member && !line.Text.Contains(member, StringComparison.Ordinal) ? $"{member}: {line.Text}" : line.Text;

    private static string Header(RunStatus status, DateTimeOffset now)
    {
        var elapsed = (status.Ended ?? now) - status.Launched;
        var parts = new List<string>
        {
            $"[bold]{Safe(status.Name)}[/] {Coloured(status.Phase)}{(status.Paused ? " [yellow](paused)[/]" : "")}",
            $"{Bar(status.Progress)} {Figures.Percent(status.Progress)}",
            $"elapsed {Figures.Duration(elapsed)}",
        };
        if (!status.HasEnded) parts.Add($"ETA {Figures.Duration(status.Remaining)}");
        if (!double.IsNaN(status.Goodput)) parts.Add($"goodput {Figures.Percent(status.Goodput)}");
        return string.Join("  ", parts);
    }

    /// <summary>Why a model failed, the last lines of its attempts, and what to do.</summary>
    private static IEnumerable<IRenderable> Failure(MemberStatus member) =>
    [
        new Markup($"[red]{Safe(member.Name)} failed: {Safe(member.Error ?? "no reason known")}[/]"),
        .. member.LogTail.Select(line => new Markup($"  [grey]{Safe(line)}[/]")),
    ];

    private static string PhaseLine(RunStatus status)
    {
        var current = Array.IndexOf(Phases, status.Phase);
        if (status.Phase == RunPhase.Completed) current = Phases.Length;
        return string.Join(" > ", Phases.Select((phase, i) =>
            i < current ? $"[green]{Word(phase)}[/]" : i == current ? $"[bold yellow]{Word(phase)}[/]" : $"[grey]{Word(phase)}[/]"));
    }

    private static IEnumerable<string> Cells(MemberStatus member) =>
    [
        Safe(member.Name),
        Word(member.Kind),
        Coloured(member.State),
        $"{Bar(member.Progress)} {Figures.Percent(member.Progress),4}",
        member.State == MemberState.Training ? Figures.Duration(member.Remaining) : "-",
        Figures.Measure(member.Loss),
        member.TokensPerSecond > 0 ? Figures.Scaled(member.TokensPerSecond) : "-",
        Safe(member.Device ?? "-"),
        member.Attempt > 0 ? $"{member.Attempt}" : "-",
        $"{member.Restarts}",
    ];

    private static string Bar(double part)
    {
        var filled = (int)(Math.Clamp(part, 0, 1) * BarWidth);
        return $"[green]{new string('#', filled)}[/][grey]{new string('.', BarWidth - filled)}[/]";
    }

    private static string Coloured(RunPhase phase) => phase switch
    {
        RunPhase.Completed => "[green]completed[/]",
        RunPhase.Failed => "[red]failed[/]",
        RunPhase.Cancelled => "[yellow]cancelled[/]",
        _ => Word(phase),
    };

    private static string Coloured(MemberState state) => state switch
    {
        MemberState.Completed => "[green]completed[/]",
        MemberState.Failed => "[red]failed[/]",
        MemberState.Recovering or MemberState.Cancelled or MemberState.Paused => $"[yellow]{Word(state)}[/]",
        _ => Word(state),
    };

    private static bool IsNumber(string column) => column is "ETA" or "loss" or "tokens/s" or "attempt" or "restarts";

    private static string Word(Enum value) => value.ToString().ToLowerInvariant();

    private static string Safe(string text) => Markup.Escape(Printable.Line(text));
}
