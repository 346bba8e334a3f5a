namespace Bam.Training.Checkpoints;

/// <summary>The checkpoint store: <c>&lt;root&gt;/&lt;run&gt;/&lt;branch or mixture&gt;/step-00000400/</c>, a local folder or a shared mount.</summary>
public sealed class CheckpointStore(string root)
{
    public string Root => root;

    /// <summary>The checkpoints of one model of a run.</summary>
    public MemberStore Open(string run, string member) => new(Path.Combine(root, run, member));
}
