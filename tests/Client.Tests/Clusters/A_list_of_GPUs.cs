using Bam.Client.Clusters;
using Bam.Client.Tests.Verbs;

namespace Bam.Client.Tests.Clusters;

public sealed class A_list_of_GPUs
{
    [Theory]
    [InlineData("0", "up 1 cuda 0")]
    [InlineData("0,1,2,3", "up 4 cuda 0,1,2,3")]
    [InlineData("3, 1", "up 2 cuda 3,1")]
    [InlineData("all", "up 4 cuda 0,1,2,3")]
    public async Task Starts_a_silo_for_each_in_its_order(string list, string call)
    {
        var cluster = new FakeCluster();

        Assert.Equal(0, (await Up(cluster, new(count: 4), "--gpus", list)).ExitCode);
        Assert.Equal([call], cluster.Calls);
    }

    [Theory]
    [InlineData("0", 0, null, "--gpus 0: this host has no GPU that its driver knows; see 'bam doctor', or leave --gpus away to train on the CPU")]
    [InlineData("all", 0, null, "--gpus all: this host has no GPU that its driver knows; see 'bam doctor', or leave --gpus away to train on the CPU")]
    [InlineData("0,7", 4, null, "--gpus 0,7: there is no GPU 7; this host has 4: 0, 1, 2, 3")]
    [InlineData("0,1", 1, null, "--gpus 0,1: there is no GPU 1; this host has one: 0")]
    [InlineData("1,0,01", 4, null, "--gpus 1,0,01: GPU 1 is named 2 times; every silo needs one of its own")]
    [InlineData("2", 4, "5,GPU-ab", "--gpus 2: there is no GPU 2; CUDA_VISIBLE_DEVICES=5,GPU-ab shows 2: 0, 1")]
    [InlineData("all", 4, "", "--gpus all: CUDA_VISIBLE_DEVICES is empty and hides every GPU; unset it")]
    public async Task That_cannot_be_met_is_one_line_and_exit_code_2(string list, int count, string? visible, string error)
    {
        var cluster = new FakeCluster();
        var run = await Up(cluster, new(count, visible: visible), "--gpus", list);

        Assert.Equal(new(2, "", error + "\n"), run);
        Assert.Empty(cluster.Calls);
    }

    [Theory]
    [InlineData("0,1", "up 2 cuda 5,GPU-ab")]
    [InlineData("1", "up 1 cuda GPU-ab")]
    [InlineData("all", "up 2 cuda 5,GPU-ab")]
    public async Task Counts_in_CUDA_VISIBLE_DEVICES_as_CUDA_does(string list, string call)
    {
        var cluster = new FakeCluster();
        await Up(cluster, new(count: 8, visible: "5, GPU-ab"), "--gpus", list);

        Assert.Equal([call], cluster.Calls);
    }

    [Theory]
    [InlineData("2", 0, "")]
    [InlineData("3", 2, "--silos 3: --gpus all is one silo for each of 2 GPUs; leave --silos away\n")]
    public async Task May_stand_beside_the_number_of_silos_that_it_means(string silos, int exitCode, string error)
    {
        var run = await Up(new(), new(count: 2), "--gpus", "all", "--silos", silos);

        Assert.Equal((exitCode, error), (run.ExitCode, run.Error));
    }

    [Theory]
    [InlineData("", "up 2 cuda 0,1")]
    [InlineData("--silos 1", "up 1 cuda 0")]
    public async Task Is_all_of_them_for_the_demo_or_as_many_as_it_has_silos(string silos, string call)
    {
        var cluster = new FakeCluster();
        var home = Directory.CreateTempSubdirectory("bam-demo-").FullName;
        await ConsoleRun.Of(
            cluster, gpus: new FakeGpus(count: 2), cancellation: TestContext.Current.CancellationToken,
            arguments: ["demo", "--device", "cuda", "--out", home, .. silos.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        Directory.Delete(home, recursive: true);

        Assert.Equal(call, cluster.Calls[0]);
    }

    [Fact]
    public void Is_read_from_what_nvidia_smi_prints() => Assert.Equal(
        [new(0, "NVIDIA H100 80GB HBM3", 81559L << 20), new(1, "NVIDIA H100, odd name", 81559L << 20), new(2, "MIG", 0)],
        HostGpus.Parse("1, 81559, NVIDIA H100, odd name\n0, 81559, NVIDIA H100 80GB HBM3\n2, [N/A], MIG\nNo devices were found\n"));

    private static Task<ConsoleRun> Up(FakeCluster cluster, FakeGpus gpus, params string[] options) => ConsoleRun.Of(
        cluster, gpus: gpus, cancellation: TestContext.Current.CancellationToken, arguments: ["cluster", "up", .. options]);
}
