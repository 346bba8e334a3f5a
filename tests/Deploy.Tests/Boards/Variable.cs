using System.Text.Json;

namespace Bam.Deploy.Tests.Boards;

/// <summary>A variable of a board.</summary>
internal sealed class Variable(JsonElement json)
{
    public string Name => json.GetProperty("name").GetString()!;

    public string Label => json.GetProperty("label").GetString()!;

    public string Type => json.GetProperty("type").GetString()!;

    /// <summary>For a query, <c>label_values(selector, label)</c>; for a data source, its type.</summary>
    public string Query => json.GetProperty("query") is { ValueKind: JsonValueKind.Object } query ? query.GetProperty("query").GetString()! : json.GetProperty("query").GetString()!;

    public string DataSource => json.GetProperty("datasource").GetProperty("uid").GetString()!;

    public int Refresh => json.GetProperty("refresh").GetInt32();

    public bool IsMulti => json.GetProperty("multi").GetBoolean();

    public string? AllValue => json.GetProperty("allValue").GetString();
}
