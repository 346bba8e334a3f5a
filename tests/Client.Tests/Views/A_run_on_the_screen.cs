using System.Text.RegularExpressions;
using Bam.Client.Views;
using Bam.Contracts.Status;
using Spectre.Console;
using Spectre.Console.Testing;

namespace Bam.Client.Tests.Views;

public sealed class A_run_on_the_screen
{
    [Theory]
    [InlineData("running", 60, 24)]
    [InlineData("running", 80, 24)]
    [InlineData("running", 120, 30)]
    [InlineData("running", 200, 40)]
    [InlineData("running", 40, 12)]
    [InlineData("running", 20, 8)]
    [InlineData("running", 120, 3)]
    [InlineData("running", 120, 1)]
    [InlineData("nine", 80, 12)]
    [InlineData("nine", 120, 14)]
    [InlineData("recovering", 80, 24)]
    [InlineData("recovering", 60, 12)]
    [InlineData("unreachable", 120, 30)]
    [InlineData("unreachable", 60, 12)]
    [InlineData("failing", 120, 30)]
    [InlineData("failing", 80, 12)]
    [InlineData("failed", 120, 30)]
    [InlineData("completed", 120, 30)]
    [InlineData("paused", 80, 24)]
    [InlineData("long", 60, 20)]
    [InlineData("long", 80, 20)]
    [InlineData("long", 120, 20)]
    [InlineData("long", 200, 20)]
    public void Fits_its_terminal(string picture, int width, int height)
    {
        var lines = new RunScreen(Pictures.Named(picture), height).Of(width, Glyphs.Unicode);

        Assert.InRange(lines.Count, 1, height);
        Assert.All(lines, line => Assert.InRange(line.Width, 0, width));
        Snapshot.Matches($"{picture}-{width}x{height}", string.Join('\n', lines.Select(line => line.ToString().TrimEnd())));
    }

    [Theory]
    [InlineData("running", 120)]
    [InlineData("failing", 80)]
    [InlineData("failed", 120)]
    [InlineData("completed", 80)]
    public void Has_as_many_lines_as_it_needs_when_it_is_printed_once(string picture, int width) =>
        Snapshot.Matches($"{picture}-{width}", Text(console => console.Write(new RunScreen(Pictures.Named(picture))), width));

    [Theory]
    [InlineData("running", 120)]
    [InlineData("failed", 80)]
    public void Is_ascii_where_the_output_is_not_UTF_8(string picture, int width)
    {
        var text = Text(console => console.Write(new RunScreen(Pictures.Named(picture))), width, unicode: false);

        Assert.All(text, character => Assert.InRange(character, '\n', '~'));
        Snapshot.Matches($"{picture}-{width}-ascii", text);
    }

    [Theory]
    [InlineData("recovering")]
    [InlineData("failing")]
    public void Has_colours_that_say_what_needs_a_look(string picture)
    {
        using var console = new TestConsole().EmitAnsiSequences().Colors(ColorSystem.Standard).Width(100);
        console.Write(new RunScreen(Pictures.Named(picture)));

        Snapshot.Matches($"{picture}-100-colours", console.Output.Replace('\e', '␛').TrimEnd());
    }

