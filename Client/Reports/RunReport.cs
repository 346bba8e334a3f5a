using System.Globalization;
using Bam.Client.Plans;
using Bam.Client.Reports.Pages;
using Bam.Client.Reports.Plots;
using Bam.Client.Views;
using Bam.Contracts.Runs;
using Bam.Contracts.Status;

namespace Bam.Client.Reports;

/// <summary>Composes a report from the facts: what is not there yet is said in a line.</summary>
internal static class RunReport
{
    private const int MostMishaps = 60;

    public static ReportDocument Of(ReportFacts facts, CancellationToken cancellation = default)
    {
        var status = facts.Status;
        var blocks = new List<Block> { Headline(facts) };
        if (status.Error is { } error) blocks.Add(new Block.Alarm(error));
        foreach (var section in new Func<ReportFacts, IEnumerable<Block>>[] { Losses, Validation, Perplexities, Shares, Times, Models, Configuration, Checkpoints, Makers })
        {
            cancellation.ThrowIfCancellationRequested();
            blocks.AddRange(section(facts));
        }

        var seen = status.HasEnded ? $"ended {Moment(facts.Until)}" : $"as seen {Moment(facts.At)}";
        return new(status.Name, $"A BamOrleans run: {Count(facts, MemberKind.Branch, "branch", "branches")}, {Count(facts, MemberKind.Mixture, "mixture", "mixtures")}; launched {Moment(status.Launched)}, {seen}.", blocks);
    }

    private static string Count(ReportFacts facts, MemberKind kind, string one, string more) =>
        facts.Status.Members.Count(member => member.Kind == kind) is var count && count == 1 ? $"1 {one}" : $"{count} {more}";

    private static Block.Headline Headline(ReportFacts facts)
    {
        var (status, members) = (facts.Status, facts.Status.Members);
        return new(
        [
            ("State", status.HasEnded ? Word(status.Phase) : $"{(status.Paused ? "paused, " : "")}{Word(status.Phase)} {Figures.Percent(status.Progress)}"),
            ("Duration", Figures.Duration(facts.Until - status.Launched)),
            ("Tokens trained", Figures.Scaled(members.Sum(member => member.Tokens))),
            ("Training FLOPs", Figures.Scaled(members.Sum(member => member.Flops))),
            ("Goodput", Figures.Percent(status.Goodput)),
            ("Restarts", Figures.Exact(members.Sum(member => (long)member.Restarts))),
            ("Steps lost", Figures.Exact(members.Sum(member => member.StepsLost))),
        ]);
    }

    private static IEnumerable<Block> Losses(ReportFacts facts)
    {
        yield return new Block.Heading(2, "Training loss");
        var any = false;
        var seed = facts.Status.Members.FirstOrDefault(member => member.Kind == MemberKind.Seed);
        foreach (var (name, what, isMixture) in new[] { ("loss-branches", "seed model and branches", false), ("loss-mixtures", "mixtures", true) })
        {
            var curves = facts.Status.Members.Index()
                .Where(member => member.Item.Kind == MemberKind.Mixture == isMixture)
                .Select(member => (History: facts.History(member.Item.Name), member.Index, First: member.Item.Kind == MemberKind.Branch ? seed?.Tokens ?? 0 : 0))
                .Where(curve => curve.History is { Training.Count: > 0 })
                .Select(curve => (curve.History!, curve.Index, curve.First)).ToArray();
            if (curves.Length == 0) continue;
            any = true;
            var where = isMixture ? "Mixtures, each over its own tokens." : "The seed model, then the branches, which begin as copies of it.";
            yield return new Block.Figure(
                LossPlot.Of(name, curves), $"Training loss of the {what} over tokens", $"{where} {LossPlot.Smoothing(curves.Select(curve => curve.Item1))}");
        }

        if (!any) yield return new Block.Paragraph("No training loss has been read yet.");
    }

