using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Bam.Client.RunFiles;

/// <summary>
/// Builds the nodes of a YAML document from YamlDotNet's events. Its own representation model refuses a repeated key without
/// its path, and stops there.
/// </summary>
internal sealed class YamlTree
{
    private const int MaxDepth = 32;
    private readonly Parser _parser;
    private readonly Dictionary<string, YamlNode> _anchors = [];

    private YamlTree(TextReader text) => _parser = new Parser(text);

    /// <summary>The only document of the text; null when it is empty.</summary>
    /// <exception cref="RunFileException">The text is not YAML.</exception>
    public static YamlNode? Read(string text, string file)
    {
        var tree = new YamlTree(new StringReader(text));
        try
        {
            return tree.Document();
        }
        catch (YamlException e)
        {
            throw new RunFileException(file, Math.Max(1, (int)e.Start.Line), "", $"not valid YAML: {Printable.Line(e.Message)}");
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // YamlDotNet's scanner loses its way in some broken texts instead of naming them.
            var line = tree._parser.Current is { } last ? (int)last.End.Line : 1;
            throw new RunFileException(file, line, "", "not valid YAML from here on; look for a bracket, a quote or a colon too many");
        }
    }

    private YamlNode? Document()
    {
        _parser.Consume<StreamStart>();
        if (_parser.TryConsume<StreamEnd>(out _)) return null;
        _parser.Consume<DocumentStart>();
        var root = Node(depth: 0);
        _parser.Consume<DocumentEnd>();
        if (_parser.TryConsume<DocumentStart>(out var second))
            throw new SemanticErrorException(second.Start, second.End, "a run file is one document");
        return root;
    }

    private YamlNode Node(int depth)
    {
        var start = _parser.Current!;
        if (depth > MaxDepth) throw new SemanticErrorException(start.Start, start.End, $"nested deeper than {MaxDepth} levels");
        var anchor = start is NodeEvent { Anchor.IsEmpty: false } named ? named.Anchor.Value : null;
        var node = Value(depth);
        if (anchor is not null) _anchors[anchor] = node;
        return node;
    }

    private YamlNode Value(int depth)
    {
        if (_parser.TryConsume<Scalar>(out var scalar))
            return new YamlScalar(Line(scalar), scalar.Value, scalar.Style == ScalarStyle.Plain);
        if (_parser.TryConsume<AnchorAlias>(out var alias))
        {
            return _anchors.GetValueOrDefault(alias.Value.Value)
                ?? throw new AnchorNotFoundException(alias.Start, alias.End, $"no anchor '{alias.Value}' above");
        }

        if (_parser.TryConsume<SequenceStart>(out var list))
        {
            var items = new List<YamlNode>();
            while (!_parser.TryConsume<SequenceEnd>(out _)) items.Add(Node(depth + 1));
            return new YamlList(Line(list), items);
        }

        var mapping = _parser.Consume<MappingStart>();
        var entries = new List<YamlEntry>();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var start = _parser.Current!;
            if (Node(depth + 1) is not YamlScalar key) throw new SemanticErrorException(start.Start, start.End, "a key must be a name");
            entries.Add(new(key.Text, Line(start), Node(depth + 1)));
        }

        return new YamlMapping(Line(mapping), entries);
    }

    private static int Line(ParsingEvent read) => (int)read.Start.Line;
}
