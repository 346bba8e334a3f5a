namespace Bam.Client.RunFiles;

/// <summary>A run file cannot be run. The message has one line a problem: file, line, key, what is wrong and what would be right.</summary>
internal sealed class RunFileException(string file, IReadOnlyList<RunFileProblem> problems)
    : Exception(string.Join('\n', problems.Select(problem => problem.In(file))))
{
    public RunFileException(string file, int line, string key, string problem)
        : this(file, [new(line, key, problem)])
    {
    }

    /// <summary>At least one, in the order of the lines.</summary>
    public IReadOnlyList<RunFileProblem> Problems => problems;
}
