using System.Text;

namespace Bam.Training.Corpora;

/// <summary>Python modules that parse and whose assertions hold: functions and classes with consistent names.</summary>
internal sealed class CodeCorpus : ICorpus
{
    private static readonly string[] Nouns =
    [
        "item", "record", "node", "token", "score", "price", "order", "sample", "packet", "block", "entry", "event", "weight", "offset",
        "signal", "frame", "batch", "ticket", "reading", "step", "value", "cell", "pixel", "sensor", "account", "message", "query", "job",
    ];

    private static readonly string[] Adjectives =
    [
        "total", "active", "final", "local", "current", "pending", "valid", "raw", "sorted", "cached", "initial", "shared", "known",
        "extra",
    ];

    private static readonly string[] Words =
    [
        "banana", "kernel", "window", "python", "buffer", "engine", "matrix", "socket", "module", "parser", "vector", "thread",
        "signal", "garden",
    ];

    private static readonly string[] Modules = ["math", "json", "re", "os", "sys", "time", "random", "logging"];

    private static readonly Action<Module, StringBuilder>[] Definitions =
        [Total, Filter, Scale, Count, Longest, Factors, Accumulator, Stack, Clamp, Recursive, Search, Reverse, Window, Range];

    public void Write(CorpusRandom random, StringBuilder into)
    {
        var module = new Module(random);
        var subject = random.Pick<string>(Nouns);
        into.Append($"\"\"\"Work with {subject}s: {random.Pick<string>(Adjectives)} and {random.Pick<string>(Adjectives)} ones.\"\"\"\n\n");
        var imports = random.PickSome<string>(Modules, random.Between(0, 2));
        foreach (var import in imports.Order(StringComparer.Ordinal)) into.Append($"import {import}\n");
        into.Append($"\n{module.Limit} = {module.LimitValue}\n");
        var least = into.Length + random.Between(400, 1300);
        foreach (var define in random.PickSome<Action<Module, StringBuilder>>(Definitions, Definitions.Length))
        {
            if (into.Length >= least) break;
            into.Append("\n\n");
            define(module, into);
        }
        into.Append($"\n\nif __name__ == \"__main__\":\n    print(\"{subject}:\", {module.Limit})\n");
    }

    private static void Total(Module m, StringBuilder into)
    {
        var (name, item, items) = m.Names("sum");
        var values = m.Values(4);
        into.Append($"def {name}({items}):\n    \"\"\"Return the sum of all {items}.\"\"\"\n    total = 0\n    for {item} "
            + $"in {items}:\n        total += {item}\n");
        into.Append($"    return total\n\n\nassert {name}({List(values)}) == {values.Sum()}\nassert {name}([]) == 0\n");
    }

    private static void Filter(Module m, StringBuilder into)
    {
        var (name, item, items) = m.Names("select");
        var values = m.Values(5);
        var least = m.Random.Between(10, 60);
        into.Append($"def {name}({items}, threshold={least}):\n    \"\"\"Keep every {item} that reaches the threshold.\"\"\"\n");
        into.Append($"    return [{item} for {item} in {items} if {item} >= threshold]\n\n\n");
        into.Append($"assert {name}({List(values)}) == {List(values.Where(v => v >= least))}\n");
    }

    private static void Scale(Module m, StringBuilder into)
    {
        var (name, item, items) = m.Names("scale");
        var values = m.Values(3);
        var factor = m.Random.Between(2, 9);
        into.Append($"def {name}({items}, factor):\n    \"\"\"Multiply each {item} by a factor.\"\"\"\n    result = []\n    "
            + $"for index, {item} in enumerate({items}):\n");
        into.Append($"        if {item} is None:\n            raise ValueError(f\"{item} {{index}} is missing\")\n        "
            + $"result.append({item} * factor)\n    return result\n\n\n");
        into.Append($"assert {name}({List(values)}, {factor}) == {List(values.Select(v => v * factor))}\n");
    }

