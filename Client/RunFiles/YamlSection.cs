namespace Bam.Client.RunFiles;

/// <summary>
/// Reads the keys of one mapping with their types. What is wrong goes to the problems, with line and path, and the reading goes
/// on with a fallback. A section that is not in the file reads as an empty one.
/// </summary>
internal sealed class YamlSection
{
    private readonly Dictionary<string, YamlEntry> _entries = [];
    private readonly RunFileProblems _problems;

    /// <param name="node">The mapping; null for a section that is not in the file.</param>
    /// <param name="path">Path of the section's key; empty for the document.</param>
    /// <param name="line">Line of the section's key.</param>
    /// <param name="problems">Where problems go.</param>
    public YamlSection(YamlNode? node, string path, int line, RunFileProblems problems)
    {
        (Path, Line, _problems) = (path, line, problems);
        if (node is null or YamlScalar { IsNull: true }) return;
        if (node is not YamlMapping mapping)
        {
            problems.Add(line, path, $"must be a mapping of keys and values, not {node.Kind}");
            Broken = true;
            return;
        }

        foreach (var entry in mapping.Entries)
        {
            if (!_entries.TryAdd(entry.Key, entry))
                problems.Add(entry.Line, Of(entry.Key), $"stated twice; first in line {_entries[entry.Key].Line}");
        }
    }

    public string Path { get; }

    public int Line { get; }

    /// <summary>Whether the file has something else than a mapping here, which was reported.</summary>
    public bool Broken { get; }

    /// <summary>The keys in the file's order.</summary>
    public IReadOnlyCollection<string> Keys => _entries.Keys;

    public bool Has(string key) => _entries.TryGetValue(key, out var entry) && entry.Value is not YamlScalar { IsNull: true };

    /// <summary>Line of a key, or of the section when it has no such key.</summary>
    public int LineOf(string key) => _entries.TryGetValue(key, out var entry) ? entry.Line : Line;

    public YamlNode? Node(string key) => Has(key) ? _entries[key].Value : null;

    public void Problem(string key, string problem) => _problems.Add(LineOf(key), Of(key), problem);

    /// <summary>Reports every key that is not one of these.</summary>
    public void Allow(params IReadOnlyCollection<string> keys)
    {
        foreach (var key in Keys.Except(keys))
            Problem(key, $"unknown key{NearestName.Hint(key, "keys", keys)}");
    }

    /// <summary>The section under a key; an empty one when the file has none.</summary>
    public YamlSection Section(string key) => new(Node(key), Of(key), LineOf(key), _problems);

    /// <summary>Whether the key is there; reports it when not.</summary>
    public bool Require(string key)
    {
        if (Has(key)) return true;
        if (!Broken) Problem(key, Keys.Contains(key) ? "has no value" : "is missing");
        return false;
    }

    /// <summary>A text; null when the key is missing or is no text.</summary>
    public string? Text(string key)
    {
        if (Node(key) is not { } node) return null;
        if (node is YamlScalar scalar) return scalar.Text;
        Problem(key, $"must be a text, not {node.Kind}");
        return null;
    }

    /// <summary>A text or a list of texts; empty when the key is missing or is neither.</summary>
    public IReadOnlyList<string> Texts(string key)
    {
        if (Node(key) is not { } node) return [];
        IReadOnlyList<YamlNode> items = node is YamlList list ? list.Items : [node];
        if (items.Count == 0) Problem(key, "is an empty list");
        foreach (var wrong in items.Where(item => item is not YamlScalar { IsNull: false }))
            _problems.Add(wrong.Line, Of(key), $"must be a text or a list of texts, not {wrong.Kind}");
        return [.. items.OfType<YamlScalar>().Where(item => !item.IsNull).Select(item => item.Text)];
    }

    /// <summary>A whole number.</summary>
    public int Int(string key, int fallback, int min = 1, int max = int.MaxValue) => (int)Count(key, fallback, min, max);

    /// <summary>A whole number, such as <c>4M</c>.</summary>
    public long Count(string key, long fallback, long min = 1, long max = long.MaxValue)
    {
        if (Node(key) is not { } node) return fallback;
        if (node is not YamlScalar { Plain: true } scalar || !Quantity.TryCount(scalar.Text, out var count))
            Problem(key, $"must be a whole number, not {node.Kind}");
        else if (count < min)
            Problem(key, $"must be at least {min}, not {scalar.Text}");
        else if (count > max)
            Problem(key, $"must be at most {max}, not {scalar.Text}");
        else
            return count;
        return fallback;
    }

    /// <summary>A real number in an interval that the rule names.</summary>
    public double Number(string key, double fallback, NumberRule rule)
    {
        if (Node(key) is not { } node) return fallback;
        if (node is not YamlScalar { Plain: true } scalar || !Quantity.TryScaled(scalar.Text, out var number))
            Problem(key, $"must be a number, not {node.Kind}");
        else if (!rule.Holds(number))
            Problem(key, $"must be {rule.Text}, not {scalar.Text}");
        else
            return number;
        return fallback;
    }

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public bool Flag(string key, bool fallback)
    {
        if (Node(key) is not { } node) return fallback;
        if (node is YamlScalar { Plain: true } scalar && bool.TryParse(scalar.Text, out var flag)) return flag;
        Problem(key, $"must be true or false, not {node.Kind}");
        return fallback;
    }

    /// <summary>One of a few words.</summary>
    public T Choice<T>(string key, T fallback, IReadOnlyDictionary<string, T> words)
    {
        if (Text(key) is not { } text) return fallback;
        if (words.TryGetValue(text, out var choice)) return choice;
        Problem(key, $"no such choice '{text}'{NearestName.Hint(text, "choices", [.. words.Keys])}");
        return fallback;
    }

    private string Of(string key) => Path.Length == 0 ? key : $"{Path}.{key}";
}