    private static IEnumerable<Block> Validation(ReportFacts facts)
    {
        yield return new Block.Heading(2, "Validation loss");
        var domains = facts.Histories.SelectMany(history => history.Validation).Select(point => point.Domain).Distinct().ToArray();
        var drawn = new List<string>();
        foreach (var domain in domains)
        {
            var curves = facts.Status.Members.Index()
                .Select(member => (member.Item.Name, member.Index, Points: Points(facts, member.Item, domain)))
                .Where(curve => curve.Points.Length > 1)
                .Select(curve => (curve.Name, curve.Index, curve.Points.Select(point => point.Tokens).ToArray(), curve.Points.Select(point => point.Loss).ToArray())).ToArray();
            if (curves.Length == 0) continue;
            drawn.Add(domain);
            yield return new Block.Heading(3, domain);
            yield return new Block.Figure(
                ValidationPlot.Of(Slug("validation", domain, drawn.Count), curves), $"Validation loss on {domain} over tokens",
                $"On the validation text of {domain}, over each model's own tokens; a mixture's first point is its loss before its first step, and the last point of each is the finished model. Models that were validated there only at their end stand in the table below.");
        }

        if (drawn.Count == 0)
        {
            yield return new Block.Paragraph(domains.Length == 0
                ? "Nothing has been validated yet."
                : "No model was validated at more than one moment (evaluate.every of the run file says how often); the table below has the finished models.");
        }
    }

    private static (double Tokens, double Loss)[] Points(ReportFacts facts, MemberStatus member, string domain)
    {
        if (facts.History(member.Name) is not { } history) return [];
        var perStep = history.Training is [.., { Step: > 0 } last] ? (double)last.Tokens / last.Step : 0;
        return [.. history.Validation.Where(point => point.Domain == domain).Select(point => (point.Step * perStep, point.Loss))];
    }

    private static IEnumerable<Block> Perplexities(ReportFacts facts)
    {
        yield return new Block.Heading(2, "Perplexity");
        if (facts.Status.Evaluations.Count == 0)
        {
            yield return new Block.Paragraph("No model is finished and evaluated yet.");
            yield break;
        }

        var grid = PerplexityGrid.Of(facts.Status);
        yield return new Block.Table(
            [("model", false), .. grid.Columns.Select(column => (column, true)), ("tokens", true), ("FLOPs", true)],
            [.. grid.Rows.Select(row => (IReadOnlyList<Cell>)[row.Model, .. row.Cells.Select(cell => new Cell(Figures.Measure(cell.Value), cell.IsBest)), row.Tokens, row.Flops])]);
        yield return new Block.Paragraph($"Perplexity of the finished models on each domain's validation text, lower is better, the best of each column in bold; tokens and FLOPs are those of the model's own training.{Windows(facts)}");
    }

    private static string Windows(ReportFacts facts)
    {
        var shapes = facts.Status.Evaluations.Where(one => one.Window > 0).Select(one => (one.Window, one.Stride)).Distinct().ToArray();
        return shapes is [var (window, stride)]
            ? string.Create(CultureInfo.InvariantCulture, $" Windows of {window} tokens, {stride} apart.")
            : "";
    }

    private static IEnumerable<Block> Shares(ReportFacts facts)
    {
        yield return new Block.Heading(2, "Expert shares");
        var routed = facts.Status.Evaluations.Where(one => one.Routing.Count > 0).GroupBy(one => one.Model).ToArray();
        if (routed.Length == 0)
        {
            yield return new Block.Paragraph("No mixture with routers is finished and evaluated yet.");
            yield break;
        }

        yield return new Block.Paragraph("What each expert takes of each domain's validation text, as the mean over the layers: the part of the tokens that it gets (FFN), and its mean gate (attention).");
        foreach (var (index, model) in routed.Index())
        {
            ExpertShares[] maps = [.. ExpertShares.Of([.. model.Select(one => (one.Domain, one.Routing))], model.First().Experts)];
            yield return new Block.Heading(3, model.Key);
            yield return new Block.Figure(
                SharePlot.Of(Slug("experts", model.Key, index + 1), maps), $"Expert shares of {model.Key} by domain",
                $"{model.Key}: {string.Join("; ", maps.Select(map => $"mean entropy of the {map.Router} gates {Figures.Measure(map.Rows.Average(row => row.Entropy), 2)} nats"))} (even gates have {Figures.Measure(Math.Log(maps[0].Experts.Count), 2)}).");
        }
    }

