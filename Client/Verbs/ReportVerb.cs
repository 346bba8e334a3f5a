using System.CommandLine;
using Bam.Client.Reports;

namespace Bam.Client.Verbs;

/// <summary><c>bam report RUN</c>: a run as a page to show to others.</summary>
internal sealed class ReportVerb : IVerb
{
    private readonly Argument<string> _run = new("RUN") { Description = "Name of the run" };

    private readonly Option<string?> _out =
        new("--out") { Description = "Folder of the report; an earlier report there is replaced (default: ./RUN-report)", HelpName = "DIR" };

    public ReportVerb(GlobalOptions options, Terminal terminal, ClusterLink cluster, TimeProvider time)
    {
        _out.MustBe(folder => folder is null || !string.IsNullOrWhiteSpace(folder), "a folder");
        Command = new("report", "Write a run up: one HTML page, Markdown and plots") { _run, _out };
        Command.SetAction(async (line, cancellation) =>
        {
            var run = line.GetRequiredValue(_run);
            await using var client = await cluster.Open(line, cancellation).ConfigureAwait(false);
            var facts = await ReportFacts.Read(client, run, time.GetUtcNow(), cancellation).ConfigureAwait(false);
            var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(line.GetValue(_out) ?? $"{run}-report"));
            var folder = new ReportFolder(path);
            folder.Check();
            var files = folder.Write(RunReport.Of(facts, cancellation));
            if (options.Json(line))
                JsonOutput.Write(terminal.Output, new { Run = run, Folder = path, Files = files, Facts = facts });
            else
                await terminal.Output.WriteLineAsync($"the report of {run} is in {path}: {ReportFolder.Html} (all in one file), {ReportFolder.Markdown}, {files.Count - 2} plots").ConfigureAwait(false);
            return ExitCode.Done;
        });
    }

    public Command Command { get; }
}
