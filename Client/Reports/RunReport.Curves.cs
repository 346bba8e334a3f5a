using Bam.Client.Reports.Pages;
using Bam.Client.Reports.Plots;
using Bam.Contracts.Status;

namespace Bam.Client.Reports;

/// <summary>The losses over the training.</summary>
internal static partial class RunReport
{
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
}
