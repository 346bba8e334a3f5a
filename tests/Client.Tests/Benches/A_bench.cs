using System.Text.Json;
using Bam.Client.Benches;
using Bam.Client.Tests.RunFiles;
using Bam.Client.Tests.Verbs;
using Bam.Contracts.Runs;

namespace Bam.Client.Tests.Benches;

public sealed class A_bench : IDisposable
{
    private readonly RunFolder _folder = new();

    public A_bench() => File.WriteAllText(_folder.RunFile, RunFolder.Valid);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Tells_speed_memory_and_where_the_time_goes_in_one_document()
    {
        var run = await Run("bench tiny --model bam --batch 1 --context 8 --steps 3 --warmup 0 --profile 1 --device cpu --threads 1 --json");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        var report = JsonDocument.Parse(run.Output).RootElement;
        var result = report.GetProperty("result");

        Assert.Equal(("bam", 1, 8, "float32"), (
            report.GetProperty("model").GetString(), report.GetProperty("batch").GetInt32(), report.GetProperty("context").GetInt32(),
            report.GetProperty("precision").GetString()));
        Assert.All(
            new[] { "tokens_per_second", "flops_per_second", "mfu", "peak_bytes", "milliseconds", "loss" },
            name => Assert.True(result.GetProperty(name).GetDouble() > 0, name));
        Assert.All(
            new[] { "forward", "backward", "optimizer" },
            phase => Assert.Contains(result.GetProperty("operations").EnumerateArray(), row => row.GetProperty("phase").GetString() == phase));
    }

    [Fact]
    public async Task Shows_the_same_as_tables()
    {
        var run = await Run("bench tiny --batch 1 --context 8 --steps 1 --warmup 0 --profile 1 --device cpu --threads 1");

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.All(new[] { "tokens/s", "plan says", "matmul", "optimizer", "product 8 x " }, word => Assert.Contains(word, run.Output));
    }

    [Theory]
    [InlineData(null, "seed", 0)]
    [InlineData("law", "law", 0)]
    [InlineData("bam", "bam", 3)]
    public void Takes_any_model_of_a_run_file(string? asked, string name, int experts)
    {
        var model = BenchModel.Of(_folder.RunFile, asked, 4);

        Assert.Equal((name, experts, Precision.BFloat16, 16), (model.Name, model.Config.Experts, model.Train.Precision, model.Train.Batch));
    }

    [Theory]
    [InlineData("bench tinny", "tinny: no such run file; did you mean the preset 'tiny'?")]
    [InlineData("bench tiny --model bamm", "--model: tiny has no model 'bamm'; did you mean 'bam'? (models: dense, btx, bam, bam-kv)")]
    [InlineData("bench tiny --steps 0", "bam: --steps must be a whole number from 1 to 100000, not '0'; see 'bam bench --help'")]
    [InlineData("bench tiny --precision fp8", "bam: --precision must be fp32 or bf16, not 'fp8'; see 'bam bench --help'")]
    public async Task Refuses_what_it_cannot_measure_in_a_line(string line, string said) => Assert.Equal(new(2, "", said + "\n"), await Run(line));

    private static Task<ConsoleRun> Run(string line) =>
        ConsoleRun.Of(new(), cancellation: TestContext.Current.CancellationToken, arguments: line.Split(' '));
}
