using Bam.Client.RunFiles;
using Bam.Contracts.Status;

namespace Bam.Client.Views;

/// <summary>A run at a glance: header, phases, a row a model, what failed, the last events.</summary>
/// <param name="picture">What is known of the run.</param>
/// <param name="height">Lines at most; null for as many as it takes.</param>
internal sealed class RunScreen(RunPicture picture, int? height = null) : Lines
{
    private const int EventsAtLeast = 2, EventsWhenRoomy = 6, EventsWithoutLimit = 10, BarLeast = 10, BarMost = 30, ErrorLines = 12;
    private static readonly TimeSpan Notable = TimeSpan.FromMinutes(2);

    private readonly RunStatus _run = picture.Status;

    public override IReadOnlyList<TextLine> Of(int width, Glyphs glyphs) => height is { } lines ? Limited(width, lines, glyphs) : Unlimited(width, glyphs);

    private List<TextLine> Unlimited(int width, Glyphs glyphs)
    {
        var (head, rows) = MemberRows.Of(_run.Members, picture.Curves, width, glyphs);
        List<TextLine> lines = [Header(width, glyphs), .. Silence(width, glyphs), PhaseLine.Of(PhaseProgress.Of(_run), width, glyphs), .. Error(width, ErrorLines, glyphs), TextLine.Empty, head];
        foreach (var (member, row) in _run.Members.Zip(rows))
        {
            lines.Add(row);
            lines.AddRange(Failure(member, width, ErrorLines, glyphs));
            lines.AddRange(member.LogTail.Select(line => new TextLine().Add("    ").Add(Printable.Line(line), Ink.Dim).Fit(width, glyphs)));
        }

        if (picture.Events.Count > 0) lines.Add(TextLine.Empty);
        lines.AddRange(picture.Events.TakeLast(EventsWithoutLimit).SelectMany(line => Event(line, width, glyphs)));
        return lines;
    }

    private List<TextLine> Limited(int width, int lines, Glyphs glyphs)
    {
        var (head, rows) = MemberRows.Of(_run.Members, picture.Curves, width, glyphs);
        var models = _run.Members.Zip(rows, (member, row) => (Member: member, Lines: (IReadOnlyList<TextLine>)[row, .. Failure(member, width, 1, glyphs)])).ToArray();
        var wanted = models.Sum(model => model.Lines.Count);
        List<TextLine> top = [Header(width, glyphs), .. Silence(width, glyphs)];
        var left = lines - top.Count;
        var error = Error(width, 1, glyphs).ToArray();
        var events = Math.Min(picture.Events.Count, EventsWhenRoomy);
        var roomy = left >= wanted + error.Length + events + 5;   // phases, headings, two empty lines, a hint

        // Where there are few lines, the models come first, then why the run failed, its phases, the headings.
        if (left >= 5) top.Add(PhaseLine.Of(PhaseProgress.Of(_run), width, glyphs));
        if (left >= 4) top.AddRange(error);
        if (roomy) top.Add(TextLine.Empty);
        if (left >= 4) top.Add(head);
        left = lines - top.Count;
        var forEvents = Math.Min(left >= 5 ? EventsAtLeast : left >= 3 ? 1 : 0, picture.Events.Count);
        top.AddRange(Models(models, left - (roomy ? events : forEvents), width, glyphs));
        left = lines - top.Count;
        if (!roomy) return [.. top.Concat(Events(left, width, glyphs)).Take(Math.Max(1, lines))];

        var below = Events(left - 2, width, glyphs);
        top.AddRange([TextLine.Empty, .. below]);
        if (picture.Hint is not { } hint) return top;
        top.AddRange(Enumerable.Repeat(TextLine.Empty, lines - top.Count - 1));
        top.Add(new TextLine().Add(hint, Ink.Dim).Fit(width, glyphs));
        return top;
    }

    /// <summary>The models that lines are left for: those that need a look first, in their usual order; and how many are not shown.</summary>
    private static IEnumerable<TextLine> Models(IReadOnlyList<(MemberStatus Member, IReadOnlyList<TextLine> Lines)> models, int lines, int width, Glyphs glyphs)
    {
        if (models.Sum(model => model.Lines.Count) <= lines) return models.SelectMany(model => model.Lines);
        var shown = new HashSet<string>();
        var left = lines - 1;
        foreach (var (member, text) in models.OrderBy(model => Urgency(model.Member.State)).TakeWhile(model => model.Lines.Count <= left || (left == 1 && model.Lines.Count > 1)))
        {
            shown.Add(member.Name);
            left -= text.Count;
            if (left <= 0) break;
        }

        var hidden = models.Where(model => !shown.Contains(model.Member.Name)).Select(model => model.Member.State).ToArray();
        var states = hidden.GroupBy(state => state).OrderBy(group => Urgency(group.Key)).Select(group => $"{group.Count()} {Word(group.Key)}");
        var more = new TextLine().Add($"{glyphs.Ellipsis} {hidden.Length} more model{(hidden.Length == 1 ? "" : "s")} not shown: {string.Join(", ", states)}", Ink.Dim);
        return models.Where(model => shown.Contains(model.Member.Name)).SelectMany(model => model.Lines).Take(Math.Max(0, lines - 1)).Append(more.Fit(width, glyphs)).Take(Math.Max(0, lines));
    }

