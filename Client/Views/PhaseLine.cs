using Bam.Contracts.Status;

namespace Bam.Client.Views;

/// <summary>The phases of a run in one line: a mark each, and bars and times as far as the width goes.</summary>
internal static class PhaseLine
{
    private const int BarWidth = 6;

    public static TextLine Of(IReadOnlyList<PhaseProgress> phases, int width, Glyphs glyphs)
    {
        var forms = new[]
        {
            Joined(phases, "   ", phase => WithBar(phase, glyphs)),
            Joined(phases, "  ", phase => phase.State is MemberState.Completed or MemberState.Pending ? Marked(phase, glyphs) : WithBar(phase, glyphs)),
            Joined(phases, " ", phase => phase.State is MemberState.Completed or MemberState.Pending ? Marked(phase, glyphs) : WithPart(phase, glyphs)),
        };
        return forms.FirstOrDefault(line => line.Width <= width) ?? Short(phases, glyphs).Fit(width, glyphs);
    }

    private static TextLine Joined(IReadOnlyList<PhaseProgress> phases, string between, Func<PhaseProgress, TextLine> form)
    {
        var line = new TextLine();
        foreach (var phase in phases) line.Add(line.Width > 0 ? between : "").Add(form(phase));
        return line;
    }

    private static TextLine WithBar(PhaseProgress phase, Glyphs glyphs)
    {
        var line = Marked(phase, glyphs);
        if (phase.Done is not { } done) return line;
        line.Add(" ").Bars(done, BarWidth, Ink.Of(phase.State), glyphs);
        return Part(line, phase);
    }

    private static TextLine WithPart(PhaseProgress phase, Glyphs glyphs) => Part(Marked(phase, glyphs), phase);

    private static TextLine Part(TextLine line, PhaseProgress phase)
    {
        if (phase.Done is { } done && phase.State is not (MemberState.Completed or MemberState.Pending)) line.Add($" {Figures.Percent(done)}");
        if (phase.Remaining is { } time) line.Add($" ETA {Figures.Duration(time)}", Ink.Dim);
        return line;
    }

    /// <summary>Only the phase that matters.</summary>
    private static TextLine Short(IReadOnlyList<PhaseProgress> phases, Glyphs glyphs)
    {
        var at = phases.TakeWhile(phase => phase.State == MemberState.Completed).Take(phases.Count - 1).Count();
        return WithPart(phases[at], glyphs).Add($" ({at + 1} of {phases.Count})", Ink.Dim);
    }

    private static TextLine Marked(PhaseProgress phase, Glyphs glyphs)
    {
        var mark = phase.State switch
        {
            MemberState.Completed => glyphs.Done,
            MemberState.Training => glyphs.Current,
            MemberState.Pending => glyphs.Later,
            _ => glyphs.Failed,
        };
        return new TextLine()
            .Add($"{mark} ", Ink.Of(phase.State))
            .Add(phase.Phase.ToString().ToLowerInvariant(), phase.State == MemberState.Training ? Ink.Strong : Ink.Of(phase.State));
    }
}
