namespace Bam.Client.Reports.Pages;

/// <summary>A cell of a table.</summary>
/// <param name="Text">Plain text.</param>
/// <param name="IsBold">Whether it stands out.</param>
/// <param name="IsCode">Whether it is for programs: a hash, a path.</param>
internal sealed record Cell(string Text, bool IsBold = false, bool IsCode = false)
{
    public static implicit operator Cell(string text) => new(text);
}
