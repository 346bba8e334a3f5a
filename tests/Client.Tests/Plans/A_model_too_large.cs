using Bam.Client.Plans;
using Bam.Client.Tests.RunFiles;
using Bam.Client.Tests.Verbs;
using Bam.Contracts.Runs;

namespace Bam.Client.Tests.Plans;

/// <summary>A mixture of 32 experts of the paper's small model: no GPU of 40 GiB has room for it.</summary>
public sealed class A_model_too_large : IDisposable
{
    private const long Device = 40L << 30;

    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Is_named_with_what_it_needs_and_with_changes_that_each_make_it_fit()
    {
        var spec = Spec();
        var large = Assert.Single(DeviceFit.Of(spec, Device));

        Assert.Equal(("bam", Device), (large.Model, large.DeviceBytes));
        Assert.Equal(RunPlan.Of(spec).Models.Single(model => model.Name == "bam").Memory.Total, large.Bytes);
        Assert.All(large.Remedies, remedy => Assert.InRange(remedy.Bytes, 1, Device));
        Assert.Contains(large.Remedies, remedy => remedy.Change == "attention: averaged (BTX)");
        Assert.Contains(large.Remedies, remedy => remedy.Change.EndsWith(" experts", StringComparison.Ordinal));
        Assert.StartsWith("bam: needs about ", large.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Fits_with_the_experts_that_it_says_and_not_with_one_more()
    {
        var spec = Spec();
        var said = DeviceFit.Of(spec, Device)[0].Remedies.Single(remedy => remedy.Change.EndsWith(" experts", StringComparison.Ordinal));
        var experts = int.Parse(said.Change.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);

        Assert.Empty(DeviceFit.Of(With(spec, experts), Device));
        Assert.Single(DeviceFit.Of(With(spec, experts + 1), Device));

        static RunSpec With(RunSpec spec, int experts) => spec with { Mixtures = [spec.Mixtures[0] with { Experts = [.. spec.Mixtures[0].Experts.Take(experts)] }] };
    }

    [Fact]
    public void Is_helped_by_several_changes_together_where_none_is_enough_and_by_none_where_nothing_is()
    {
        var together = Assert.Single(DeviceFit.Of(Spec(), 12L << 30), model => model.Model == "bam").Remedies;

        Assert.Contains("attention: averaged (BTX) with 2 experts with batch: 1 with context: ", Assert.Single(together).Change, StringComparison.Ordinal);
        Assert.All(DeviceFit.Of(Spec(), 4L << 30), model => Assert.EndsWith("give larger devices, or a smaller model", model.ToString(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--device-memory 40GiB", 0)]
    [InlineData("", 1)]
    public async Task Ends_a_plan_with_2_after_the_whole_plan_was_printed(string options, int gpus)
    {
        Spec();
        var run = await Run($"plan {_folder.RunFile} --json {options}", gpus);

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("bam: needs about ", Assert.Single(run.Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        var plan = System.Text.Json.JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal((Device, "bam"), (plan.GetProperty("device_bytes").GetInt64(), plan.GetProperty("too_large")[0].GetProperty("model").GetString()));
    }

    [Theory]
    [InlineData("--device-memory 800GiB", 1)]
    [InlineData("", 0)]
    public async Task Is_none_where_the_device_is_large_or_unknown(string options, int gpus)
    {
        Spec();

        Assert.Equal((0, ""), await Run($"plan {_folder.RunFile} {options}", gpus) is var run ? (run.ExitCode, run.Error) : default);
    }

    [Fact]
    public async Task Is_not_launched_unless_forced()
    {
        Spec();
        var refused = await Run($"launch {_folder.RunFile} --detach --device-memory 40GiB", 0);
        var forced = await Run($"launch {_folder.RunFile} --detach --device-memory 40GiB --force", 0);

        Assert.Equal((2, ""), (refused.ExitCode, refused.Output));
        Assert.EndsWith("nothing was started; --force launches it all the same\n", refused.Error, StringComparison.Ordinal);
        Assert.Equal(0, forced.ExitCode);
    }

    [Fact]
    public async Task Is_no_matter_to_a_cluster_that_trains_on_the_CPU_of_a_host_with_GPUs()
    {
        Spec();

        Assert.Equal(0, (await Run($"launch {_folder.RunFile} --detach", gpus: 2)).ExitCode);
    }

    [Theory]
    [InlineData("80GiB", 80L << 30)]
    [InlineData("81559 MiB", 81559L << 20)]
    [InlineData("0.5GB", 500_000_000)]
    [InlineData("1tib", 1L << 40)]
    public void Is_measured_in_bytes_with_units(string text, long bytes) => Assert.Equal((true, bytes), (ByteSize.TryParse(text, out var read), read));

    [Theory]
    [InlineData("80")]
    [InlineData("80G")]
    [InlineData("-1GiB")]
    [InlineData("0GiB")]
    [InlineData("NaNGiB")]
    [InlineData("1e30TiB")]
    [InlineData("GiB")]
    public async Task Is_not_measured_in_anything_else(string text) => Assert.Equal(
        (2, $"bam: --device-memory must be a size such as 80GiB or 81559MiB, not '{text}'; see 'bam plan --help'\n"),
        await Run($"plan x --device-memory={text}", 0) is var run ? (run.ExitCode, run.Error) : default);

    private static Task<ConsoleRun> Run(string line, int gpus) => ConsoleRun.Of(
        new(), gpus: new FakeGpus(gpus, Device), cancellation: TestContext.Current.CancellationToken,
        arguments: line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private RunSpec Spec() => _folder.Read($$"""
        name: large
        model: paper-590m
        domains: { general: { train: data/general.train.jsonl } }
        train: { batch: 2, precision: bf16 }
        seed_model: { domains: { general: 1 }, steps: 40 }
        branches: { {{string.Join(", ", Enumerable.Range(1, 31).Select(i => $"b{i}: {{ domains: {{ general: 1 }}, steps: 30 }}"))}} }
        mixtures: { bam: { steps: 20 } }
        """);
}
