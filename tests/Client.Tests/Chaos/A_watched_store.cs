using Bam.Client.Chaos.Invariants;

namespace Bam.Client.Tests.Chaos;

public sealed class A_watched_store
{
    private static readonly MemberSnapshot Empty = Stores.Look(null);

    [Fact]
    public void May_be_trained_killed_resumed_and_pruned()
    {
        PublishedCheckpoint first = Stores.Checkpoint(20, 1), second = Stores.Checkpoint(40, 1), third = Stores.Checkpoint(60, 2, Stores.Folder(40)),
            fourth = Stores.Checkpoint(80, 2, Stores.Folder(40)), last = Stores.Checkpoint(93, 4, Stores.Folder(80), 81);

        Assert.Empty(Stores.Wrong(
            Empty, Stores.Look(1), Stores.Look(1, first), Stores.Look(1, first, second), Stores.Look(2, first, second), Stores.Look(2, first, second, third),
            Stores.Look(2, second, third, fourth), Stores.Look(4, second, third, fourth), Stores.Look(4, third, fourth, last)));
    }

    [Fact]
    public void May_lose_a_checkpoint_that_was_damaged_on_purpose_and_get_it_again()
    {
        PublishedCheckpoint first = Stores.Checkpoint(20, 1), second = Stores.Checkpoint(40, 1), again = Stores.Checkpoint(40, 2, Stores.Folder(20));
        var history = Stores.History(Empty, Stores.Look(1, first, second));
        history.Damage(second);
        history.Observe(new(2, [first], [$"{second.Folder}.corrupt"]));
        history.Observe(new(2, [first, again], [$"{second.Folder}.corrupt"]));

        Assert.Empty(Stores.Wrong(history));
        history.Observe(new(2, [first], [$"{second.Folder}.corrupt"]));
        Assert.Equal(Invariant.NothingVanishes, Assert.Single(history.Violations).Invariant);   // what replaced it is excused from nothing
    }

    [Fact]
    public void Is_said_to_have_had_two_publishers_when_an_attempt_publishes_after_a_newer_one_took_the_fence() =>
        Assert.Equal(
            (Invariant.OnePublisher, "step 40 of attempt 1 was published when attempt 2 held the store"),
            Assert.Single(Stores.Wrong(Empty, Stores.Look(2, Stores.Checkpoint(20, 1)), Stores.Look(2, Stores.Checkpoint(20, 1), Stores.Checkpoint(40, 1)))));

    [Fact]
    public void Is_said_to_have_had_two_publishers_when_an_older_attempt_lies_above_a_newer_one() =>
        Assert.Contains(
            (Invariant.OnePublisher, "step 20 of attempt 2 lies below step 40 of attempt 1"),
            Stores.Wrong(Stores.Look(2, Stores.Checkpoint(20, 2), Stores.Checkpoint(40, 1))));

    [Fact]
    public void Is_said_to_have_had_two_publishers_when_its_fence_goes_back() =>
        Assert.Equal(
            (Invariant.OnePublisher, "the fence went from attempt 3 back to 2"),
            Assert.Single(Stores.Wrong(Empty, Stores.Look(3), Stores.Look(2))));

    [Fact]
    public void Is_said_to_have_had_two_publishers_when_an_attempt_goes_on_from_its_own_or_a_newer_one()
    {
        var wrong = Stores.Wrong(Empty, Stores.Look(2, Stores.Checkpoint(20, 2), Stores.Checkpoint(40, 2, Stores.Folder(20))));

        Assert.Contains((Invariant.OnePublisher, "step 40 of attempt 2 went on from step 20 of attempt 2: no older attempt"), wrong);
    }

    [Theory]
    [InlineData(false, "step 40 of attempt 1 is gone and nothing newer is there")]
    [InlineData(true, "step 20 of attempt 1 is gone and only one newer checkpoint is there")]
    public void Is_said_to_have_lost_a_checkpoint_that_went_before_newer_ones_were_there(bool older, string evidence)
    {
        PublishedCheckpoint first = Stores.Checkpoint(20, 1), second = Stores.Checkpoint(40, 1);

        Assert.Equal(
            (Invariant.NothingVanishes, evidence),
            Assert.Single(Stores.Wrong(Empty, Stores.Look(1, first, second), Stores.Look(1, older ? second : first))));
    }