    [Fact]
    public void Says_all_of_a_long_error_when_it_is_printed_once_and_takes_it_for_no_markup()
    {
        var text = Text(console => console.Write(new RunScreen(Pictures.Failing)), 60);

        Assert.Contains("[bold]the loss was not finite[/]", text, StringComparison.Ordinal);
        Assert.Contains("and its neighbours", text, StringComparison.Ordinal);
        Assert.Contains("attempt 5 failed [at step 76]", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Never_leaves_state_and_percent_of_a_run_or_a_model_out_from_40_columns_on()
    {
        var running = Pictures.Running;
        for (var width = 40; width <= 200; width++)
        {
            var lines = new RunScreen(running).Of(width, Glyphs.Unicode).Select(line => line.ToString()).ToArray();
            Assert.Matches(@"^four-domains  branch  39%", lines[0]);
            Assert.Contains(lines, line => Regex.IsMatch(line, @"^math +(branch +)?training +38%"));
        }
    }

    [Fact]
    public void Gains_columns_and_never_loses_one_as_it_gets_wider()
    {
        var running = Pictures.Running;
        string[] Titles(int width) => new RunScreen(running).Of(width, Glyphs.Unicode).Select(line => line.ToString())
            .First(line => line.StartsWith("model", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries);

        for (var width = 20; width < 150; width++) Assert.Superset(Titles(width).ToHashSet(), Titles(width + 1).ToHashSet());
        Assert.Equal(["model", "state", "done"], Titles(20));
        Assert.Equal(["model", "kind", "state", "done", "step", "loss", "tokens/s", "MFU", "device", "try", "ETA"], Titles(200));
    }

    [Fact]
    public void Shows_first_what_needs_a_look_and_says_what_it_leaves_out()
    {
        var nine = Pictures.Nine with { Status = Pictures.Nine.Status with { Members = [.. Pictures.Nine.Status.Members.SkipLast(1), Pictures.Failing.Status.Members[1] with { Name = "btx-late" }] } };
        var text = string.Join('\n', new RunScreen(nine, 7).Of(100, Glyphs.Unicode));

        Assert.Matches(@"\nbtx-late +failed .*\n  └ \[bold\]the loss", text);
        Assert.Matches(@"… \d more models not shown: ", text);
    }

    [Fact]
    public void Keeps_within_any_size_whatever_the_run_says()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            var picture = AnyPicture.From(random);
            var (width, height, glyphs) = (random.Next(20, 301), random.Next(1, 60), random.Next(2) == 0 ? Glyphs.Ascii : Glyphs.Unicode);
            foreach (var lines in new[] { new RunScreen(picture, height).Of(width, glyphs), new RunScreen(picture).Of(width, glyphs) })
            {
                Assert.True(lines.All(line => line.Width <= width), $"seed {seed}: a line is wider than {width}");
                Assert.True(lines.All(line => !line.ToString().Any(char.IsControl)), $"seed {seed}: a control character");
            }

            Assert.True(new RunScreen(picture, height).Of(width, glyphs).Count <= height, $"seed {seed}: more lines than {height}");
        }
    }

    [Fact]
    public void Dates_an_event_of_another_day()
    {
        var line = EventLine.Of(Statuses.Event(1, RunEventKind.Launched, "3 branches"), Statuses.Launched + TimeSpan.FromDays(1), TimeZoneInfo.Utc, 80, Glyphs.Unicode);

        Assert.Equal("02-03 04:00:01  launched    3 branches", Assert.Single(line).ToString());
    }

    [Fact]
    public void Is_done_when_it_completed_whatever_its_steps_say() => Assert.Equal(1, Statuses.Completed.Progress);

    [Fact]
    public void Has_a_table_of_perplexities_with_their_mean_and_what_they_took() =>
        Assert.Equal(
            """
                                  Perplexity
            ╭───────┬─────────┬────────┬─────────┬────────┬───────╮
            │ model │ general │    law │ average │ tokens │ FLOPs │
            ├───────┼─────────┼────────┼─────────┼────────┼───────┤
            │ seed  │   8.000 │  4.000 │   6.000 │ 1.64 M │  32 T │
            │ law   │   2.000 │ 16.000 │   9.000 │      - │     - │
            │ bam   │   4.000 │  2.000 │   3.000 │      - │     - │
            ╰───────┴─────────┴────────┴─────────┴────────┴───────╯
            """,
            Text(console => console.Write(ResultScreen.Render(Statuses.Completed))));

    [Fact]
    public void Has_the_mean_share_of_each_expert_over_the_layers()
    {
        var text = Shares(Statuses.Routed[^1]);

        Assert.Equal(
            """
                     Expert shares of bam: FFN
            ╭──────┬───────┬───────┬────────┬─────────╮
            │ text │  seed │   law │ seed 2 │ entropy │
            ├──────┼───────┼───────┼────────┼─────────┤
            │ law  │ 0.375 │ 0.500 │  0.125 │   0.750 │
            ╰──────┴───────┴───────┴────────┴─────────╯
                  Expert shares of bam: attention
            ╭──────┬───────┬───────┬────────┬─────────╮
            │ text │  seed │   law │ seed 2 │ entropy │
            ├──────┼───────┼───────┼────────┼─────────┤
            │ law  │ 0.188 │ 0.625 │  0.188 │   0.375 │
            ╰──────┴───────┴───────┴────────┴─────────╯
            """,
            text);
    }

    [Fact]
    public void Says_where_the_shares_are_after_the_perplexities() => Assert.EndsWith(
        $"what each expert takes of each domain: bam eval {Statuses.Completed.Name}/bam",
        Text(console => console.Write(ResultScreen.Render(Statuses.Completed with { Evaluations = Statuses.Routed }))).TrimEnd(), StringComparison.Ordinal);

    [Fact]
    public void Has_no_attention_shares_for_a_mixture_with_one_attention()
    {
        var averaged = Statuses.Routed[^1] with { Routing = [new([1, 0, 0], 0, [], null)] };
        var text = Shares(averaged);

        Assert.Contains("│ law  │ 1.000 │ 0.000 │  0.000 │   0.000 │", text, StringComparison.Ordinal);
        Assert.DoesNotContain("attention", text, StringComparison.Ordinal);
    }

    private static string Shares(Evaluation evaluation) => Text(console =>
    {
        foreach (var table in ExpertShareTables.Of(evaluation.Model, [(evaluation.Domain, evaluation.Routing)], evaluation.Experts))
            console.Write(table);
    });

    [Fact]
    public void Has_the_best_of_each_column_in_bold()
    {
        var console = new TestConsole().EmitAnsiSequences().Width(120);
        console.Write(PerplexityTable.Of(Statuses.Completed));

        var bold = console.Output.Split("\u001b[1m").Skip(1).Select(part => part[..part.IndexOf('\u001b', StringComparison.Ordinal)].Trim());
        Assert.Equal(["2.000", "2.000", "3.000"], bold.Where(text => text.Contains('.', StringComparison.Ordinal)));
    }

    [Fact]
    public void Has_no_mean_for_a_model_that_was_not_evaluated_everywhere() =>
        Assert.Contains(
            "│ bam   │   4.000 │      - │       - │",
            Text(console => console.Write(PerplexityTable.Of(Statuses.Completed with { Evaluations = [.. Statuses.Evaluations.Take(5)] }))), StringComparison.Ordinal);

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(59.9, "59s")]
    [InlineData(192, "3m12s")]
    [InlineData(7_500, "2h05m")]
    [InlineData(273_600, "3d04h")]
    public void Has_short_durations(double seconds, string text) => Assert.Equal(text, Figures.Duration(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(812, "812")]
    [InlineData(4_194_304, "4.19 M")]
    [InlineData(12_345, "12.3 K")]
    [InlineData(1e15, "1 P")]
    [InlineData(1.374e21, "1.37 Z")]
    public void Has_short_counts(double number, string text) => Assert.Equal(text, Figures.Scaled(number));

    [Fact]
    public void Never_calls_what_is_not_done_100_percent() => Assert.Equal(("99%", "100%", "29%"), (Figures.Percent(0.9999), Figures.Percent(1), Figures.Percent(0.29)));

    private static string Text(Action<TestConsole> write, int width = 140, bool unicode = true)
    {
        using var console = new TestConsole().Width(width);
        console.Profile.Capabilities.Unicode = unicode;
        write(console);
        return string.Join('\n', console.Lines.Select(line => line.TrimEnd())).TrimEnd();
    }
}
