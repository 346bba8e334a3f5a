using System.Globalization;

namespace Bam.Training.Faults;

/// <summary>A fault that was ordered.</summary>
/// <param name="Action">What happens.</param>
/// <param name="Point">Where.</param>
/// <param name="Member">To which model; null for any.</param>
/// <param name="Step">After how many steps, or at the first save from then on; null for any.</param>
internal sealed record FaultOrder(FaultAction Action, FaultPoint Point, string? Member, long? Step)
{
    private const string Any = "*";

    private static readonly Dictionary<string, FaultPoint> Points = Enum.GetValues<FaultPoint>().ToDictionary(Word);

    private static readonly Dictionary<string, FaultAction> Actions =
        Enum.GetValues<FaultAction>().ToDictionary(action => $"{action}".ToLowerInvariant());

    /// <summary>Saves are put off while the one before is written, so an order for one is for the first from its step on.</summary>
    private bool IsSave => Point is >= FaultPoint.SaveStaged and <= FaultPoint.SavePruned;

    public bool IsFor(FaultPoint point, string member, long step) =>
        Point == point && (Member is null || Member == member) && (Step is null || (IsSave ? Step <= step : Step == step));

    /// <summary>Reads <c>ACTION@POINT@MEMBER@STEP</c>; null when it is not one.</summary>
    public static FaultOrder? Parse(string name) =>
        name.Split('@') is [var action, var point, { Length: > 0 } member, var step]
            && Actions.TryGetValue(action, out var what) && Points.TryGetValue(point, out var where)
            && (what != FaultAction.Nan || where == FaultPoint.Step)
            && Number(step, out var number)
            ? new FaultOrder(what, where, member == Any ? null : member, number)
            : null;

    private static bool Number(string text, out long? step)
    {
        var read = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        step = read ? number : null;
        return read || text == Any;
    }

    private static string Word(FaultPoint point) =>
        string.Concat($"{point}".Select((letter, i) => char.IsAsciiLetterUpper(letter) && i > 0 ? $"-{letter}" : $"{letter}")).ToLowerInvariant();
}
