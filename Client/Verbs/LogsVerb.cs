using System.CommandLine;
using Bam.Client.RunFiles;
using Bam.Client.Runs;
using Bam.Client.Views;

namespace Bam.Client.Verbs;

/// <summary><c>bam logs RUN [BRANCH]</c>: the event log of a run, or what the attempts at one model wrote.</summary>
internal sealed class LogsVerb : IVerb
{
    private readonly Argument<string> _run = new("RUN") { Description = "Name of the run" };
    private readonly Argument<string?> _model = new("BRANCH") { Description = "Seed model, branch or mixture; without it, the events of the run", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<int> _lines = new("--lines") { Description = "Last lines to show, up to 1000", HelpName = "N", DefaultValueFactory = _ => 100 };

    public LogsVerb(GlobalOptions options, Terminal terminal, ClusterLink cluster)
    {
        _lines.MustBe(lines => lines is >= 1 and <= 1000, "a whole number from 1 to 1000");
        Command = new("logs", "Show the events of a run, or the log of one model of it") { _run, _model, _lines };
        Command.SetAction(async (line, cancellation) =>
        {
            var (run, count) = (line.GetRequiredValue(_run), line.GetValue(_lines));
            await using var client = await cluster.Open(line, cancellation).ConfigureAwait(false);
            var status = await RunWatcher.StatusOf(client, run, cancellation).ConfigureAwait(false);
            if (line.GetValue(_model) is { } name)
                Show(line, await client.ReadLog(run, new ModelReference(null, run, name).In(status).Name, count, cancellation).ConfigureAwait(false), text => text);
            else
                Show(line, [.. (await RunWatcher.EventsOf(client, run, cancellation).ConfigureAwait(false)).TakeLast(count)], PlainLines.Event);
            return ExitCode.Done;
        });

        void Show<T>(ParseResult line, IReadOnlyList<T> lines, Func<T, string> text)
        {
            if (options.Json(line))
            {
                JsonOutput.Write(terminal.Output, lines);
                return;
            }

            foreach (var item in lines)
                terminal.Output.WriteLine(Printable.Line(text(item)));
        }
    }

    public Command Command { get; }
}
