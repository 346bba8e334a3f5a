using Bam.Contracts.Status;
using Spectre.Console;

namespace Bam.Client.Views;

/// <summary>What colours mean, in every view.</summary>
internal static class Ink
{
    public static readonly Style
        Plain = Style.Plain,
        Strong = new(decoration: Decoration.Bold),
        Dim = new(Color.Grey),
        Good = new(Color.Green),
        Busy = new(Color.Aqua),
        Warning = new(Color.Yellow),
        Alarm = new(Color.Yellow, decoration: Decoration.Bold),
        Bad = new(Color.Red),
        Curve = new(Color.Teal);

    public static Style Of(MemberState state) => state switch
    {
        MemberState.Completed => Good,
        MemberState.Failed => Bad,
        MemberState.Recovering => Alarm,
        MemberState.Cancelled or MemberState.Paused => Warning,
        MemberState.Pending or MemberState.Queued => Dim,
        _ => Busy,
    };

    public static Style Of(RunPhase phase) => phase switch
    {
        RunPhase.Completed => Good,
        RunPhase.Failed => Bad,
        RunPhase.Cancelled => Warning,
        _ => Busy,
    };
}
