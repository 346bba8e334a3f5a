using System.Text.Json;
using Bam.Client.Tests.Verbs;
using Bam.Client.Tests.Views;

namespace Bam.Client.Tests.Reports;

public sealed class A_report_verb : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bam-report-").FullName;
    private readonly FakeCluster _cluster = new() { Launched = Reported.Spec };

    public A_report_verb()
    {
        _cluster.Add(Reported.Completed.Status);
        _cluster.Events.AddRange(Reported.Completed.Events);
        _cluster.Histories.AddRange(Reported.Completed.Histories);
    }

    private string Out => Path.Combine(_folder, "out");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Writes_the_pages_and_the_plots_and_says_where()
    {
        Assert.Equal(new(0, $"the report of four is in {Out}: report.html (all in one file), report.md, 12 plots\n", ""), await Run("report", "four", "--out", Out));

        Assert.Equal(
            ["experts-bam-dark.png", "experts-bam.png", "loss-branches-dark.png", "loss-branches.png", "loss-mixtures-dark.png", "loss-mixtures.png", "report.html", "report.md",
                "timeline-dark.png", "timeline.png", "validation-general-dark.png", "validation-general.png", "validation-law-dark.png", "validation-law.png"],
            Names(Out));
        Assert.StartsWith("# four\n", await File.ReadAllTextAsync(Path.Combine(Out, "report.md"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(["out"], Names(_folder));
    }

    [Fact]
    public async Task Replaces_an_earlier_report_with_all_of_its_files()
    {
        await Run("report", "four", "--out", Out);
        var cluster = new FakeCluster();
        cluster.Add(Statuses.Branching);

        Assert.Equal(0, (await ConsoleRun.Of(cluster, cancellation: TestContext.Current.CancellationToken, arguments: ["report", "four", "--out", Out])).ExitCode);

        Assert.Equal(["report.html", "report.md"], Names(Out));
        Assert.Equal(["out"], Names(_folder));
    }

    [Fact]
    public async Task Leaves_a_folder_alone_that_has_anything_else()
    {
        await Run("report", "four", "--out", Out);
        await File.WriteAllTextAsync(Path.Combine(Out, "thesis.tex"), "x", TestContext.Current.CancellationToken);
        var before = Names(Out);

        Assert.Equal(new(2, "", $"--out: {Out} has 'thesis.tex', which is no part of a report; give another folder, or empty this one\n"), await Run("report", "four", "--out", Out));
        Assert.Equal(before, Names(Out));

        Directory.CreateDirectory(Path.Combine(_folder, "site"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "site", "report.html"), "<html>mine</html>", TestContext.Current.CancellationToken);
        Assert.Equal(2, (await Run("report", "four", "--out", Path.Combine(_folder, "site"))).ExitCode);
        Assert.Equal("<html>mine</html>", await File.ReadAllTextAsync(Path.Combine(_folder, "site", "report.html"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Refuses_what_is_no_folder_or_cannot_be_written_in_a_line()
    {
        await File.WriteAllTextAsync(Out, "x", TestContext.Current.CancellationToken);

        Assert.Equal(new(2, "", $"--out: {Out} is a file; give a folder\n"), await Run("report", "four", "--out", Out));
        var nowhere = await Run("report", "four", "--out", "/proc/nowhere/report");
        Assert.Equal((2, ""), (nowhere.ExitCode, nowhere.Output));
        Assert.Matches("^--out: /proc/nowhere/report cannot be written: .*; give another folder\n$", nowhere.Error);
    }

    [Fact]
    public async Task Names_the_nearest_run_and_writes_nothing()
    {
        Assert.Equal(new(2, "", "no run 'for'; did you mean 'four'? (runs: four)\n"), await Run("report", "for", "--out", Out));
        Assert.Empty(Names(_folder));
    }

    [Fact]
    public async Task Has_its_facts_as_a_document()
    {
        var document = JsonDocument.Parse((await Run("report", "four", "--out", Out, "--json")).Output).RootElement;

        Assert.Equal(("four", Out, 14), (document.GetProperty("run").GetString(), document.GetProperty("folder").GetString(), document.GetProperty("files").GetArrayLength()));
        var facts = document.GetProperty("facts");
        Assert.Equal([17, 100, 16], [
            facts.GetProperty("status").GetProperty("members")[1].GetProperty("steps_lost").GetInt32(),
            facts.GetProperty("histories")[0].GetProperty("training").GetArrayLength(), facts.GetProperty("events").GetArrayLength(),
        ]);
        Assert.Equal(32, facts.GetProperty("spec").GetProperty("model").GetProperty("width").GetInt32());
    }

    private Task<ConsoleRun> Run(params string[] arguments) => ConsoleRun.Of(_cluster, cancellation: TestContext.Current.CancellationToken, arguments: arguments);

    private static string[] Names(string folder) =>
        [.. Directory.EnumerateFileSystemEntries(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
