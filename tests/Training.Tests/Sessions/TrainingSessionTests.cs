using Bam.Training.Checkpoints;
using Bam.Training.Mixing;
using Bam.Training.Sessions;

namespace Bam.Training.Tests.Sessions;

public sealed class TrainingSessionTests
{
    [Fact]
    public void A_training_that_was_stopped_and_resumed_ends_with_the_bits_of_an_undisturbed_one()
    {
        using var straight = new TinyRun();
        using var broken = new TinyRun();
        var undisturbed = Train(straight.Job("digits"));

        Assert.False(Run(broken.Job("digits", attempt: 1), new TinyRun.Observer(stopAt: 7)).Completed);
        var second = new TinyRun.Observer();
        var resumed = Run(broken.Job("digits", attempt: 2), second);

        Assert.Equal(7, second.Start!.Step);
        Assert.Equal(undisturbed.ModelSha256, resumed.Checkpoint!.ModelSha256);
        Assert.Equal(undisturbed.Manifest.Files["optimizer.safetensors"], resumed.Checkpoint.Manifest.Files["optimizer.safetensors"]);
    }

    [Fact]
    public void A_damaged_newest_checkpoint_is_set_aside_and_the_one_before_leads_to_the_same_bits()
    {
        using var straight = new TinyRun();
        using var damaged = new TinyRun();
        var undisturbed = Train(straight.Job("digits"));
        Run(damaged.Job("digits", attempt: 1), new TinyRun.Observer(stopAt: 12));
        FlipByte(Path.Combine(damaged.Store("digits").Folder, "step-00000012", Checkpoint.ModelFile));

        var observer = new TinyRun.Observer();
        var ended = Run(damaged.Job("digits", attempt: 2), observer);

        Assert.Equal(10, observer.Start!.Step);
        Assert.Contains("step-00000012.corrupt: model.safetensors does not have the SHA-256", Assert.Single(observer.Start.Damaged), StringComparison.Ordinal);
        Assert.True(Directory.Exists(Path.Combine(damaged.Store("digits").Folder, "step-00000012.corrupt")));
        Assert.Equal(undisturbed.ModelSha256, ended.Checkpoint!.ModelSha256);
    }

