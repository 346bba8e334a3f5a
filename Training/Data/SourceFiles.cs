using System.IO.Enumeration;

namespace Bam.Training.Data;

/// <summary>From what a run file says to the files it means.</summary>
public static class SourceFiles
{
    /// <summary>Looks whether there is any text in files, reading no further than the first document.</summary>
    /// <exception cref="DataException">There is none, or a file cannot be read that far; the message names it.</exception>
    public static void EnsureText(IReadOnlyCollection<string> files)
    {
        if (files.Count > 0 && !files.Any(DocumentReader.HasText))
            throw new DataException($"no text in {string.Join(", ", files)}; give files with at least one document");
    }

    /// <summary>Resolves a file, a folder (every supported file below it) or a glob of <c>*</c>, <c>?</c> and <c>**</c>.</summary>
    /// <param name="pattern">Absolute, or relative to the base folder.</param>
    /// <param name="baseFolder">Absolute path.</param>
    /// <returns>Absolute paths, sorted by ordinal; at least one. Hidden files and folders are left out.</returns>
    /// <exception cref="DataException">Nothing that can be read was found; the message names the pattern.</exception>
    public static IReadOnlyList<string> Resolve(string pattern, string baseFolder)
    {
        if (string.IsNullOrWhiteSpace(pattern)) throw new DataException("an empty path names no data; give a file, a folder or a glob");
        var full = Path.GetFullPath(pattern, baseFolder);
        if (File.Exists(full))
        {
            return DocumentReader.Supports(full)
                ? [full]
                : throw new DataException($"{pattern}: the ending is not supported; use one of {DocumentReader.Endings}");
        }

        List<string> found;
        try
        {
            found = Directory.Exists(full) ? Below(full, int.MaxValue) : Glob(full);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{pattern}: cannot be listed: {e.Message}", e);
        }
        if (found.Count == 0)
        {
            throw new DataException(
                $"{pattern}: no data found (relative to {baseFolder}); give a file, a folder or a glob of {DocumentReader.Endings}");
        }
        found.Sort(StringComparer.Ordinal);
        return found;
    }

    private static List<string> Glob(string full)
    {
        var segments = full.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);
        var literal = Array.FindIndex(segments, s => s.AsSpan().ContainsAny('*', '?'));
        if (literal < 0) return [];
        var root = Path.GetPathRoot(full) + string.Join(Path.DirectorySeparatorChar, segments[..literal]);
        if (!Directory.Exists(root)) return [];
        var rest = segments[literal..];
        var depth = rest.Contains("**") ? int.MaxValue : rest.Length - 1;
        return Below(root, depth).FindAll(path => Matches(rest, Path.GetRelativePath(root, path).Split(Path.DirectorySeparatorChar)));
    }

    private static List<string> Below(string folder, int depth)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = depth > 0, MaxRecursionDepth = depth, IgnoreInaccessible = false };
        return [.. Directory.EnumerateFiles(folder, "*", options).Where(DocumentReader.Supports)];
    }

    private static bool Matches(ReadOnlySpan<string> pattern, ReadOnlySpan<string> path)
    {
        if (pattern.IsEmpty) return path.IsEmpty;
        if (pattern[0] == "**") return Matches(pattern[1..], path) || (!path.IsEmpty && Matches(pattern, path[1..]));
        return !path.IsEmpty
            && FileSystemName.MatchesSimpleExpression(pattern[0], path[0], ignoreCase: false)
            && Matches(pattern[1..], path[1..]);
    }
}
