namespace Bam.Client.RunFiles;

/// <summary>A node of a YAML document with the line where it starts.</summary>
internal abstract record YamlNode(int Line)
{
    /// <summary>What an error calls it.</summary>
    public abstract string Kind { get; }
}

/// <summary>A scalar. Plain ones are written without quotes: only these can be null, numbers and flags.</summary>
internal sealed record YamlScalar(int Line, string Text, bool Plain) : YamlNode(Line)
{
    public override string Kind => IsNull ? "empty" : $"'{Text}'";

    public bool IsNull => Plain && Text is "" or "~" or "null";
}

internal sealed record YamlList(int Line, IReadOnlyList<YamlNode> Items) : YamlNode(Line)
{
    public override string Kind => "a list";
}

/// <summary>A mapping. Keys may repeat here: the reader says so with their path.</summary>
internal sealed record YamlMapping(int Line, IReadOnlyList<YamlEntry> Entries) : YamlNode(Line)
{
    public override string Kind => "a mapping";
}

internal sealed record YamlEntry(string Key, int Line, YamlNode Value);
