using System.IO.Enumeration;

namespace Bam.Client.RunFiles;

/// <summary>From what a run file says to the files it means.</summary>
internal static class SourcePatterns
{
    private static readonly string[] Endings = [".jsonl", ".jsonl.gz", ".txt", ".txt.gz"];

    /// <summary>Resolves a file, a folder (every supported file below it) or a glob (<c>**</c> stands for any folders).</summary>
    /// <param name="pattern">Absolute, or relative to the base folder.</param>
    /// <param name="baseFolder">Absolute path.</param>
    /// <param name="problem">Why there is no file; null when there is one.</param>
    /// <returns>Absolute paths, sorted by ordinal; empty with a problem.</returns>
    public static IReadOnlyList<string> Resolve(string pattern, string baseFolder, out string? problem)
    {
        try
        {
            var found = Find(pattern, baseFolder);
            problem = found.Count > 0 ? null : $"'{pattern}' is no file, folder or glob of {string.Join(", ", Endings)} in {baseFolder}";
            return found;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            problem = $"'{pattern}' cannot be listed: {e.Message}";
            return [];
        }
    }

    private static List<string> Find(string pattern, string baseFolder)
    {
        var full = Path.GetFullPath(pattern, baseFolder);
        if (File.Exists(full)) return Supports(full) ? [full] : [];
        if (Directory.Exists(full)) return Below(full, _ => true);
        var segments = full.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);
        var literal = Array.FindIndex(segments, segment => segment.AsSpan().ContainsAny('*', '?'));
        if (literal < 0) return [];
        var root = Path.GetPathRoot(full) + string.Join(Path.DirectorySeparatorChar, segments.Take(literal));
        if (!Directory.Exists(root)) return [];
        return Below(root, path => Matches(segments.AsSpan(literal), Path.GetRelativePath(root, path).Split(Path.DirectorySeparatorChar)));
    }

    private static List<string> Below(string folder, Predicate<string> wanted) =>
    [
        .. Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = false })
            .Where(path => Supports(path) && wanted(path))
            .Order(StringComparer.Ordinal),
    ];

    private static bool Supports(string path) => Endings.Any(ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase));

    private static bool Matches(ReadOnlySpan<string> pattern, ReadOnlySpan<string> path)
    {
        if (pattern.IsEmpty) return path.IsEmpty;
        if (pattern[0] == "**") return Matches(pattern[1..], path) || (!path.IsEmpty && Matches(pattern, path[1..]));
        return !path.IsEmpty
            && FileSystemName.MatchesSimpleExpression(pattern[0], path[0], ignoreCase: false)
            && Matches(pattern[1..], path[1..]);
    }
}