    private static int Urgency(MemberState state) => state switch
    {
        MemberState.Failed => 0,
        MemberState.Recovering => 1,
        MemberState.Training or MemberState.Evaluating => 2,
        MemberState.Preparing => 3,
        MemberState.Paused or MemberState.Cancelled => 4,
        MemberState.Queued => 5,
        MemberState.Pending => 6,
        _ => 7,
    };

    /// <summary>The newest events that so many lines have room for; what happened to a model a moment ago before everything else.</summary>
    private List<TextLine> Events(int lines, int width, Glyphs glyphs)
    {
        var chosen = new SortedDictionary<long, IReadOnlyList<TextLine>>();
        foreach (var line in picture.Events.OrderByDescending(IsNotable).ThenByDescending(line => line.Sequence))
        {
            var text = Event(line, width, glyphs);
            if (text.Count > lines) text = [EventLine.Of(line, picture.Now, picture.Zone, int.MaxValue, glyphs)[0].Fit(width, glyphs)];
            if (text.Count > lines) break;
            chosen[line.Sequence] = text;
            lines -= text.Count;
        }

        return [.. chosen.Values.SelectMany(text => text)];
    }

    private bool IsNotable(RunEvent line) => picture.Now - line.Time < Notable
        && line.Kind is RunEventKind.Lost or RunEventKind.Resumed or RunEventKind.CheckpointDamaged or RunEventKind.TrainingFailed
            or RunEventKind.MemberFailed or RunEventKind.BatchSkipped or RunEventKind.SaveFailed;

    private IReadOnlyList<TextLine> Event(RunEvent line, int width, Glyphs glyphs) => EventLine.Of(line, picture.Now, picture.Zone, width, glyphs);

    private TextLine Header(int width, Glyphs glyphs)
    {
        var start = new TextLine()
            .Add(Printable.Line(_run.Name), Ink.Strong).Add("  ")
            .Add(Word(_run.Phase), Ink.Of(_run.Phase)).Add(_run.Paused ? " (paused)" : "", Ink.Warning);
        var percent = new TextLine().Add($"  {Figures.Percent(_run.Progress)}", Ink.Strong);
        var elapsed = new TextLine().Add("  elapsed ", Ink.Dim).Add(Figures.Duration((_run.Ended ?? picture.Now) - _run.Launched));
        var remaining = _run is { HasEnded: false, Remaining: { } time } ? new TextLine().Add("  ETA ", Ink.Dim).Add(Figures.Duration(time)) : TextLine.Empty;
        var goodput = double.IsNaN(_run.Goodput) ? TextLine.Empty : new TextLine().Add("  goodput ", Ink.Dim).Add(Figures.Percent(_run.Goodput));

        // State and percent go last, the name is cut before them.
        var line = start.Fit(Math.Max(width - percent.Width, 1), glyphs).Add(percent);
        TextLine[] facts = new TextLine[][] { [elapsed, remaining, goodput], [elapsed, remaining], [remaining], [] }
            .First(facts => facts.Length == 0 || line.Width + facts.Sum(fact => fact.Width) <= width);
        var room = width - line.Width - facts.Sum(fact => fact.Width) - 1;
        if (room >= BarLeast) line.Add(" ").Bars(_run.Progress, Math.Min(room, BarMost), Ink.Of(_run.Phase), glyphs);
        foreach (var fact in facts) line.Add(fact);
        return line.Fit(width, glyphs);
    }

    private IEnumerable<TextLine> Silence(int width, Glyphs glyphs) => picture.Silence is { } silence
        ? [new TextLine().Add($"cluster not reachable for {Figures.Duration(silence)}, trying again", Ink.Alarm).Fit(width, glyphs)]
        : [];

    private IEnumerable<TextLine> Error(int width, int lines, Glyphs glyphs) => _run.Error is { } error && !_run.Members.Any(member => member.State == MemberState.Failed && error.EndsWith(member.Error ?? "\0", StringComparison.Ordinal))
        ? TextLine.Wrap(new(), Printable.Line(error), Ink.Bad, width, lines, glyphs)
        : [];

    /// <summary>Why a model failed, below its row.</summary>
    private static IEnumerable<TextLine> Failure(MemberStatus member, int width, int lines, Glyphs glyphs) => member.State == MemberState.Failed
        ? TextLine.Wrap(new TextLine().Add($"  {glyphs.Below} ", Ink.Dim), Printable.Line(member.Error ?? "no reason known"), Ink.Bad, width, lines, glyphs)
        : [];

    private static string Word(Enum value) => value.ToString().ToLowerInvariant();
}
