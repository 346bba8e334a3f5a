using Bam.Training.Data;

namespace Bam.Training.Tests.Data;

public sealed class BatchSourceTests : IDisposable
{
    private const int Batch = 4, Context = 16;

    private readonly DataFolder _folder = new();
    private readonly DomainData _law, _code;

    public BatchSourceTests()
    {
        _law = _folder.Open("law", Enumerable.Range(0, 90).Select(i => $"section {i * i} of the law"));
        _code = _folder.Open("code", Enumerable.Range(0, 40).Select(i => $"x = {i * 37}"));
    }

    [Fact]
    public void A_step_is_the_same_in_any_order_and_in_a_new_source()
    {
        var straight = Enumerable.Range(0, 50).Select(step => Fill(Source(), step)).ToArray();
        var resumed = Source();

        foreach (var step in (int[])[49, 7, 0, 31, 7, 48])
        {
            var (inputs, targets, domains) = Fill(resumed, step);
            Assert.Equal(straight[step].Inputs, inputs);
            Assert.Equal(straight[step].Targets, targets);
            Assert.Equal(straight[step].Domains, domains);
        }
    }

    [Fact]
    public void Seeds_and_members_have_batches_of_their_own()
    {
        var steps = new[] { Source(), Source(seed: 8), Source(member: "other") }
            .Select(source => string.Join(' ', Enumerable.Range(0, 5).SelectMany(step => Fill(source, step).Inputs)));

        Assert.Equal(3, steps.Distinct().Count());
    }

    [Fact]
    public void Rows_lie_in_the_token_file_and_targets_follow_their_inputs()
    {
        var tokens = new[] { _law, _code }.Select(d => DomainDataTests.All(d.Train));
        var rings = tokens.Select(t => string.Join(' ', t.Concat(t)) + ' ').ToArray();
        var source = Source();
        for (var step = 0; step < 100; step++)
        {
            var (inputs, targets, domains) = Fill(source, step);
            for (var row = 0; row < Batch; row++)
            {
                var (x, y) = (inputs[(row * Context)..((row + 1) * Context)], targets[(row * Context)..((row + 1) * Context)]);
                Assert.Equal(x[1..], y[..^1]);
                Assert.Contains(string.Join(' ', x.Append(y[^1])) + ' ', rings[domains[row]]);
            }
        }
    }

    [Theory]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(100)]
    [InlineData(400)]
    public void An_epoch_visits_each_token_at_most_once_and_leaves_less_than_a_window(int context)
    {
        var source = new BatchSource(3, "m", [(_law, 1)], batch: 1, context);
        var (count, windows) = (_law.Train.Count, _law.Train.Count / context);
        for (var epoch = 0; epoch < 4; epoch++)
        {
            var visited = Enumerable.Range(0, (int)windows).Select(i => source.WindowStart(0, epoch * windows + i))
                .SelectMany(start => Enumerable.Range(0, context).Select(i => (start + i) % count)).ToArray();

            Assert.Equal(visited.Length, visited.Distinct().Count());
            Assert.InRange(count - visited.Length, 0, context - 1);
        }
    }

    [Fact]
    public void Epochs_differ_in_order_and_offset()
    {
        var source = new BatchSource(3, "m", [(_law, 1)], batch: 1, Context);
        var windows = (int)source.Windows(0);
        long[] Epoch(int epoch) => [.. Enumerable.Range(epoch * windows, windows).Select(draw => source.WindowStart(0, draw))];

        Assert.NotEqual(Epoch(0), Epoch(1));
        Assert.NotEqual(Epoch(0).Min(), Epoch(1).Min());
        Assert.NotEqual(Epoch(0).Order(), Epoch(0));
    }

    [Fact]
    public void Shares_are_met_in_every_stretch_of_rows()
    {
        var source = new BatchSource(1, "m", [(_law, 0.7), (_code, 0.3)], Batch, Context);
        var code = 0;
        for (var step = 0; step < 2048; step++)
        {
            code += Fill(source, step).Domains.Sum();
            Assert.InRange(code - 0.3 * Batch * (step + 1), -1.5, 1.5);
        }
    }

    [Fact]
    public void Fill_draws_the_windows_of_a_domain_in_turn()
    {
        var source = Source();
        var draws = new long[2];
        var expected = new long[Context];
        for (var step = 0; step < 1500; step++)
        {
            var (inputs, _, domains) = Fill(source, step);
            for (var row = 0; row < Batch; row++)
            {
                var tokens = domains[row] == 0 ? _law.Train : _code.Train;
                var start = source.WindowStart(domains[row], draws[domains[row]]++);
                if (start + Context > tokens.Count) continue;
                tokens.Read(start, expected);
                Assert.Equal(expected, inputs[(row * Context)..((row + 1) * Context)]);
            }
        }
    }

    [Fact]
    public void Mixes_that_cannot_be_drawn_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new BatchSource(1, "m", [(_law, 0.5), (_code, 0.4)], 1, 8));
        Assert.Throws<ArgumentException>(() => new BatchSource(1, "m", [(_law, 1), (_code, 0)], 1, 8));
        Assert.Throws<ArgumentException>(() => new BatchSource(1, "m", [], 1, 8));
        Assert.Throws<ArgumentException>(() => Source().Fill(0, new long[1], new long[1]));

        var (few, context) = (_code.Train.Count, (int)_code.Train.Count - 1);
        var error = Assert.Throws<DataException>(() => new BatchSource(1, "m", [(_code, 1)], 1, context));
        DocumentReaderTests.AssertOneLine(error, "'code'", $"{few} training tokens", $"{context + 2}", "smaller context");
        _ = new BatchSource(1, "m", [(_code, 1)], 1, context - 1);
    }

    public void Dispose()
    {
        _law.Dispose();
        _code.Dispose();
        _folder.Dispose();
    }

    private BatchSource Source(long seed = 7, string member = "law") => new(seed, member, [(_law, 0.9), (_code, 0.1)], Batch, Context);

    private static (long[] Inputs, long[] Targets, int[] Domains) Fill(BatchSource source, long step)
    {
        var (inputs, targets, domains) = (new long[Batch * Context], new long[Batch * Context], new int[Batch]);
        source.Fill(step, inputs, targets, domains);
        return (inputs, targets, domains);
    }
}
