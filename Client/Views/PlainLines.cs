using System.Globalization;
using Bam.Client.RunFiles;
using Bam.Contracts.Status;

namespace Bam.Client.Views;

/// <summary>One line for one fact: time in UTC, what it is, then the fact.</summary>
internal static class PlainLines
{
    /// <summary><c>2026-02-03T04:05:06Z resumed law: resumes from step 200 as attempt 2</c>.</summary>
    public static string Event(RunEvent line) => $"{Time(line.Time)} {Word(line.Kind)} {Printable.Line(RunScreen.Named(line))}";

    /// <summary><c>2026-02-03T04:05:06Z progress branch 43% elapsed=3m12s eta=4m10s law=120/300 loss=2.310 tokens/s=8123</c>.</summary>
    public static string Progress(RunStatus status, DateTimeOffset now)
    {
        var training = status.Members
            .Where(member => member.State is MemberState.Training)
            .Select(member => $" {member.Name}={member.Step}/{member.TargetSteps} {Speed(member)}");
        return $"{Time(now)} progress {Word(status.Phase)}{(status.Paused ? " (paused)" : "")} {Figures.Percent(status.Progress)} " +
            $"elapsed={Figures.Duration(now - status.Launched)} eta={Figures.Duration(status.Remaining)}{string.Concat(training)}";
    }

    /// <summary>ISO 8601, whole seconds.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    private static string Speed(MemberStatus member) => $"loss={Figures.Measure(member.Loss)} tokens/s={member.TokensPerSecond:0}";

    /// <summary><c>checkpoint-published</c>.</summary>
    private static string Word(Enum value) =>
        string.Concat(value.ToString().Select((c, i) => char.IsUpper(c) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(c) : $"{c}"));
}
