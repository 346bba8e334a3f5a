using Bam.Client.Chaos;
using Bam.Contracts.Status;
using Bam.Training.Checkpoints;

namespace Bam.Client.Tests.Chaos;

public sealed class A_fault
{
    [Fact]
    public void Comes_when_its_seed_says_whatever_came_before()
    {
        FaultSchedule one = new(7, TimeSpan.FromSeconds(20), FaultKinds.All), same = new(7, TimeSpan.FromSeconds(20), FaultKinds.All), other = new(8, TimeSpan.FromSeconds(20), FaultKinds.All);
        _ = one.Of(3, "kill").Next();

        Assert.Equal(Enumerable.Range(1, 50).Select(same.Pause), Enumerable.Range(1, 50).Select(one.Pause));
        Assert.Equal(same.Kinds(9), one.Kinds(9));
        Assert.Equal(FaultKinds.All.Order(), one.Kinds(9).Order());
        Assert.NotEqual(Enumerable.Range(1, 50).Select(other.Pause), Enumerable.Range(1, 50).Select(one.Pause));
    }

    [Fact]
    public void Comes_after_exponentially_distributed_pauses()
    {
        var schedule = new FaultSchedule(1, TimeSpan.FromSeconds(20), FaultKinds.All);
        var pauses = Enumerable.Range(1, 4000).Select(fault => schedule.Pause(fault).TotalSeconds).ToArray();

        // The standard error of the mean is 20 / √4000 = 0.32 s, that of the part below the median 0.5 / √4000.
        Assert.InRange(pauses.Average(), 18.5, 21.5);
        Assert.InRange(pauses.Count(pause => pause < 20 * Math.Log(2)) / 4000.0, 0.46, 0.54);
    }

    [Fact]
    public void Has_each_kind_as_often_first()
    {
        var schedule = new FaultSchedule(1, TimeSpan.FromSeconds(1), FaultKinds.All);
        var first = Enumerable.Range(1, 6000).CountBy(fault => schedule.Kinds(fault)[0]).ToArray();

        Assert.Equal(FaultKinds.All.Count, first.Length);
        Assert.All(first, kind => Assert.InRange(kind.Value, 380, 620));   // 500, and five times √500
    }

    [Fact]
    public void Has_a_word_of_its_own_and_a_description() => Assert.All(FaultKinds.All, kind =>
    {
        Assert.Equal(kind, FaultKinds.Of(FaultKinds.Word(kind)));
        Assert.NotEmpty(FaultKinds.Describe(kind));
    });

    [Fact]
    public void Hits_a_model_no_more_than_twice_before_its_next_checkpoint()
    {
        var budget = new HitBudget();
        var law = new MemberStatus { Name = "law", Kind = MemberKind.Branch, CheckpointStep = 20 };
        for (var i = 0; i < 2; i++)
        {
            Assert.True(budget.Allows(law));
            budget.Hit(law);
        }

        Assert.False(budget.Allows(law));
        Assert.True(budget.Allows(law with { Name = "code" }));
        Assert.True(budget.Allows(law with { CheckpointStep = 40 }));
        budget.Hit(law with { CheckpointStep = 40 });
        Assert.True(budget.Allows(law with { CheckpointStep = 40 }));
    }

    [Fact]
    public void Damages_a_checkpoint_so_that_its_manifest_tells()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var folder = Directory.CreateTempSubdirectory("bam damage ").FullName;
            try
            {
                Publish(folder);
                Assert.NotNull(MemberStore.Verify(folder).Sound);
                var done = Damage.Do(folder, new Random(seed));

                Assert.True(MemberStore.Verify(folder).Sound is null, $"{done} (seed {seed}) left it sound");
                Assert.True(File.Exists(Path.Combine(folder, CheckpointManifest.FileName)));
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    [Fact]
    public void Is_summed_up_by_kind_with_the_median_and_the_worst_recovery()
    {
        FaultOutcome Outcome(FaultKind kind, double? seconds) => new(1, kind, default, "", [], seconds is { } time ? TimeSpan.FromSeconds(time) : null);
        var report = new ChaosReport(
            "four", 1, "", RunPhase.Completed,
            [Outcome(FaultKind.Kill, 3), Outcome(FaultKind.Client, null), Outcome(FaultKind.Kill, 9), Outcome(FaultKind.Kill, 4), Outcome(FaultKind.Kill, 6)], 5, [], []);

        Assert.Equal(
            new KindSummary[] { new(FaultKind.Kill, 4, 4, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(9)), new(FaultKind.Client, 1, 0, null, null) }, report.Kinds);
    }

    private static void Publish(string folder)
    {
        var files = new[] { "model.safetensors", "optimizer.safetensors", "state.json", "config.json" };
        for (var i = 0; i < files.Length; i++) File.WriteAllText(Path.Combine(folder, files[i]), new string((char)('a' + i), 40 + i));
        var entries = files.Select(file =>
        {
            var bytes = File.ReadAllBytes(Path.Combine(folder, file));
            return $"\"{file}\": {{ \"size\": {bytes.Length}, \"sha256\": \"{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes))}\" }}";
        });
        File.WriteAllText(
            Path.Combine(folder, CheckpointManifest.FileName),
            $"{{ \"step\": 20, \"attempt\": 1, \"created\": \"2026-02-03T04:05:06Z\", \"files\": {{ {string.Join(", ", entries)} }} }}");
    }
}
