using Bam.Training.Data;

namespace Bam.Client.RunFiles;

/// <summary>From what a run file or a command line says to the files it means, with the problem as a text instead of an exception.</summary>
internal static class SourcePatterns
{
    /// <summary>Resolves a file, a folder (every supported file below it) or a glob.</summary>
    /// <param name="pattern">Absolute, or relative to the base folder.</param>
    /// <param name="baseFolder">Absolute path.</param>
    /// <param name="problem">Why there is no file with text; null when there is one.</param>
    /// <returns>Absolute paths, sorted by ordinal; empty with a problem.</returns>
    public static IReadOnlyList<string> Resolve(string pattern, string baseFolder, out string? problem)
    {
        try
        {
            problem = null;
            var files = SourceFiles.Resolve(pattern, baseFolder);
            SourceFiles.EnsureText(files);
            return files;
        }
        catch (DataException e)
        {
            problem = e.Message;
            return [];
        }
    }
}
