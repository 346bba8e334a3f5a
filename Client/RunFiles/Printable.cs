namespace Bam.Client.RunFiles;

/// <summary>Keeps what a file says from breaking the line, or the terminal, that quotes it.</summary>
internal static class Printable
{
    /// <summary>The text on one line, at most 400 characters, without control characters.</summary>
    public static string Line(string text)
    {
        var line = string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)).Trim();
        return line.Length <= 400 ? line : line[..399] + "…";
    }
}
