namespace Bam.Cluster;

/// <summary>What a user does wrong, through the real program: one line, the right exit code, nothing left behind.</summary>
public sealed class BadInputTests
{
    [Theory]
    [InlineData("heads: 4", "heads: 5", "run.yaml:3: model.heads: ")]
    [InlineData("kv_heads", "kv_head", "run.yaml:3: model.kv_head: unknown key; did you mean 'kv_heads'?")]
    [InlineData("batch: 8", "batch: eight", "run.yaml:9: train.batch: ")]
    [InlineData("{ law: 0.9", "{ lwa: 0.9", "run.yaml:12: branches.law.domains.lwa: no such domain; did you mean 'law'?")]
    [InlineData("train: math.txt", "train: maths.txt", "run.yaml:7: domains.math.train: maths.txt: no data found")]
    public async Task A_wrong_run_file_is_refused_before_anything_starts(string right, string wrong, string line)
    {
        var folder = Directory.CreateTempSubdirectory("bam-bad-").FullName;
        try
        {
            var file = SmallRun.Write(folder);
            File.WriteAllText(file, File.ReadAllText(file).Replace(right, wrong, StringComparison.Ordinal));

            var outcome = await BamProcess.Run("plan", file);

            Assert.Equal(2, outcome.ExitCode);
            Assert.Contains(line, outcome.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
            Assert.Empty(outcome.Output);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Without_a_cluster_a_launch_says_how_to_start_one()
    {
        var folder = Directory.CreateTempSubdirectory("bam-bad-").FullName;
        try
        {
            var outcome = await BamProcess.Run("launch", SmallRun.Write(folder), "--home", Path.Combine(folder, "home"));

            Assert.Equal(3, outcome.ExitCode);
            Assert.Contains("bam cluster up", Assert.Single(outcome.Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_libtorch_folder_without_libtorch_is_one_line()
    {
        var outcome = await BamProcess.Run("doctor", "--libtorch", Path.GetTempPath(), "--home", Path.GetTempPath());

        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("no libtorch_cpu.so in it", outcome.Output, StringComparison.Ordinal);
    }
}
