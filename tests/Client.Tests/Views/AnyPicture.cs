using Bam.Client.Views;
using Bam.Contracts.Status;

namespace Bam.Client.Tests.Views;

/// <summary>Runs of every kind, sensible or not.</summary>
internal static class AnyPicture
{
    private static readonly string[] Texts =
        ["", "x", "law", "[bold]", "[/]", "no space left on device", "行列式のモデルが失敗しました", "two\nlines\ttab", "\e[31mred\a", "a\u0301\u202eb", new('w', 500), "🦊 fox", "\ud800"];

    private static readonly double[] Numbers = [double.NaN, 0, 1e-9, 0.5, 1, 2.25, 12345.678, 1e21, double.PositiveInfinity, -3];

    public static RunPicture From(Random random)
    {
        var members = Enumerable.Range(0, random.Next(0, 25)).Select(i => Member(random, i)).ToArray();
        var status = new RunStatus
        {
            Name = Text(random),
            Phase = (RunPhase)random.Next(Enum.GetValues<RunPhase>().Length),
            Launched = Statuses.Launched,
            Ended = random.Next(2) == 0 ? null : Statuses.Launched + Time(random),
            Members = members,
            Error = random.Next(2) == 0 ? null : Text(random),
            Goodput = Number(random),
            Remaining = random.Next(2) == 0 ? null : Time(random),
            Paused = random.Next(4) == 0,
        };
        var curves = new LossCurves();
        foreach (var member in members)
            for (var i = random.Next(0, 60); i > 0; i--) curves[member.Name].See(random.Next(1, 1000), Number(random));
        return new(status, Statuses.Launched + Time(random))
        {
            Curves = curves,
            Silence = random.Next(3) == 0 ? Time(random) : null,
            Hint = random.Next(2) == 0 ? null : "Ctrl-C stops watching; the run goes on",
            Events = [.. Enumerable.Range(1, random.Next(0, 40)).Select(i => Statuses.Event(i * 60, (RunEventKind)random.Next(Enum.GetValues<RunEventKind>().Length), Text(random), random.Next(2) == 0 ? null : Text(random)))],
        };
    }

    private static MemberStatus Member(Random random, int i) => new()
    {
        Name = $"{Text(random)}{i}",
        Kind = (MemberKind)random.Next(3),
        State = (MemberState)random.Next(Enum.GetValues<MemberState>().Length),
        Step = random.NextInt64(0, 1L << random.Next(1, 50)),
        TargetSteps = random.NextInt64(0, 1L << random.Next(1, 50)),
        Loss = Number(random),
        TokensPerSecond = Number(random),
        FlopsPerSecond = Number(random),
        PeakFlops = Number(random),
        Device = random.Next(2) == 0 ? null : Text(random),
        Attempt = random.Next(0, 120),
        Remaining = random.Next(2) == 0 ? null : Time(random),
        Error = random.Next(2) == 0 ? null : Text(random),
        LogTail = [.. Enumerable.Range(0, random.Next(0, 4)).Select(_ => Text(random))],
    };

    private static string Text(Random random) => string.Join(' ', Enumerable.Range(0, random.Next(1, 4)).Select(_ => Texts[random.Next(Texts.Length)]));

    private static double Number(Random random) => Numbers[random.Next(Numbers.Length)];

    private static TimeSpan Time(Random random) => TimeSpan.FromSeconds(random.NextDouble() * Math.Pow(10, random.Next(0, 9)));
}
