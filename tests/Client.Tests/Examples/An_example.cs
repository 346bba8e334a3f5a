using System.IO.Compression;
using System.Text.RegularExpressions;
using Bam.Client.RunFiles;
using Bam.Contracts.Runs;
using Bam.Training.Model;

namespace Bam.Client.Tests.Examples;

/// <summary>The run files of docs/examples, beside data files that say nothing.</summary>
public sealed partial class An_example : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bam-example-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Is_read_whatever_its_name()
    {
        var examples = Directory.GetFiles(Examples, "*.yaml");

        Assert.True(examples.Length >= 2);
        Assert.All(examples, example => Assert.NotEmpty(Read(Path.GetFileName(example)).Mixtures));
    }

    // bam.md, section 5, C1.
    [Fact]
    public void C1_the_papers_recipe_has_a_tenth_of_replay_half_the_learning_rate_and_equal_shares()
    {
        var run = Read("paper-590m.yaml");

        Assert.Equal(Presets.All["paper-590m"], run.Model);
        Assert.Equal((1.2e-4, 1500, 0.1), (run.SeedModel.Train.LearningRate, run.SeedModel.Train.Warmup, run.SeedModel.Train.FinalLearningRate));
        Assert.Equal(["code", "law", "math"], run.Branches.Select(branch => branch.Name));
        Assert.All(run.Branches, branch =>
        {
            Assert.Equal([new(branch.Name, 0.9), new("general", 0.1)], branch.Domains);
            Assert.Equal(run.SeedModel.Train.LearningRate / 2, branch.Train.LearningRate, tolerance: 1e-12);
        });
        Assert.All(run.Mixtures, mixture =>
        {
            Assert.Equal([new("general", 0.25), new("code", 0.25), new("law", 0.25), new("math", 0.25)], mixture.Data);
            Assert.Equal(run.SeedModel.Train, mixture.Train);
            Assert.Equal(["seed", "code", "law", "math"], mixture.Experts.Take(4));
        });
    }

    [Fact]
    public void C1_the_papers_recipe_has_the_papers_tokens()
    {
        var run = Read("paper-590m.yaml");
        const long TokensPerStep = 512 * 2048;

        Assert.Equal(400_000_000_000, run.SeedModel.Steps * TokensPerStep, tolerance: TokensPerStep);
        Assert.All(run.Branches, branch => Assert.Equal(100_000_000_000, branch.Steps * TokensPerStep, tolerance: TokensPerStep));
        Assert.All(new[] { "btx", "btx-6-top3", "bam-dm", "bam-shared-dm" }, name =>
            Assert.Equal(100_000_000_000, Mixture(run, name).Steps * TokensPerStep, tolerance: TokensPerStep));
    }

    // bam.md, section 5, C3.
    [Fact]
    public void C3_the_comparison_has_bam_with_the_data_and_with_the_compute_of_btx_top_1()
    {
        var run = Read("comparison.yaml");
        var btx = Mixture(run, "btx");

        Assert.Equal((AttentionMode.Averaged, 1), (btx.Attention, btx.FfnTopK));
        foreach (var (name, kv) in new[] { ("bam", KvMode.Experts), ("bam-shared", KvMode.Shared) })
        {
            var (data, compute) = (Mixture(run, $"{name}-dm"), Mixture(run, $"{name}-cm"));
            Assert.All(new[] { data, compute }, bam => Assert.Equal((AttentionMode.Soft, kv, 1), (bam.Attention, bam.Kv, bam.FfnTopK)));
            Assert.Equal(btx.Steps, data.Steps);
            Assert.Equal(Flops(run, btx) * btx.Steps, Flops(run, compute) * compute.Steps, tolerance: Flops(run, compute) / 2);
            Assert.True(compute.Steps < btx.Steps);
        }
    }

    [Fact]
    public void C3_the_comparison_has_btx_with_two_experts_a_token_and_with_bams_total_and_active_parameters()
    {
        var run = Read("comparison.yaml");
        var dense = ModelConfig.Dense(run.Model, "bytes", 257);
        var bam = dense.Mixture(Mixture(run, "bam-dm"));
        var (large, larger, top2) = (Mixture(run, "btx-6"), Mixture(run, "btx-6-top3"), Mixture(run, "btx-top2"));

        Assert.All(new[] { large, larger, top2 }, btx => Assert.Equal((AttentionMode.Averaged, Mixture(run, "btx").Steps), (btx.Attention, btx.Steps)));
        Assert.Equal(2, top2.FfnTopK);
        Assert.Equal(1, (double)TensorLayout.Parameters(dense.Mixture(large)) / TensorLayout.Parameters(bam), tolerance: 0.001);
        Assert.Equal(1, (double)TensorLayout.ActiveParameters(dense.Mixture(larger)) / TensorLayout.ActiveParameters(bam), tolerance: 0.001);
    }

    [Fact]
    public void C3_the_comparison_has_the_rivals_without_branches_and_without_mixing()
    {
        var run = Read("comparison.yaml");

        Assert.Equal((MixtureKind.Dense, Mixture(run, "btx").Steps), (Mixture(run, "dense").Kind, Mixture(run, "dense").Steps));
        Assert.Equal(["seed"], Mixture(run, "dense").Experts);
        Assert.Equal(["seed", "seed", "seed", "seed"], Mixture(run, "upcycled").Experts);
        Assert.Equal((MixtureKind.Ensemble, 0), (Mixture(run, "btm").Kind, Mixture(run, "btm").Steps));
    }

    [Fact]
    public void C3_the_comparison_measures_every_model_on_every_domain_from_equal_data()
    {
        var run = Read("comparison.yaml");

        Assert.Equal(["general", "law", "math", "code"], run.Domains.Select(domain => domain.Name));
        Assert.All(run.Domains, domain => Assert.NotEmpty(domain.Validation));
        Assert.All(run.Mixtures, mixture => Assert.All(mixture.Data, share => Assert.Equal(0.25, share.Share)));
        Assert.Single(run.Mixtures.Where(mixture => mixture.Kind != MixtureKind.Ensemble).Select(mixture => mixture.Train).Distinct());
    }

    private static string Examples => Path.Combine(Root(new DirectoryInfo(AppContext.BaseDirectory)), "docs", "examples");

    private static string Root(DirectoryInfo folder) =>
        File.Exists(Path.Combine(folder.FullName, "BamOrleans.sln")) ? folder.FullName : Root(folder.Parent!);

    private static MixtureSpec Mixture(RunSpec run, string name) => run.Mixtures.Single(mixture => mixture.Name == name);

    /// <summary>FLOPs of one step.</summary>
    private static double Flops(RunSpec run, MixtureSpec mixture) =>
        (double)mixture.Train.Batch * run.Model.Context * FlopCount.Training(ModelConfig.Dense(run.Model, "bytes", 257).Mixture(mixture));

    private RunSpec Read(string example)
    {
        var text = File.ReadAllText(Path.Combine(Examples, example));
        foreach (var path in DataFile().Matches(text).Select(match => Path.Combine(_folder, match.Value)))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using var file = new GZipStream(File.Create(path), CompressionMode.Compress);
            file.Write("{\"text\":\"x\"}\n"u8);
        }

        File.WriteAllText(Path.Combine(_folder, example), text);
        return RunFileReader.Read(Path.Combine(_folder, example));
    }

    [GeneratedRegex(@"data/[\w.]+\.jsonl\.gz")]
    private static partial Regex DataFile();
}
