using System.Text.RegularExpressions;

namespace Bam.Training.Tests.Corpora;

public sealed partial class MathCorpusTests
{
    private static readonly List<string> Pages = BuiltInCorpusTests.Take("math", 2000);

    [Fact]
    public void Every_equation_between_numbers_holds()
    {
        var equations = Pages.SelectMany(page => Equation().Matches(page)).ToList();

        Assert.True(equations.Count > 8 * Pages.Count);
        Assert.All(equations, match =>
        {
            var (a, b, result) = (Number(match, "a"), Number(match, "b"), Number(match, "result"));
            var value = match.Groups["op"].Value switch
            {
                "+" => a + b,
                "-" => a - b,
                "*" or @"\times" or @"\cdot" => a * b,
                _ => a / b,   // decimal: a quotient with a remainder would differ
            };
            Assert.True(value == result, match.Value);
        });
        Assert.Equal([@"\cdot", @"\div", @"\times", "*", "+", "-", "/"], equations.Select(m => m.Groups["op"].Value).ToHashSet());
    }

    [Fact]
    public void Every_answer_for_x_solves_the_equation_of_its_problem()
    {
        var problems = Pages.SelectMany(page => page.Split("Problem ")).Where(p => p.Contains("Solve")).ToList();

        Assert.NotEmpty(problems);
        Assert.All(problems, problem =>
        {
            var x = Number(Answer().Match(problem), "x");
            var lines = LinearEquation().Matches(problem);
            Assert.True(lines.Count >= 2, problem);
            Assert.All(lines, m => Assert.True(Side(m, "l", x) == Side(m, "r", x), m.Value));
        });
    }

    [Fact]
    public void Roots_and_factors_fit_their_quadratic()
    {
        var quadratics = Pages.SelectMany(page => Quadratic().Matches(page)).ToList();

        Assert.NotEmpty(quadratics);
        Assert.All(quadratics, m =>
        {
            Assert.Equal(Number(m, "b"), Number(m, "p") + Number(m, "q"));
            Assert.Equal(Number(m, "c"), Number(m, "p") * Number(m, "q"));
        });
    }

    private static decimal Number(Match match, string group) => decimal.Parse(match.Groups[group].Value);

    private static decimal Side(Match match, string side, decimal x)
    {
        decimal Part(string name, decimal missing) => match.Groups[side + name].Success ? Number(match, side + name) : missing;
        return match.Groups[side + "x"].Success
            ? (Part("a", 1) * x) + Part("b", 0)
            : Part("n", 0);
    }

    [GeneratedRegex(@"(?<![\w)^])(?<![-+*/^] )(?<a>\d+) (?<op>[-+*/]|\\times|\\cdot|\\div) (?<b>\d+) = (?<result>-?\d+)(?![\dx(])")]
    private static partial Regex Equation();

    [GeneratedRegex(@"Answer: \$?x = (?<x>\d+)")]
    private static partial Regex Answer();

    [GeneratedRegex(@"(?<!\w)(?<la>\d+)?(?<lx>x)(?: \+ (?<lb>\d+))? &?= (?:(?<ra>\d+)?(?<rx>x)(?: \+ (?<rb>\d+))?|(?<rn>\d+))")]
    private static partial Regex LinearEquation();

    [GeneratedRegex(@"x\^2 \+ (?<b>\d+)x \+ (?<c>\d+) = \(x \+ (?<p>\d+)\)\(x \+ (?<q>\d+)\)")]
    private static partial Regex Quadratic();
}
