using System.Text;

namespace Bam.Training.Corpora;

/// <summary>Problems with worked solutions: every equation between numbers holds, every root solves its equation.</summary>
internal sealed class MathCorpus : ICorpus
{
    private static readonly string[] Names =
        ["Maya", "Omar", "Lena", "Tom", "Priya", "Felix", "Nina", "Carlos", "Ada", "Ivan", "Grace", "Kofi", "Sara", "Hugo", "Yuki", "Emil"];

    private static readonly string[] Goods =
    [
        "apples", "pencils", "marbles", "tickets", "stamps", "cookies", "books", "shells", "coins", "bricks", "eggs", "bottles",
        "cards", "seeds",
    ];

    private static readonly string[] Containers = ["box", "bag", "crate", "row", "shelf", "packet", "basket", "tray"];

    private static readonly Action<CorpusRandom, StringBuilder>[] Problems =
        [Shopping, Sharing, Travel, Percentage, Linear, LinearLatex, Quadratic, Sequence, Table, Fraction, Rectangle, Remainder, System];

    public void Write(CorpusRandom random, StringBuilder into)
    {
        var start = into.Length;
        var least = random.Between(600, 1700);
        for (var number = 1; into.Length - start < least; number++)
        {
            into.Append($"Problem {number}. ");
            random.Pick<Action<CorpusRandom, StringBuilder>>(Problems)(random, into);
            into.Append('\n');
        }
    }

    private static void Shopping(CorpusRandom r, StringBuilder into)
    {
        var (name, good, container) = (r.Pick<string>(Names), r.Pick<string>(Goods), r.Pick<string>(Containers));
        var (each, boxes, given) = (r.Between(3, 25), r.Between(2, 12), r.Between(1, 5));
        into.Append($"{name} has {boxes} of one kind of {container}, each with {each} {good}, and gives away {given} "
            + $"{good}. How many {good} are left?\n");
        into.Append($"Solution: Altogether there are {boxes} * {each} = {boxes * each} {good}.\n");
        into.Append($"After giving some away, {name} has {boxes * each} - {given} = {boxes * each - given} {good}.\nAnswer: "
            + $"{boxes * each - given}\n");
    }

    private static void Sharing(CorpusRandom r, StringBuilder into)
    {
        var (a, b, people, share) = (r.Pick<string>(Names), r.Between(5, 60), r.Between(2, 9), r.Between(8, 30));
        var total = people * share;
        var good = r.Pick<string>(Goods);
        if (b >= total) b = total - 1;
        into.Append($"{a} collects {b} {good} on Monday and {total - b} on Tuesday, and shares them equally among {people} friends. ");
        into.Append($"How many does each friend get?\nSolution: Altogether {b} + {total - b} = {total} {good}.\n");
        into.Append($"Each friend gets {total} / {people} = {share} {good}.\nAnswer: {share}\n");
    }

    private static void Travel(CorpusRandom r, StringBuilder into)
    {
        var (speed, hours, rest) = (5 * r.Between(3, 24), r.Between(2, 9), 5 * r.Between(1, 10));
        into.Append($"A train travels at {speed} km per hour for {hours} hours and then goes another {rest} km. How far does it go?\n");
        into.Append($"Solution: In {hours} hours it goes {speed} * {hours} = {speed * hours} km.\n");
        into.Append($"The whole way is {speed * hours} + {rest} = {speed * hours + rest} km.\nAnswer: {speed * hours + rest}\n");
    }

    private static void Percentage(CorpusRandom r, StringBuilder into)
    {
        var (percent, hundreds) = (5 * r.Between(1, 19), 20 * r.Between(2, 50));
        var part = percent * hundreds / 100;
        into.Append($"What is {percent}\\% of {hundreds}, and how much remains?\nSolution: $\\frac{{{percent}}}{{100}} "
            + $"\\cdot {hundreds}$: ");
        into.Append($"first ${percent} \\cdot {hundreds} = {percent * hundreds}$, then ${percent * hundreds} \\div 100 = {part}$.\n");
        into.Append($"What remains is ${hundreds} - {part} = {hundreds - part}$.\nAnswer: {part} and {hundreds - part}\n");
    }

    private static void Linear(CorpusRandom r, StringBuilder into)
    {
        var (a, b, x) = (r.Between(2, 12), r.Between(1, 40), r.Between(2, 20));
        var c = a * x + b;
        into.Append($"Solve for x: {a}x + {b} = {c}\nSolution: Subtract {b} from both sides:\n    {a}x = {c - b}\n");
        into.Append($"Divide both sides by {a}:\n    x = {x}\nCheck: {a} * {x} = {a * x} and {a * x} + {b} = {c}.\nAnswer: x = {x}\n");
    }

    private static void LinearLatex(CorpusRandom r, StringBuilder into)
    {
        var (a, b, x) = (r.Between(4, 9), r.Between(1, 9), r.Between(2, 15));
        var d = r.Between(2, a - 2);
        var e = a * (x + b) - d * x;
        into.Append($"Solve $ {a}(x + {b}) = {d}x + {e} $.\nSolution:\n\\begin{{align*}}\n    {a}x + {a * b} &= {d}x + {e} \\\\\n");
        into.Append($"    {a - d}x &= {e - a * b} \\\\\n    x &= {x}\n\\end{{align*}}\n");
        into.Append($"Both sides are ${a} \\times {x + b} = {a * (x + b)}$ and ${d * x} + {e} = {d * x + e}$.\nAnswer: $x = {x}$\n");
    }