    private static IEnumerable<Block> Times(ReportFacts facts)
    {
        yield return new Block.Heading(2, "Timeline");
        var timeline = Timeline.Of(facts.Events, facts.Until);
        var models = facts.Status.Members.Select(member => member.Name).ToArray();
        if (timeline.Phases.Count + timeline.Spans.Count == 0)
        {
            yield return new Block.Paragraph("Nothing has begun yet.");
        }
        else
        {
            var missing = facts.Events.Count > 0 ? facts.Events[0].Sequence - 1 : 0;
            yield return new Block.Figure(
                TimelinePlot.Of(timeline, models, facts.Status.Launched, facts.Until), "Phases of the run and what each model did when",
                "Bars: training and evaluation in the model's colour, thin and pale while it waits for a device or is prepared, thin and red while it recovers; notches are checkpoints, red diamonds are mishaps." +
                (missing > 0 ? $" The first {Figures.Exact(missing)} events are not kept any more." : ""));
        }

        yield return new Block.Heading(3, "Recoveries and mishaps");
        var mishaps = facts.Events.Where(line => Said(line.Kind) is not null).ToArray();
        if (mishaps.Length == 0)
        {
            yield return new Block.Paragraph("None: every model trained in one attempt, and every checkpoint was written at the first try.");
            yield break;
        }

        yield return new Block.Table(
            [("time (UTC)", false), ("after", true), ("model", false), ("what", false), ("from step", true), ("attempt", true), ("reason", false)],
            [.. mishaps.TakeLast(MostMishaps).Select(line => (IReadOnlyList<Cell>)
            [
                line.Time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture), Figures.Duration(line.Time - facts.Status.Launched),
                line.Member ?? "the run", Said(line.Kind)!, line.Step is { } step ? Figures.Exact(step) : "", line.Attempt is { } attempt ? Figures.Exact(attempt) : "", line.Text,
            ])]);
        if (mishaps.Length > MostMishaps)
            yield return new Block.Paragraph($"These are the last {MostMishaps} of {mishaps.Length}; bam logs {facts.Status.Name} has all that are kept.");
    }

    /// <summary>What a line of the event log is to the table of mishaps; null for what goes as it should.</summary>
    private static string? Said(RunEventKind kind) => kind switch
    {
        RunEventKind.Lost => "lost",
        RunEventKind.TrainingFailed => "attempt failed",
        RunEventKind.Resumed => "resumed",
        RunEventKind.MemberFailed => "failed",
        RunEventKind.CheckpointDamaged => "checkpoint damaged",
        RunEventKind.SaveFailed => "checkpoint not saved",
        RunEventKind.BatchSkipped => "batch left out",
        RunEventKind.Paused => "paused",
        RunEventKind.Continued => "continued",
        RunEventKind.Retried => "tried again",
        _ => null,
    };

    private static IEnumerable<Block> Models(ReportFacts facts)
    {
        yield return new Block.Heading(2, "Models");
        if (facts.Spec is { Model: var shape })
        {
            yield return new Block.Paragraph(string.Create(CultureInfo.InvariantCulture,
                $"Dense models have {shape.Layers} layers of width {shape.Width}, {shape.Heads} heads ({shape.KvHeads} of keys and values), FFN width {shape.Ffn}, a context of {shape.Context} tokens, {(shape.Tied ? "a tied head" : "a head of its own")}, tokenizer {facts.Spec.Tokenizer}."));
        }

        var plans = facts.Spec is { } spec ? RunPlan.Of(spec).Models.ToDictionary(plan => plan.Name) : [];
        yield return new Block.Table(
            [
                ("model", false), ("kind", false), ("state", false), ("parameters", true), ("active", true), ("steps", true), ("tokens", true),
                ("FLOPs", true), ("attempts", true), ("restarts", true),
            ],
            [.. facts.Status.Members.Select(member => Row(member, plans.GetValueOrDefault(member.Name)))]);
        if (facts.Spec is not null)
        {
            yield return new Block.Table(
                [("model", false), ("made of", false)], [.. facts.Status.Members.Select(member => (IReadOnlyList<Cell>)[member.Name, Made(facts.Spec, member)])]);
        }

        foreach (var failed in facts.Status.Members.Where(member => member.State == MemberState.Failed))
        {
            yield return new Block.Alarm($"{failed.Name} failed: {failed.Error ?? "no reason known"}");
            if (failed.LogTail.Count > 0) yield return new Block.Code("text", string.Join('\n', failed.LogTail));
        }

        IReadOnlyList<Cell> Row(MemberStatus member, ModelPlan? plan) =>
        [
            member.Name, Word(member.Kind), Word(member.State),
            Number(member.Parameters > 0 ? member.Parameters : plan?.Parameters ?? 0), Number(plan?.ActiveParameters ?? 0),
            member.TargetSteps == 0 ? "-" : member.Step == member.TargetSteps ? Figures.Exact(member.Step) : $"{Figures.Exact(member.Step)} of {Figures.Exact(member.TargetSteps)}",
            Number(member.Tokens), Number(member.Flops), member.Attempt > 0 ? Figures.Exact(member.Attempt) : "-", Figures.Exact(member.Restarts),
        ];
    }

    private static string Made(RunSpec spec, MemberStatus member)
    {
        if (member.Kind != MemberKind.Mixture) return Data(member.Kind == MemberKind.Seed ? spec.SeedModel.Domains : spec.Branches.FirstOrDefault(branch => branch.Name == member.Name)?.Domains);
        return spec.Mixtures.FirstOrDefault(mixture => mixture.Name == member.Name) switch
        {
            null => "-",
            { Kind: MixtureKind.Dense } dense => $"{dense.Experts[0]}, trained further",
            { Kind: MixtureKind.Ensemble } ensemble => $"{string.Join(", ", ensemble.Experts)} side by side",
            { } mixture => $"{string.Join(", ", mixture.Experts)}; attention {Word(mixture.Attention)}{(mixture.Attention is AttentionMode.Averaged or AttentionMode.Seed ? "" : $", kv {Word(mixture.Kv)}")}, FFN top {Figures.Exact(mixture.FfnTopK)}",
        };
    }

    private static string Data(IReadOnlyList<DomainShare>? domains) => domains is null or []
        ? "-"
        : string.Join(", ", domains.Select(share => $"{share.Domain} {Figures.Percent(share.Share)}"));

    private static IEnumerable<Block> Configuration(ReportFacts facts)
    {
        yield return new Block.Heading(2, "Configuration");
        if (facts.Spec is not { } spec)
        {
            yield return new Block.Paragraph("The cluster did not tell what was launched.");
            yield break;
        }

        yield return new Block.Paragraph("The run as it was launched, with every default, paths absolute and lengths in steps.");
        yield return new Block.Code("yaml", SpecYaml.Of(spec));
    }

    private static IEnumerable<Block> Checkpoints(ReportFacts facts)
    {
        yield return new Block.Heading(2, "Checkpoints");
        var saved = facts.Status.Members.Where(member => member.CheckpointHash is not null).ToArray();
        if (saved.Length == 0)
        {
            yield return new Block.Paragraph("No checkpoint has been published yet.");
            yield break;
        }

        yield return new Block.Table(
            [("model", false), ("step", true), ("SHA-256 of model.safetensors", false), ("folder", false)],
            [.. saved.Select(member => (IReadOnlyList<Cell>)[member.Name, Figures.Exact(member.CheckpointStep), new Cell(member.CheckpointHash!, IsCode: true), new Cell(member.CheckpointFolder ?? "", IsCode: true)])]);
    }

    private static IEnumerable<Block> Makers(ReportFacts facts)
    {
        yield return new Block.Heading(2, "Versions");
        yield return new Block.Table([("program", false), ("version", false)], [.. facts.Versions.Select(version => (IReadOnlyList<Cell>)[version.Key, version.Value])]);
        yield return new Block.Paragraph($"Of the console that wrote this report {Moment(facts.At)}.");
    }

    private static string Number(double number) => number > 0 ? Figures.Scaled(number) : "-";

    private static string Moment(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>A file name from a name of the user's; names of which nothing is left are told apart by their number.</summary>
    private static string Slug(string kind, string name, int number)
    {
        var safe = string.Concat(name.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')).Trim('-');
        return safe == name ? $"{kind}-{safe}" : string.Create(CultureInfo.InvariantCulture, $"{kind}-{number}-{safe}").TrimEnd('-');
    }

    private static string Word<T>(T value)
        where T : struct, Enum => Verbs.JsonOutput.Word(value);
}
