namespace Bam.Client.RunFiles;

/// <summary>One thing that is wrong in a run file.</summary>
/// <param name="Line">Line, from 1.</param>
/// <param name="Key">Path of the key, such as <c>branches.law.steps</c>; empty for the document.</param>
/// <param name="Problem">What is wrong and what would be right.</param>
internal sealed record RunFileProblem(int Line, string Key, string Problem)
{
    /// <summary>The line that the user reads.</summary>
    public string In(string file) => Key.Length == 0 ? $"{file}:{Line}: {Problem}" : $"{file}:{Line}: {Key}: {Problem}";
}
