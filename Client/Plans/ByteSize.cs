using System.Globalization;

namespace Bam.Client.Plans;

/// <summary>Sizes as people write them: <c>80GiB</c>, <c>81559 MiB</c>, <c>24GB</c>.</summary>
internal static class ByteSize
{
    public const string Rule = "a size such as 80GiB or 81559MiB";

    private static readonly (string Unit, double Bytes)[] Units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12),
    ];

    /// <summary>A number more than 0 with its unit.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        var (unit, scale) = Units.FirstOrDefault(known => text.EndsWith(known.Unit, StringComparison.OrdinalIgnoreCase));
        if (unit is null || !double.TryParse(text[..^unit.Length].TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)) return false;
        if (number * scale is not (>= 1 and < long.MaxValue)) return false;
        bytes = (long)(number * scale);
        return true;
    }
}