    private static void Quadratic(CorpusRandom r, StringBuilder into)
    {
        var (p, q) = (r.Between(1, 12), r.Between(1, 12));
        into.Append($"Factor $x^2 + {p + q}x + {p * q}$ and find its roots.\nSolution: Two numbers with product {p * q} and "
            + $"sum {p + q} are {p} and {q}, ");
        into.Append($"since ${p} \\times {q} = {p * q}$ and ${p} + {q} = {p + q}$. Hence\n\\[ x^2 + {p + q}x + {p * q} = (x "
            + $"+ {p})(x + {q}). \\]\n");
        into.Append(p == q ? $"Answer: $x = -{p}$, twice\n" : $"Answer: $x = -{p}$ or $x = -{q}$\n");
    }

    private static void Sequence(CorpusRandom r, StringBuilder into)
    {
        var (first, step, n) = (r.Between(1, 30), r.Between(2, 15), r.Between(8, 30));
        var terms = string.Join(", ", Enumerable.Range(0, 5).Select(i => first + i * step));
        var grown = (n - 1) * step;
        into.Append($"Find $a_{{{n}}}$ of the arithmetic sequence {terms}, \\ldots\nSolution: The common difference is "
            + $"${first + step} - {first} = {step}$.\n");
        into.Append($"From $a_n = a_1 + (n - 1) d$: ${n} - 1 = {n - 1}$, ${n - 1} \\times {step} = {grown}$, ${first} + "
            + $"{grown} = {first + grown}$.\n");
        into.Append($"Answer: $a_{{{n}}} = {first + grown}$\n");
    }

    private static void Table(CorpusRandom r, StringBuilder into)
    {
        var factor = r.Between(3, 19);
        var from = r.Between(2, 9);
        into.Append($"Make a table of the multiples of {factor} and their sums with 1.\n|    n |  {factor,2}n | {factor,2}n "
            + $"+ 1 |\n|------|------|---------|\n");
        for (var n = from; n < from + 4; n++) into.Append($"| {n,4} | {factor * n,4} | {factor * n + 1,7} |\n");
        into.Append($"Check of the last row: {factor} * {from + 3} = {factor * (from + 3)}.\n");
    }

    private static void Fraction(CorpusRandom r, StringBuilder into)
    {
        var (b, d) = (r.Between(2, 9), r.Between(2, 9));
        var (a, c) = (r.Between(1, b - 1), r.Between(1, d - 1));
        var (top, bottom) = (a * d + c * b, b * d);
        var divisor = Gcd(top, bottom);
        into.Append($"Compute $\\frac{{{a}}}{{{b}}} + \\frac{{{c}}}{{{d}}}$.\nSolution: The common denominator is ${b} "
            + $"\\times {d} = {bottom}$. The numerators become ");
        into.Append($"${a} \\times {d} = {a * d}$ and ${c} \\times {b} = {c * b}$, and their sum is ${a * d} + {c * b} = {top}$.\n");
        if (divisor > 1) into.Append($"Divide both by {divisor}: ${top} \\div {divisor} = {top / divisor}$, ${bottom} \\div "
            + $"{divisor} = {bottom / divisor}$.\n");
        into.Append($"Answer: $\\frac{{{top / divisor}}}{{{bottom / divisor}}}$\n");
    }

    private static void Rectangle(CorpusRandom r, StringBuilder into)
    {
        var (a, b) = (r.Between(3, 40), r.Between(3, 40));
        into.Append($"A rectangle is {a} cm long and {b} cm wide. Find its area and its perimeter.\nSolution: The area is "
            + $"{a} * {b} = {a * b} square cm. ");
        into.Append($"Half of the perimeter is {a} + {b} = {a + b} cm, so the perimeter is 2 * {a + b} = {2 * (a + b)} cm.\n");
        into.Append($"Answer: {a * b} square cm and {2 * (a + b)} cm\n");
    }

    private static void Remainder(CorpusRandom r, StringBuilder into)
    {
        var (divisor, quotient) = (r.Between(3, 15), r.Between(4, 40));
        var rest = r.Between(1, divisor - 1);
        var number = divisor * quotient + rest;
        into.Append($"Divide {number} by {divisor} with remainder.\nSolution: {divisor} * {quotient} = {divisor * quotient}, and ");
        into.Append($"{number} - {divisor * quotient} = {rest}, which is less than {divisor}.\nAnswer: {quotient} remainder {rest}\n");
    }

    private static void System(CorpusRandom r, StringBuilder into)
    {
        var (x, y) = (r.Between(6, 40), r.Between(1, 5));
        var name = r.Pick<string>(Names);
        into.Append($"{name} thinks of two numbers. Their sum is {x + y} and their difference is {x - y}. Which numbers are they?\n");
        into.Append($"Solution: Let $x + y = {x + y}$ and $x - y = {x - y}$. Adding, $2x = {2 * x}$, so $x = {x}$.\n");
        into.Append($"Then $y = {x + y} - {x} = {y}$.\nAnswer: {x} and {y}\n");
    }

    private static int Gcd(int a, int b) => b == 0 ? a : Gcd(b, a % b);
}
