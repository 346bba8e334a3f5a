using System.Globalization;
using System.Text;
using Bam.Client.RunFiles;
using Bam.Contracts.Status;

namespace Bam.Client.Views;

/// <summary>One line for one fact: time in UTC, what it is, then the fact.</summary>
internal static class PlainLines
{
    /// <summary><c>2026-02-03T04:05:06Z resumed law: resumes from step 200 as attempt 2</c>.</summary>
    public static string Event(RunEvent line) => $"{Time(line.Time)} {Word(line.Kind)} {Printable.Line(EventLine.Named(line))}";

    /// <summary><c>2026-02-03T04:05:06Z progress branch 43% elapsed=3m12s eta=4m10s goodput=97%</c>.</summary>
    public static string Progress(RunStatus status, DateTimeOffset now) =>
        $"{Time(now)} progress {Word(status.Phase)}{(status.Paused ? " (paused)" : "")} {Figures.Percent(status.Progress)} " +
        $"elapsed={Figures.Duration(now - status.Launched)} eta={Figures.Duration(status.Remaining)} goodput={Figures.Percent(status.Goodput)}";

    /// <summary><c>2026-02-03T04:05:06Z progress law: training 75/300 25% loss=2.310 tokens/s=8123 mfu=41% eta=1m05s device=silo-1/cpu attempt=2</c>; only what is known.</summary>
    public static string Progress(MemberStatus member, DateTimeOffset now)
    {
        var line = new StringBuilder($"{Time(now)} progress {member.Name}: {Word(member.State)} {member.Step}/{member.TargetSteps} {Figures.Percent(member.Progress)}");
        if (double.IsFinite(member.Loss)) line.Append(CultureInfo.InvariantCulture, $" loss={Figures.Measure(member.Loss)}");
        if (member.TokensPerSecond > 0) line.Append(CultureInfo.InvariantCulture, $" tokens/s={member.TokensPerSecond:0}");
        if (member.Mfu > 0) line.Append(CultureInfo.InvariantCulture, $" mfu={Figures.Percent(member.Mfu)}");
        if (member is { State: MemberState.Training, Remaining: { } time }) line.Append(CultureInfo.InvariantCulture, $" eta={Figures.Duration(time)}");
        if (member.Device is { } device) line.Append(CultureInfo.InvariantCulture, $" device={Printable.Line(device)}");
        if (member.Attempt > 0) line.Append(CultureInfo.InvariantCulture, $" attempt={member.Attempt}");
        if (member is { State: MemberState.Failed, Error: { } error }) line.Append(CultureInfo.InvariantCulture, $" error={Printable.Line(error)}");
        return line.ToString();
    }

    /// <summary>ISO 8601, whole seconds.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    /// <summary><c>checkpoint-published</c>.</summary>
    private static string Word(Enum value) =>
        string.Concat(value.ToString().Select((c, i) => char.IsUpper(c) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(c) : $"{c}"));
}
