namespace Bam.Client.Views;

/// <summary>A column of a grid.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Rank">How dispensable it is: where the width does not do, the highest goes first. 0 is always there.</param>
/// <param name="Cell">A row's cell; the second argument is the width that it has, in cells.</param>
internal sealed record Column<T>(string Title, int Rank, Func<T, int, TextLine> Cell)
{
    /// <summary>Whether its cells end at the right.</summary>
    public bool Right { get; init; }

    /// <summary>Cells that it needs at least; null for those of its widest cell.</summary>
    public int? Least { get; init; }

    /// <summary>Cells that do for it as long as other columns lack room; null for those of its widest cell.</summary>
    public int? Enough { get; init; }

    /// <summary>Width of the whole from which it is shown.</summary>
    public int From { get; init; }

    /// <summary>Cells that it uses at most; null for those of its widest cell.</summary>
    public int? Most { get; init; }
}
