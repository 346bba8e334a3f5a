using System.Text.RegularExpressions;

namespace Bam.Training.Tests.Corpora;

public sealed partial class LawCorpusTests
{
    private static readonly List<string> Laws = BuiltInCorpusTests.Take("law", 1000);

    [Fact]
    public void Every_reference_leads_to_a_section_that_exists() => Assert.All(Laws, law =>
    {
        var places = new HashSet<string>();
        var section = "";
        foreach (var line in law.Split('\n'))
        {
            if (Heading().Match(line) is { Success: true } heading) places.Add(section = heading.Groups[1].Value);
            else if (Subsection().Match(line) is { Success: true } subsection) places.Add($"{section}({subsection.Groups[1].Value})");
        }

        var references = Reference().Matches(law).Select(m => m.Groups[1].Value).ToList();
        Assert.NotEmpty(references);
        Assert.Subset(places, references.ToHashSet());
    });

    [Fact]
    public void Every_defined_term_is_used_and_defined_once() => Assert.All(Laws, law =>
    {
        var terms = Quoted().Matches(law).Select(m => m.Groups[1].Value).ToList();
        Assert.NotEmpty(terms);
        Assert.Equal(terms.Count, terms.Distinct().Count());
        Assert.All(terms, term => Assert.Contains($"he {term}", law));
    });

    [Fact]
    public void Some_clauses_nest_three_deep() =>
        Assert.Contains(Laws, law => law.Contains("\n    (a)") && law.Contains("\n        (1)") && law.Contains("\n            (A)"));

    [GeneratedRegex(@"^(?:§ )?(\d+(?:-\d+)?)\. ")]
    private static partial Regex Heading();

    [GeneratedRegex(@"^    \(([a-z])\) ")]
    private static partial Regex Subsection();

    [GeneratedRegex(@"[Ss]ection (\d+(?:-\d+)?(?:\([a-z]\))?)")]
    private static partial Regex Reference();

    [GeneratedRegex("\"([^\"]+)\"")]
    private static partial Regex Quoted();
}