    private static void Count(Module m, StringBuilder into)
    {
        var (name, item, items) = m.Names("count");
        var word = m.Random.Pick<string>(Words);
        into.Append($"def {name}({items}):\n    \"\"\"Count how often each {item} occurs.\"\"\"\n    counts = {{}}\n    for "
            + $"{item} in {items}:\n");
        into.Append($"        counts[{item}] = counts.get({item}, 0) + 1\n    return counts\n\n\n");
        into.Append($"assert {name}(\"{word}\")[\"{word[1]}\"] == {word.Count(c => c == word[1])}\n");
    }

    private static void Longest(Module m, StringBuilder into)
    {
        var (name, item, items) = m.Names("longest");
        var words = m.Random.PickSome<string>(["a", "to", "cat", "tree", "house"], 3);
        into.Append($"def {name}({items}):\n    \"\"\"Return the longest {item}, or an empty string.\"\"\"\n    best = "
            + $"\"\"\n    for {item} in {items}:\n");
        into.Append($"        if len({item}) > len(best):\n            best = {item}\n    return best\n\n\n");
        into.Append($"assert {name}([{string.Join(", ", words.Select(w => $"\"{w}\""))}]) == \"{words.MaxBy(w => w.Length)}\"\n");
    }

    private static void Factors(Module m, StringBuilder into)
    {
        var (name, item, items) = m.Names("factor");
        var number = m.Random.Between(12, 99);
        var factors = Enumerable.Range(1, number).Where(d => number % d == 0);
        into.Append($"def {name}({item}):\n    \"\"\"List the divisors of a positive {item}.\"\"\"\n    {items} = []\n    "
            + $"divisor = 1\n    while divisor <= {item}:\n");
        into.Append($"        if {item} % divisor == 0:\n            {items}.append(divisor)\n        divisor += 1\n    "
            + $"return {items}\n\n\n");
        into.Append($"assert {name}({number}) == {List(factors)}\n");
    }

    private static void Accumulator(Module m, StringBuilder into)
    {
        var (name, item, _) = m.Names("meter");
        var (type, values) = (Module.Pascal(name), m.Values(2));
        into.Append($"class {type}:\n    \"\"\"Add up every {item} that it is given.\"\"\"\n\n    def __init__(self, "
            + $"start=0):\n        self.{item} = start\n        self.calls = 0\n\n");
        into.Append($"    def add(self, amount):\n        self.{item} += amount\n        self.calls += 1\n        return "
            + $"self\n\n    def mean(self):\n");
        into.Append($"        return self.{item} / self.calls if self.calls else 0.0\n\n\n{name} = "
            + $"{type}().add({values[0]}).add({values[1]})\n");
        into.Append($"assert {name}.{item} == {values.Sum()}\nassert {name}.calls == 2\n");
    }

    private static void Stack(Module m, StringBuilder into)
    {
        var (name, item, items) = m.Names("stack");
        var (type, values) = (Module.Pascal(name), m.Values(2));
        into.Append($"class {type}:\n    \"\"\"Last {item} in, first out; at most {m.Limit} of them.\"\"\"\n\n    def "
            + $"__init__(self):\n        self._{items} = []\n\n");
        into.Append($"    def push(self, {item}):\n        if len(self._{items}) >= {m.Limit}:\n            raise "
            + $"OverflowError(\"too many {items}\")\n        self._{items}.append({item})\n\n");
        into.Append($"    def pop(self):\n        return self._{items}.pop()\n\n    def __len__(self):\n        return "
            + $"len(self._{items})\n\n\n");
        into.Append($"{name} = {type}()\n{name}.push({values[0]})\n{name}.push({values[1]})\nassert {name}.pop() == "
            + $"{values[1]}\nassert len({name}) == 1\n");
    }

    private static void Clamp(Module m, StringBuilder into)
    {
        var (name, item, _) = m.Names("clamp");
        var (low, high) = (m.Random.Between(1, 20), m.Random.Between(30, 80));
        var value = m.Random.Between(1, 99);
        into.Append($"def {name}({item}, low={low}, high={high}):\n    \"\"\"Force the {item} into [low, high].\"\"\"\n    "
            + $"if {item} < low:\n        return low\n");
        into.Append($"    elif {item} > high:\n        return high\n    return {item}\n\n\nassert {name}({value}) == "
            + $"{Math.Clamp(value, low, high)}\n");
    }

    private static void Recursive(Module m, StringBuilder into)
    {
        var (name, item, _) = m.Names("digits");
        var number = m.Random.Between(100, 99_999);
        into.Append($"def {name}({item}):\n    \"\"\"Add the decimal digits of the {item}.\"\"\"\n    if {item} < 10:\n     "
            + $"   return {item}\n");
        into.Append($"    return {item} % 10 + {name}({item} // 10)\n\n\nassert {name}({number}) == "
            + $"{number.ToString().Sum(c => c - '0')}\n");
    }

    private static void Search(Module m, StringBuilder into)
    {
        var (name, item, items) = m.Names("find");
        var values = m.Values(6).Distinct().Order().ToArray();
        var at = m.Random.Below(values.Length);
        into.Append($"def {name}({items}, wanted):\n    \"\"\"Binary search; the {items} are sorted. Return -1 when there "
            + $"is no such {item}.\"\"\"\n    low, high = 0, len({items}) - 1\n");
        into.Append($"    while low <= high:\n        middle = (low + high) // 2\n        if {items}[middle] == wanted:\n   "
            + $"         return middle\n        if {items}[middle] < wanted:\n");
        into.Append($"            low = middle + 1\n        else:\n            high = middle - 1\n    return -1\n\n\nassert "
            + $"{name}({List(values)}, {values[at]}) == {at}\n");
    }

    private static void Reverse(Module m, StringBuilder into)
    {
        var (name, item, _) = m.Names("mirror");
        var word = m.Random.Pick<string>(Words);
        into.Append($"def {name}({item}):\n    \"\"\"Return the {item} backwards.\"\"\"\n    return \"\".join(reversed({item}))\n\n\n");
        into.Append($"assert {name}(\"{word}\") == \"{string.Concat(word.Reverse())}\"\nassert {name}({name}(\"{word}\")) == \"{word}\"\n");
    }

    private static void Window(Module m, StringBuilder into)
    {
        var (name, _, items) = m.Names("windows");
        var values = m.Values(4);
        var sums = values.Zip(values.Skip(1), (a, b) => a + b);
        into.Append($"def {name}({items}, size=2):\n    \"\"\"Yield the sum of each run of {items}.\"\"\"\n    for start in "
            + $"range(len({items}) - size + 1):\n");
        into.Append($"        yield sum({items}[start:start + size])\n\n\nassert list({name}({List(values)})) == {List(sums)}\n");
    }

    private static void Range(Module m, StringBuilder into)
    {
        var (name, item, items) = m.Names("spread");
        var values = m.Values(4);
        into.Append($"def {name}({items}):\n    \"\"\"Return the difference of the largest and the smallest {item}.\"\"\"\n    try:\n");
        into.Append($"        return max({items}) - min({items})\n    except ValueError:\n        return None\n\n\n");
        into.Append($"assert {name}({List(values)}) == {values.Max() - values.Min()}\nassert {name}([]) is None\n");
    }

    private static string List(IEnumerable<int> values) => $"[{string.Join(", ", values)}]";

    /// <summary>Names that one module uses, each once.</summary>
    private sealed class Module(CorpusRandom random)
    {
        public CorpusRandom Random => random;

        public string Limit { get; } = $"MAX_{random.Pick<string>(Nouns).ToUpperInvariant()}S";

        public int LimitValue { get; } = random.Between(4, 400);

        /// <summary>A definition's name (unique: every definition has its own verb), its singular and its plural.</summary>
        public (string Name, string Item, string Items) Names(string verb)
        {
            var item = random.Pick<string>(Nouns);
            var plural = item.EndsWith('y') ? item[..^1] + "ies" : item.EndsWith('h') ? item + "es" : item + "s";
            return ($"{verb}_{random.Pick<string>(Adjectives)}_{plural}", item, plural);
        }

        public int[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Between(1, 99))];

        public static string Pascal(string name) => string.Concat(name.Split('_').Select(part => part.Capitalise()));
    }
}
