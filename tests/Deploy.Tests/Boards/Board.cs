using System.Text.Json;
using Bam.Contracts.Tests;

namespace Bam.Deploy.Tests.Boards;

/// <summary>A Grafana board of deploy/grafana/dashboards.</summary>
internal sealed class Board
{
    private readonly JsonElement _json;

    private Board(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(path));
        (Name, _json) = (Path.GetFileNameWithoutExtension(path), document.RootElement.Clone());
    }

    public static string Folder { get; } = Path.Combine(Repository.Root, "deploy", "grafana", "dashboards");

    public static IReadOnlyList<Board> All { get; } = [.. Directory.EnumerateFiles(Folder, "*.json").Order(StringComparer.Ordinal).Select(path => new Board(path))];

    /// <summary>Name of its file.</summary>
    public string Name { get; }

    public string Uid => _json.GetProperty("uid").GetString()!;

    public string Title => _json.GetProperty("title").GetString()!;

    public bool IsEditable => _json.GetProperty("editable").GetBoolean();

    public JsonElement Id => _json.GetProperty("id");

    public IReadOnlyList<Panel> Panels => [.. _json.GetProperty("panels").EnumerateArray()
        .Where(panel => panel.GetProperty("type").GetString() != "row").Select(panel => new Panel(Name, panel))];

    public IReadOnlyList<Variable> Variables => [.. _json.GetProperty("templating").GetProperty("list").EnumerateArray().Select(variable => new Variable(variable))];

    /// <summary>Expressions of the annotations, by name.</summary>
    public IReadOnlyDictionary<string, string> Annotations => _json.GetProperty("annotations").GetProperty("list").EnumerateArray()
        .ToDictionary(annotation => annotation.GetProperty("name").GetString()!, annotation => annotation.GetProperty("expr").GetString()!);

    public static Board Of(string name) => All.Single(board => board.Name == name);
}
