using System.Globalization;

namespace Bam.Client.Views;

/// <summary>Numbers for people: short, aligned, the same in every view.</summary>
internal static class Figures
{
    /// <summary><c>4.19 M</c>, <c>812</c>; powers of 1000.</summary>
    public static string Scaled(double number)
    {
        var (scale, suffix) = Math.Abs(number) switch
        {
            >= 1e21 => (1e21, " Z"),
            >= 1e18 => (1e18, " E"),
            >= 1e15 => (1e15, " P"),
            >= 1e12 => (1e12, " T"),
            >= 1e9 => (1e9, " G"),
            >= 1e6 => (1e6, " M"),
            >= 1e4 => (1e3, " K"),
            _ => (1.0, ""),
        };
        return ThreeDigits(number / scale) + suffix;
    }

    /// <summary>Every digit, in groups of three.</summary>
    public static string Exact(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary><c>3.2 GiB</c>; powers of 1024.</summary>
    public static string Bytes(double bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
        var power = 0;
        while (bytes >= 1024 && power < units.Length - 1)
        {
            bytes /= 1024;
            power++;
        }

        return $"{ThreeDigits(bytes)} {units[power]}";
    }

    /// <summary><c>45s</c>, <c>3m12s</c>, <c>2h05m</c>, <c>3d04h</c>; a dash for the unknown.</summary>
    public static string Duration(TimeSpan? duration) => duration switch
    {
        null => "-",
        { TotalSeconds: < 60 } d => $"{Math.Max(0, (int)d.TotalSeconds)}s",
        { TotalMinutes: < 60 } d => $"{d.Minutes}m{d.Seconds:00}s",
        { TotalHours: < 24 } d => $"{d.Hours}h{d.Minutes:00}m",
        { } d => $"{(int)d.TotalDays}d{d.Hours:00}h",
    };

    /// <summary>A part of one as <c>43%</c>, rounded down so that 100% means done; a dash for NaN.</summary>
    public static string Percent(double part) => double.IsNaN(part) ? "-" : $"{Math.Floor((part * 100) + 1e-9):0}%";

    /// <summary>A loss or perplexity; a dash for NaN.</summary>
    public static string Measure(double value, int decimals = 3) =>
        double.IsNaN(value) ? "-" : value.ToString("F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static string ThreeDigits(double number) => Math.Abs(number) switch
    {
        >= 100 => number.ToString("0", CultureInfo.InvariantCulture),
        >= 10 => number.ToString("0.#", CultureInfo.InvariantCulture),
        _ => number.ToString("0.##", CultureInfo.InvariantCulture),
    };
}
