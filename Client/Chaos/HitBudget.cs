using Bam.Contracts.Status;

namespace Bam.Client.Chaos;

/// <summary>
/// Keeps chaos from what no run can survive: a model that dies again and again before it gets to a checkpoint is given up by its grain, and
/// rightly so.
/// </summary>
internal sealed class HitBudget
{
    private const int MostHits = 2;

    private readonly Dictionary<string, (long CheckpointStep, int Hits)> _members = [];

    /// <summary>Whether a model may be hit again.</summary>
    public bool Allows(MemberStatus member) =>
        _members.GetValueOrDefault(member.Name) is var (step, hits) && (member.CheckpointStep > step || hits < MostHits);

    public void Hit(MemberStatus member, int deaths = 1)
    {
        var (step, hits) = _members.GetValueOrDefault(member.Name, (member.CheckpointStep, 0));
        _members[member.Name] = (Math.Max(step, member.CheckpointStep), (member.CheckpointStep > step ? 0 : hits) + deaths);
    }
}
