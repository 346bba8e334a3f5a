using System.Diagnostics.Metrics;
using Bam.Contracts.Status;

namespace Bam.Grains.Runs;

/// <summary>The state set <c>bam_branch_state</c>: for each model, 1 for the state it is in and 0 for the others.</summary>
internal static class StateMeasurements
{
    public static IReadOnlyList<Measurement<int>> Of(string run, IEnumerable<MemberRecord> members) =>
    [
        .. members.SelectMany(member => Enum.GetValues<MemberState>().Select(state => new Measurement<int>(
            member.Status.State == state ? 1 : 0,
            new KeyValuePair<string, object?>("run", run),
            new KeyValuePair<string, object?>("branch", member.Status.Name),
            new KeyValuePair<string, object?>("phase", Phase(member.Status.Kind)),
            new KeyValuePair<string, object?>("state", state.ToString().ToLowerInvariant())))),
    ];

    private static string Phase(MemberKind kind) => kind switch
    {
        MemberKind.Seed => "seed",
        MemberKind.Branch => "branch",
        _ => "continue",
    };
}