    [Fact]
    public void When_every_checkpoint_is_damaged_the_training_fails_for_good_and_says_what_to_do()
    {
        using var run = new TinyRun();
        Run(run.Job("digits", attempt: 1), new TinyRun.Observer(stopAt: 7));
        foreach (var file in Directory.EnumerateFiles(run.Store("digits").Folder, Checkpoint.ModelFile, SearchOption.AllDirectories))
            FlipByte(file);

        var failure = Assert.Throws<TrainingException>(() => Run(run.Job("digits", attempt: 2), new TinyRun.Observer()));

        Assert.True(failure.IsFinal);
        Assert.Contains("restore one, or delete the folder", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_store_that_is_gone_is_said_and_nothing_begins_anew()
    {
        using var run = new TinyRun();
        Run(run.Job("digits", attempt: 1), new TinyRun.Observer(stopAt: 7));
        var folder = Path.GetDirectoryName(run.Store("digits").Folder)!;
        Directory.Move(folder, $"{folder}-elsewhere");

        var failure = Assert.Throws<CheckpointException>(() => Run(run.Job("digits", attempt: 2) with { WasSaved = true }, new TinyRun.Observer()));

        Assert.Equal($"{folder}: is gone, though digits was saved there; mount the store again, or launch under another name", failure.Message);
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public void An_overtaken_attempt_publishes_nothing()
    {
        using var run = new TinyRun();
        Run(run.Job("digits", attempt: 2), new TinyRun.Observer(stopAt: 2));

        Assert.Throws<StaleAttemptException>(() => Run(run.Job("digits", attempt: 1), new TinyRun.Observer()));
    }

    [Fact]
    public void Training_learns_and_the_finished_model_is_evaluated_on_every_domain()
    {
        using var run = new TinyRun();
        var observer = new TinyRun.Observer();

        Run(run.Job("digits"), observer);

        Assert.Equal([.. Enumerable.Range(1, 20).Select(step => (long)step)], observer.Steps);
        Assert.True(observer.Losses[^1] < observer.Losses[0] - 1, $"{observer.Losses[0]} to {observer.Losses[^1]}");
        Assert.Equal(["letters", "digits"], observer.Final.Keys);
        Assert.True(observer.Final["digits"].Nll < observer.Final["letters"].Nll);
        Assert.Equal(500, observer.Final["digits"].Tokens);
    }

    [Fact]
    public void Only_the_newest_checkpoints_stay()
    {
        using var run = new TinyRun();

        Train(run.Job("digits"));

        Assert.Equal(["step-00000010", "step-00000015", "step-00000020"],
            Directory.EnumerateDirectories(run.Store("digits").Folder).Select(path => Path.GetFileName(path)!).Order());
    }

    [Fact]
    public void A_branch_starts_from_its_parent_and_a_mixture_from_its_experts()
    {
        using var run = new TinyRun();
        var seed = Train(run.Job("seed"));
        var branch = Train(run.Job("digits", parent: seed.Folder));
        var step0 = Mixer.Mix(
            [new("seed", seed), new("digits", branch)], run.Spec.Mixtures[0], run.Spec.Seed, run.Store("bam"), TestContext.Current.CancellationToken);
        var observer = new TinyRun.Observer();

        var mixture = Run(run.Job("bam"), observer);

        Assert.Equal(0, step0.Manifest.Step);
        Assert.Equal(0, observer.Start!.Step);
        Assert.True(mixture.Completed);
        Assert.Equal(2, mixture.Checkpoint!.Config.Experts);
        Assert.True(observer.Losses[^1] < Math.Log(257));
    }

    [Fact]
    public void A_model_that_must_have_a_start_does_not_begin_at_random_when_its_folder_is_gone()
    {
        using var run = new TinyRun();

        var failure = Assert.Throws<TrainingException>(() => Run(run.Job("bam") with { MustHaveStart = true }, new TinyRun.Observer()));

        Assert.True(failure.IsFinal);
        Assert.Contains("no checkpoint to start from", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_seed_model_that_is_given_becomes_a_checkpoint_of_the_run_and_is_evaluated()
    {
        using var run = new TinyRun();
        var given = Train(run.Job("digits"));
        var seed = run.Job("seed", parent: given.Folder);
        var observer = new TinyRun.Observer();

        var outcome = Run(seed with { Member = seed.Member with { Steps = 0 } }, observer);

        Assert.Equal(given.ModelSha256, outcome.Checkpoint!.ModelSha256);
        Assert.Equal(Path.Combine(run.Store("seed").Folder, "step-00000000"), outcome.Checkpoint.Folder);
        Assert.Empty(observer.Steps);
        Assert.Equal(2, observer.Final.Count);
    }

    [Fact]
    public void A_finished_model_that_is_opened_again_only_evaluates()
    {
        using var run = new TinyRun();
        var first = Train(run.Job("digits"));
        var observer = new TinyRun.Observer();

        var again = Run(run.Job("digits", attempt: 2), observer);

        Assert.Empty(observer.Steps);
        Assert.Equal(first.ModelSha256, again.Checkpoint!.ModelSha256);
        Assert.Equal(2, observer.Final.Count);
    }

    [Fact]
    public void A_seed_model_from_elsewhere_is_taken_over_and_evaluated_without_a_step_or_data_of_its_own()
    {
        using var elsewhere = new TinyRun();
        using var run = new TinyRun();
        var given = Train(elsewhere.Job("seed"));
        var spec = run.Spec with { SeedModel = new() { Checkpoint = given.Folder } };
        var observer = new TinyRun.Observer();

        var outcome = Run(run.Job("seed", parent: given.Folder) with { Run = spec, Member = MemberPlan.Of(spec, "seed") }, observer);

        Assert.Equal((true, given.ModelSha256), (outcome.Completed, outcome.Checkpoint!.ModelSha256));
        Assert.Empty(observer.Steps);
        Assert.Equal(["digits", "letters"], observer.Final.Keys.Order());
    }

    [Fact]
    public void A_training_tells_what_it_did_between_its_steps()
    {
        using var run = new TinyRun();
        var observer = new TinyRun.Observer();
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        Run(run.Job("seed"), observer);
        var wall = System.Diagnostics.Stopwatch.GetElapsedTime(began);

        Assert.Equal([Standstill.Preparing, Standstill.Saving, Standstill.Evaluating], observer.Still.Keys.Order());
        Assert.All(observer.Still.Values, time => Assert.InRange(time, TimeSpan.FromTicks(1), wall));
        Assert.True(observer.Still.Values.Aggregate((sum, time) => sum + time) < wall);
    }

    private static TrainingOutcome Run(TrainingJob job, TinyRun.Observer observer) =>
        new TrainingSession(job, observer).Run(TestContext.Current.CancellationToken);

    private static Checkpoint Train(TrainingJob job)
    {
        var outcome = Run(job, new TinyRun.Observer());
        Assert.True(outcome.Completed);
        return outcome.Checkpoint!;
    }

    private static void FlipByte(string path)
    {
        using var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = file.Length - 5;
        var value = file.ReadByte();
        file.Position = file.Length - 5;
        file.WriteByte((byte)(value ^ 1));
    }
}
