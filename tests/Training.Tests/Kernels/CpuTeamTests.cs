using Bam.Contracts.Runs;
using Bam.Training.Kernels;
using Bam.Training.Model;
using Bam.Training.Native;
using Bam.Training.Optimization;
using Bam.Training.Tests.Model;
using Bam.Training.Tests.Optimization;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Kernels;

public sealed class CpuTeamTests
{
    public CpuTeamTests() => TorchLibrary.Load();

    [Theory]
    [InlineData(1, 100)]
    [InlineData(3, 1)]
    [InlineData(3, 1000)]
    public void Every_piece_is_done_once(int threads, int count)
    {
        var done = new int[count];

        new CpuTeam(threads).ForEach(count, piece => Interlocked.Increment(ref done[piece]));

        Assert.All(done, times => Assert.Equal(1, times));
    }

    [Theory]
    [InlineData(1, 10_000, 64)]
    [InlineData(3, 10_000, 64)]
    [InlineData(3, 5, 100_000)]
    [InlineData(3, 0, 7)]
    public void Every_row_is_in_one_piece(int threads, int rows, int columns)
    {
        var done = new int[rows];

        new CpuTeam(threads).ForRows(rows, columns, (first, end) =>
        {
            for (var row = first; row < end; row++)
                Interlocked.Increment(ref done[row]);
        });

        Assert.All(done, times => Assert.Equal(1, times));
    }

    [Fact]
    public void Pieces_are_done_at_the_same_time()
    {
        Assert.SkipUnless(CpuTeam.IsThere, "this libtorch has no OpenMP whose threads can be had");
        using var both = new Barrier(2);

        new CpuTeam(2).ForEach(2, _ => Assert.True(both.SignalAndWait(TimeSpan.FromSeconds(60)), "one waited for the other"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void An_error_comes_out_and_the_team_goes_on(int threads)
    {
        var team = new CpuTeam(threads);

        Assert.Throws<FormatException>(() => team.ForEach(100, piece => throw new FormatException($"{piece}")));
        var done = new int[100];
        team.ForEach(done.Length, piece => Interlocked.Increment(ref done[piece]));
        Assert.All(done, times => Assert.Equal(1, times));
    }

    public static TheoryData<string> Models => ["dense", "BAM, KV experts", "BAM, KV sharing", "BTX"];

    [Theory, MemberData(nameof(Models))]
    public void A_training_has_the_same_bits_with_any_number_of_threads(string name)
    {
        // Three pieces of the narrowest rows and more.
        var config = Shapes.All[name] with { Width = 64, Context = 64 };

        var found = new[] { 1, 2, 3 }.Select(threads => Train(config, threads)).ToArray();

        Assert.Equal(found[0], found[1]);
        Assert.Equal(found[0], found[2]);
    }

    /// <summary>Weights after some steps.</summary>
    private static byte[] Train(ModelConfig config, int threads)
    {
        var spec = new TrainSpec { Batch = 24, Warmup = 0 };
        using var parameters = new ParameterSet(config, CPU, ScalarType.Float32, flat: true);
        parameters.Draw(seed: 3);
        using var model = new Transformer(parameters);
        using var optimizer = new AdamW(parameters, spec);
        using var trainer = new Trainer(
            model, optimizer, new RandomBatches(config.Vocab), spec, steps: 3, step: 0, freeze: null, skips: null, new CpuKernels(threads));
        while (trainer.Step < 3)
            _ = trainer.Advance(read: true);
        using var quiet = no_grad();
        return parameters.Flat!.Masters.bytes.ToArray();
    }
}
