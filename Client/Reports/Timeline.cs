using Bam.Contracts.Status;

namespace Bam.Client.Reports;

/// <summary>What was when, as the event log tells it: phases of the run and spans of its models.</summary>
/// <param name="Phases">One after another.</param>
/// <param name="Spans">Waiting, training, recovering and standing still of each model.</param>
/// <param name="Marks">Checkpoints and mishaps.</param>
internal sealed record Timeline(IReadOnlyList<PhaseSpan> Phases, IReadOnlyList<MemberSpan> Spans, IReadOnlyList<MemberMark> Marks)
{
    /// <param name="events">Oldest first; the oldest may be missing.</param>
    /// <param name="until">The end of the run, or the present.</param>
    public static Timeline Of(IReadOnlyList<RunEvent> events, DateTimeOffset until)
    {
        var phases = new List<PhaseSpan>();
        var spans = new List<MemberSpan>();
        var marks = new List<MemberMark>();
        var open = new Dictionary<string, (SpanKind Kind, DateTimeOffset Since)>();
        foreach (var line in events)
        {
            switch (line.Kind)
            {
                case RunEventKind.PhaseBegan:
                    EndPhase(line.Time);
                    phases.Add(new(line.Text, line.Time, until));
                    break;
                case RunEventKind.Ended:
                    EndPhase(line.Time);
                    EndAll(line.Time);
                    break;
                case RunEventKind.Paused:
                    var (at, paused) = (line.Time, open.Keys.ToArray());
                    EndAll(at);
                    foreach (var member in paused)
                        open[member] = (SpanKind.Paused, at);
                    break;
                default:
                    if (line.Member is { } name) Follow(name, line);
                    break;
            }
        }

        EndAll(until);
        return new(phases, spans, marks);

        void Follow(string member, RunEvent line)
        {
            switch (line.Kind)
            {
                case RunEventKind.Queued:
                    Begin(member, SpanKind.Waiting, line.Time);
                    break;
                case RunEventKind.Started when !open.ContainsKey(member) && phases.Count > 0:
                    spans.Add(new(member, SpanKind.Waiting, phases[^1].Begin, line.Time));   // it was prepared meanwhile
                    Begin(member, SpanKind.Training, line.Time);
                    break;
                case RunEventKind.Started:
                case RunEventKind.Resumed when line.Step is not null:
                    Begin(member, SpanKind.Training, line.Time);
                    break;
                case RunEventKind.Lost:
                case RunEventKind.TrainingFailed:
                    Begin(member, SpanKind.Recovering, line.Time);
                    marks.Add(new(member, line.Time, IsMishap: true));
                    break;
                case RunEventKind.CheckpointPublished:
                    marks.Add(new(member, line.Time, IsMishap: false));
                    break;
                case RunEventKind.BatchSkipped or RunEventKind.CheckpointDamaged or RunEventKind.SaveFailed:
                    marks.Add(new(member, line.Time, IsMishap: true));
                    break;
                case RunEventKind.MemberFailed:
                    marks.Add(new(member, line.Time, IsMishap: true));
                    End(member, line.Time);
                    break;
                case RunEventKind.MemberCompleted:
                    End(member, line.Time);
                    break;
                default:
                    break;
            }
        }

        void Begin(string member, SpanKind kind, DateTimeOffset time)
        {
            if (open.TryGetValue(member, out var now) && now.Kind == kind) return;
            End(member, time);
            open[member] = (kind, time);
        }

        void End(string member, DateTimeOffset time)
        {
            if (open.Remove(member, out var ended)) spans.Add(new(member, ended.Kind, ended.Since, time));
        }

        void EndAll(DateTimeOffset time)
        {
            foreach (var member in open.Keys.ToArray())
                End(member, time);
        }

        void EndPhase(DateTimeOffset time)
        {
            if (phases.Count > 0 && phases[^1].End == until) phases[^1] = phases[^1] with { End = time };
        }
    }
}
