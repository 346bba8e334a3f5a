using System.Globalization;
using Bam.Client.Reports.Pages;
using Bam.Client.Views;
using Bam.Contracts.Status;

namespace Bam.Client.Reports;

/// <summary>Composes a report from the facts, a group of sections a file: what is not there yet is said in a line.</summary>
internal static partial class RunReport
{
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