    [Fact]
    public void Is_said_to_have_lost_a_checkpoint_that_another_one_replaced() =>
        Assert.Equal(
            (Invariant.NothingVanishes, "step 20 of attempt 1 was replaced by step 20 of attempt 2"),
            Assert.Single(Stores.Wrong(Empty, Stores.Look(1, Stores.Checkpoint(20, 1)), Stores.Look(2, Stores.Checkpoint(20, 2)))));

    [Fact]
    public void Is_said_to_be_unsound_when_a_checkpoint_that_nobody_damaged_is_set_aside()
    {
        var history = Stores.History(Empty, Stores.Look(1, Stores.Checkpoint(20, 1), Stores.Checkpoint(40, 1)));
        history.Observe(new(2, [Stores.Checkpoint(20, 1)], [$"{Stores.Folder(40)}.corrupt"]));

        Assert.Equal(
            (Invariant.Sound, $"step 40 of attempt 1 was set aside as {Stores.Folder(40)}.corrupt, and nobody had damaged it"),
            Assert.Single(Stores.Wrong(history)));
    }

    [Fact]
    public void Must_be_looked_at_again_when_something_is_missed()
    {
        var history = Stores.History(Stores.Look(1, Stores.Checkpoint(20, 1)));

        Assert.True(history.Misses(Stores.Look(1)));
        Assert.False(history.Misses(Stores.Look(1, Stores.Checkpoint(20, 1), Stores.Checkpoint(40, 1))));
    }

    [Fact]
    public void Is_said_to_be_trained_twice_when_an_older_attempt_reached_beyond_where_a_newer_one_began() =>
        Assert.Contains(
            (Invariant.TrainedOnce, "attempt 2 went on from step 20, yet step 40 of attempt 1 is published: its steps were trained twice"),
            Stores.Wrong(Stores.Look(2, Stores.Checkpoint(20, 1), Stores.Checkpoint(40, 1), Stores.Checkpoint(60, 2, Stores.Folder(20)))));

    [Fact]
    public void Is_said_to_be_trained_otherwise_when_an_attempt_went_on_from_what_was_never_published() =>
        Assert.Contains(
            (Invariant.TrainedOnce, $"step 60 of attempt 2 went on from {Stores.Folder(50)}, which was never published"),
            Stores.Wrong(Empty, Stores.Look(2, Stores.Checkpoint(60, 2, Stores.Folder(50)))));

    [Fact]
    public void Is_said_to_be_trained_otherwise_when_an_attempt_went_on_from_two_places() =>
        Assert.Contains(
            (Invariant.TrainedOnce, $"attempt 1 went on from several checkpoints: {Stores.Seed}, none"),
            Stores.Wrong(Stores.Look(1, Stores.Checkpoint(20, 1), Stores.Checkpoint(40, 1, parent: null))));

    [Theory]
    [InlineData("has 2559 tokens; 20 steps of 4 windows of 32 are 2560", 2559, 80)]
    [InlineData("has drawn 84 windows; 20 steps and 0 batches left out, of 4 each, are 80", 2560, 84)]
    [InlineData("has drawn 80 windows; 20 steps and 1 batches left out, of 4 each, are 84", 2560, 80, 7L)]
    [InlineData("left out batches 7, 7: each once, and only of those drawn", 2560, 88, 7L, 7L)]
    [InlineData("left out batches 21: each once, and only of those drawn", 2560, 84, 21L)]
    public void Is_said_to_be_trained_otherwise_when_tokens_and_windows_are_not_those_of_its_steps(
        string evidence, long tokens, long windows, params long[] skipped) =>
        Assert.Equal(
            (Invariant.TrainedOnce, $"step 20 of attempt 1 {evidence}"),
            Assert.Single(Stores.Wrong(Stores.Look(1, Stores.Checkpoint(20, 1) with { Position = new(20, tokens, windows, 4, 32, skipped) }))));

    [Fact]
    public void Is_said_to_be_trained_otherwise_when_a_batch_that_was_left_out_is_forgotten() =>
        Assert.Equal(
            (Invariant.TrainedOnce, "step 40 of attempt 1 has forgotten that batches 7 were left out"),
            Assert.Single(Stores.Wrong(Stores.Look(1, Stores.Checkpoint(20, 1, Stores.Seed, 7), Stores.Checkpoint(40, 1)))));

    [Fact]
    public void Is_said_to_be_unsound_when_a_folder_has_the_manifest_of_another_step() =>
        Assert.Equal(
            (Invariant.Sound, $"{Stores.Folder(20)} has the manifest of step 40"),
            Assert.Single(Stores.Wrong(Stores.Look(1, Stores.Checkpoint(20, 1) with { ManifestStep = 40 }))));
}
