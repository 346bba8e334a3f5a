using System.CommandLine;
using Bam.Client.Clusters;
using Bam.Client.RunFiles;
using Bam.Client.Runs;
using Bam.Client.Views;

namespace Bam.Client.Verbs;

/// <summary><c>bam eval MODEL</c>: perplexity of a model on files, or what its run measured at the end.</summary>
internal sealed class EvalVerb : IVerb
{
    private readonly Argument<string> _model = new("MODEL") { Description = "Folder with model.safetensors and config.json, or RUN/NAME" };

    private readonly Option<string[]> _data = new("--data")
    {
        Description = "File, folder or glob of text; may repeat. Without it, what the run itself measured",
        HelpName = "FILE",
    };

    private readonly Option<int?> _stride =
        new("--stride") { Description = "Tokens between two windows (default: the context, no overlap)", HelpName = "N" };

    private readonly Option<int> _batch =
        new("--batch") { Description = "Windows in one forward pass", HelpName = "N", DefaultValueFactory = _ => 8 };

    private readonly GlobalOptions _options;
    private readonly Terminal _terminal;
    private readonly ClusterLink _cluster;
    private readonly IModelEvaluation _evaluation;

    public EvalVerb(GlobalOptions options, Terminal terminal, ClusterLink cluster, IModelEvaluation evaluation)
    {
        (_options, _terminal, _cluster, _evaluation) = (options, terminal, cluster, evaluation);
        _stride.MustBe(stride => stride is null or >= 1, "a whole number of at least 1");
        _batch.MustBe(batch => batch is >= 1 and <= 65_536, "a whole number from 1 to 65536");
        Command = new("eval", "Perplexity of a model by domain or file") { _model, _data, _stride, _batch };
        Command.SetAction(Evaluate);
    }

    public Command Command { get; }

    private async Task<int> Evaluate(ParseResult line, CancellationToken cancellation)
    {
        var model = ModelReference.Parse(line.GetRequiredValue(_model));
        var patterns = line.GetValue(_data) ?? [];
        if (model.Folder is not null && patterns.Length == 0)
            throw new UserException("bam: a folder has no text of its own: give it with --data FILE", 2);
        if (patterns.Length == 0 && (line.GetResult(_stride) is { Implicit: false } || line.GetResult(_batch) is { Implicit: false }))
            throw new UserException("bam: --stride and --batch need text to evaluate: give it with --data FILE", 2);
        var files = Files(patterns);
        var rows = patterns.Length == 0
            ? await Stored(model, line, cancellation).ConfigureAwait(false)
            : _evaluation.Evaluate(
                await _cluster.Folder(model, line, cancellation).ConfigureAwait(false),
                files, line.GetValue(_stride), line.GetValue(_batch), cancellation);

        if (_options.Json(line)) JsonOutput.Write(_terminal.Output, new { Model = line.GetRequiredValue(_model), Evaluations = rows });
        else Show(line.GetRequiredValue(_model), rows);
        return ExitCode.Done;
    }

    private void Show(string model, IReadOnlyList<EvaluationRow> rows)
    {
        _terminal.Screen.Write(EvaluationTable.Of(rows));
        var routed = rows.Where(row => row.Routing.Count > 0).Select(row => (row.Name, row.Routing)).ToList();
        if (routed.Count == 0) return;
        foreach (var table in ExpertShareTables.Of(model, routed, rows[^1].Experts)) _terminal.Screen.Write(table);
    }

    private async Task<IReadOnlyList<EvaluationRow>> Stored(ModelReference model, ParseResult line, CancellationToken cancellation)
    {
        await using var client = await _cluster.Open(line, cancellation).ConfigureAwait(false);
        var status = await RunWatcher.StatusOf(client, model.Run!, cancellation).ConfigureAwait(false);
        var name = model.In(status).Name;
        IReadOnlyList<EvaluationRow> rows =
        [
            .. status.Evaluations.Where(one => one.Model == name).GroupBy(one => one.Domain)
                .Select(domain => EvaluationRow.Of(domain.Last())),
        ];
        return rows.Count > 0
            ? rows
            : throw new UserException($"{model.Run} has not evaluated '{name}' yet; give text with --data FILE", ExitCode.Failed);
    }

    private static List<string> Files(IReadOnlyList<string> patterns)
    {
        var files = new List<string>();
        foreach (var pattern in patterns)
        {
            files.AddRange(SourcePatterns.Resolve(pattern, Environment.CurrentDirectory, out var problem));
            if (problem is not null) throw new UserException($"--data: {problem}", 2);
        }

        return [.. files.Distinct()];
    }
}
