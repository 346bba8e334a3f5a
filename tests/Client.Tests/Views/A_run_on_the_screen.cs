using Bam.Client.Views;
using Bam.Contracts.Status;
using Spectre.Console.Testing;

namespace Bam.Client.Tests.Views;

public sealed class A_run_on_the_screen
{
    private static readonly DateTimeOffset Now = Statuses.Launched + TimeSpan.FromSeconds(192);

    [Fact]
    public void Shows_header_phases_models_and_events() =>
        Assert.Equal(
            """
            four branch  #####....... 47%  elapsed 3m12s  ETA 4m10s  goodput 97%
            seed > branch > gather > mix > continue > evaluate
            ╭───────┬─────────┬───────────┬───────────────────┬───────┬───────┬──────────┬────────────┬─────────┬──────────╮
            │ model │ kind    │ state     │ progress          │   ETA │  loss │ tokens/s │ device     │ attempt │ restarts │
            ├───────┼─────────┼───────────┼───────────────────┼───────┼───────┼──────────┼────────────┼─────────┼──────────┤
            │ seed  │ seed    │ completed │ ############ 100% │     - │ 1.500 │        - │ -          │       1 │        0 │
            │ law   │ branch  │ training  │ ###.........  25% │ 1m05s │ 2.250 │     8123 │ silo-1/cpu │       2 │        1 │
            │ bam   │ mixture │ pending   │ ............   0% │     - │     - │        - │ -          │       - │        0 │
            ╰───────┴─────────┴───────────┴───────────────────┴───────┴───────┴──────────┴────────────┴─────────┴──────────╯
            04:00:07 law: resumes from step 50 [attempt 2]
            reconnecting...
            """,
            Text(console => console.Write(RunScreen.Render(
                Statuses.Branching, [Statuses.Event(7, RunEventKind.Resumed, "resumes from step 50 [attempt 2]", "law")], Now, reconnecting: true))));

    [Fact]
    public void Says_why_it_failed_and_keeps_to_one_line_a_fact() =>
        Assert.Contains(
            "\nlaw: out of memory [step 3]  in two lines\n",
            Text(console => console.Write(RunScreen.Render(
                Statuses.Branching with { Phase = RunPhase.Failed, Error = "law: out of memory [step 3]\r\nin two lines" }, [], Now))),
            StringComparison.Ordinal);

    [Fact]
    public void Shows_the_last_lines_of_what_failed() => Assert.EndsWith(
        """
        law failed: out of memory
          attempt 5 goes on from step 50
          attempt 5 failed [at step 75]
        """,
        Text(console => console.Write(RunScreen.Render(Statuses.Failed, [], Now))), StringComparison.Ordinal);

    [Fact]
    public void Says_that_it_is_paused() =>
        Assert.StartsWith("four branch (paused)  ", Text(console => console.Write(RunScreen.Render(Statuses.Branching with { Paused = true }, [], Now))), StringComparison.Ordinal);

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

    private static string Text(Action<TestConsole> write)
    {
        using var console = new TestConsole().Width(140);
        write(console);
        return string.Join('\n', console.Lines.Select(line => line.TrimEnd())).TrimEnd();
    }
}
