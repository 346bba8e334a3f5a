using System.Text.Json;

namespace Bam.Deploy.Tests.Boards;

/// <summary>A panel of a board; rows are none.</summary>
internal sealed class Panel(string board, JsonElement json)
{
    public string Title => Text("title");

    public string Description => Text("description");

    public string Type => Text("type");

    public int Id => json.GetProperty("id").GetInt32();

    public string Unit => Defaults.GetProperty("unit").GetString()!;

    public JsonElement Defaults => json.GetProperty("fieldConfig").GetProperty("defaults");

    public JsonElement Options => json.GetProperty("options");

    public string DataSource => json.GetProperty("datasource").GetProperty("uid").GetString()!;

    public (int X, int Y, int Width, int Height) Place =>
        json.GetProperty("gridPos") is var place ? (At(place, "x"), At(place, "y"), At(place, "w"), At(place, "h")) : default;

    public IReadOnlyList<Target> Targets => [.. json.GetProperty("targets").EnumerateArray().Select(target => new Target(
        target.GetProperty("expr").GetString()!, target.GetProperty("legendFormat").GetString()!, target.GetProperty("datasource").GetProperty("uid").GetString()!))];

    public override string ToString() => $"{board} / {Title}";

    private string Text(string key) => json.TryGetProperty(key, out var text) ? text.GetString()! : "";

    private static int At(JsonElement place, string key) => place.GetProperty(key).GetInt32();
}
