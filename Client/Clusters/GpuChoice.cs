using System.Globalization;

namespace Bam.Client.Clusters;

/// <summary>
/// The GPUs that a user asks for. Where CUDA_VISIBLE_DEVICES is set (a scheduler's way of giving out GPUs), numbers count in that list, as
/// they do for every CUDA program.
/// </summary>
internal static class GpuChoice
{
    public const string All = "all";

    /// <summary>Whether a list can be read: <c>all</c>, or numbers with commas between them.</summary>
    public static bool CanRead(string list) => list == All || (Numbers(list) is { Count: > 0 } numbers && !numbers.Contains(null));

    /// <summary>The GPUs' names for CUDA_VISIBLE_DEVICES, one a silo.</summary>
    /// <param name="list"><c>all</c>, or numbers such as <c>0,1</c>.</param>
    /// <param name="gpus">GPUs of the host.</param>
    /// <param name="visible">CUDA_VISIBLE_DEVICES; null when it is not set.</param>
    /// <exception cref="UserException">The host has no GPU, not this one, or one is named twice.</exception>
    public static IReadOnlyList<string> Of(string list, IReadOnlyList<HostGpu> gpus, string? visible)
    {
        if (gpus.Count == 0) throw Wrong(list, "this host has no GPU that its driver knows; see 'bam doctor', or leave --gpus away to train on the CPU");
        string[] names = visible is null
            ? [.. gpus.Select(gpu => $"{gpu.Number}")]
            : visible.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (names.Length == 0) throw Wrong(list, "CUDA_VISIBLE_DEVICES is empty and hides every GPU; unset it");
        if (list == All) return names;

        // With CUDA_VISIBLE_DEVICES a number is a place in it; without, the driver's number.
        string[] known = visible is null ? names : [.. Enumerable.Range(0, names.Length).Select(place => $"{place}")];
        var chosen = Numbers(list).Select(number => $"{number}").ToList();
        if (chosen.GroupBy(number => number).FirstOrDefault(same => same.Count() > 1) is { Key: var twice })
            throw Wrong(list, $"GPU {twice} is named {chosen.Count(number => number == twice)} times; every silo needs one of its own");
        if (chosen.FirstOrDefault(number => !known.Contains(number)) is { } unknown)
        {
            var there = known.Length == 1 ? $"one: {known[0]}" : $"{known.Length}: {string.Join(", ", known)}";
            throw Wrong(list, $"there is no GPU {unknown}; {(visible is null ? "this host has" : $"CUDA_VISIBLE_DEVICES={visible} shows")} {there}");
        }

        return [.. chosen.Select(number => names[Array.IndexOf(known, number)])];
    }

    private static List<int?> Numbers(string list) =>
        [.. list.Split(',', StringSplitOptions.TrimEntries).Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : (int?)null)];

    private static UserException Wrong(string list, string what) => new($"--gpus {list}: {what}", 2);
}
