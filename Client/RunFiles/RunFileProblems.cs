namespace Bam.Client.RunFiles;

/// <summary>Collects everything that is wrong in a run file, so that one reading tells all of it.</summary>
internal sealed class RunFileProblems
{
    private readonly List<RunFileProblem> _problems = [];

    public bool Any => _problems.Count > 0;

    /// <summary>In the order of the lines; as found within a line.</summary>
    public IReadOnlyList<RunFileProblem> Sorted => [.. _problems.Distinct().OrderBy(problem => problem.Line)];

    public void Add(int line, string key, string problem) => _problems.Add(new(line, Printable.Line(key), Printable.Line(problem)));
}
