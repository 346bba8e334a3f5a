using Bam.Client.Views;
using Bam.Contracts.Status;

namespace Bam.Client.Tests.Views;

public sealed class A_phase
{
    [Fact]
    public void Ends_when_its_last_model_does_those_that_wait_for_a_device_included()
    {
        // One branch trains, 100 steps in 50 s; two of 300 steps wait for its device: 50 + 150 + 150 s.
        Assert.Equal(TimeSpan.FromSeconds(350), Branches(Training(100, 50), Waiting(300), Waiting(300)).Remaining);

        // Two train and one waits, for the first that is free.
        Assert.Equal(TimeSpan.FromSeconds((50 + 100 + 150) / 2.0), Branches(Training(100, 50), Training(200, 100), Waiting(300)).Remaining);

        // A long one alone decides.
        Assert.Equal(TimeSpan.FromSeconds(500), Branches(Training(100, 50), Training(1000, 500)).Remaining);
    }

    [Fact]
    public void Has_no_end_in_sight_while_nothing_trains() => Assert.Null(Branches(Waiting(300)).Remaining);

    [Fact]
    public void Is_as_far_as_the_steps_of_its_models() => Assert.Equal(0.2, Branches(Training(300, 1), Training(500, 1)).Done!.Value, 1e-12);

    [Theory]
    [InlineData(RunPhase.Branch, "Completed Training Pending Pending Pending Pending")]
    [InlineData(RunPhase.Evaluate, "Completed Completed Completed Completed Completed Training")]
    [InlineData(RunPhase.Completed, "Completed Completed Completed Completed Completed Completed")]
    [InlineData(RunPhase.Failed, "Completed Failed Pending Pending Pending Pending")]
    [InlineData(RunPhase.Cancelled, "Completed Cancelled Pending Pending Pending Pending")]
    public void Is_over_goes_on_or_is_still_to_come(RunPhase run, string states)
    {
        var members = run == RunPhase.Completed ? Pictures.Completed.Status.Members : Pictures.Running.Status.Members;
        Assert.Equal(states, string.Join(' ', PhaseProgress.Of(Pictures.Running.Status with { Phase = run, Members = members }).Select(phase => phase.State)));
    }

    private static PhaseProgress Branches(params MemberStatus[] members) =>
        PhaseProgress.Of(Statuses.Branching with { Members = members }).Single(phase => phase.Phase == RunPhase.Branch);

    /// <summary>So many steps and seconds are left; a fifth is done.</summary>
    private static MemberStatus Training(long left, double seconds) => new()
    {
        Name = $"t{left}", Kind = MemberKind.Branch, State = MemberState.Training, Step = left / 4, TargetSteps = left / 4 * 5, Remaining = TimeSpan.FromSeconds(seconds),
    };

    private static MemberStatus Waiting(long steps) => new() { Name = $"w{steps}", Kind = MemberKind.Branch, State = MemberState.Queued, TargetSteps = steps };
}
