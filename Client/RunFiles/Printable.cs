using System.Globalization;
using System.Text;

namespace Bam.Client.RunFiles;

/// <summary>Keeps what a file says from breaking the line, or the terminal, that quotes it.</summary>
internal static class Printable
{
    /// <summary>The text on one line, at most 400 characters, without control characters and those that turn the direction of what follows.</summary>
    public static string Line(string text)
    {
        var line = string.Concat(text.EnumerateRunes().Select(rune => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator ? " " : rune.ToString())).Trim();
        return line.Length <= 400 ? line : line[..399] + "…";
    }
}
