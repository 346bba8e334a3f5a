using System.Globalization;

namespace Bam.Client.RunFiles;

/// <summary>Numbers as people write them: <c>1e-3</c>, <c>1_000</c>, and <c>4M</c> where something is counted.</summary>
internal static class Quantity
{
    private const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <summary>A finite real number.</summary>
    public static bool TryNumber(string text, out double number) =>
        double.TryParse(Bare(text), Style, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);

    /// <summary>A real number that may end in K, M, G or T (powers of 1000).</summary>
    public static bool TryScaled(string text, out double number)
    {
        var scale = Scale(text);
        if (!TryNumber(scale > 1 ? text[..^1] : text, out number)) return false;
        number *= scale;
        return double.IsFinite(number);
    }

    /// <summary>A whole number that may end in K, M, G or T (powers of 1000): <c>1.5M</c> is 1,500,000.</summary>
    public static bool TryCount(string text, out long count)
    {
        count = 0;
        var scale = Scale(text);
        if (!decimal.TryParse(Bare(scale > 1 ? text[..^1] : text), Style, CultureInfo.InvariantCulture, out var number)) return false;
        if (Math.Abs(number) > long.MaxValue / scale || number * scale != decimal.Truncate(number * scale)) return false;
        count = (long)(number * scale);
        return true;
    }

    private static long Scale(string text) => text.Length < 2 ? 1 : text[^1] switch
    {
        'K' or 'k' => 1_000,
        'M' => 1_000_000,
        'G' => 1_000_000_000,
        'T' => 1_000_000_000_000,
        _ => 1,
    };

    /// <summary>Without underscores, which may stand between two digits only.</summary>
    private static string Bare(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '_' && (i == 0 || i == text.Length - 1 || !char.IsAsciiDigit(text[i - 1]) || !char.IsAsciiDigit(text[i + 1])))
                return "";
        }

        return text.Replace("_", "", StringComparison.Ordinal);
    }
}
