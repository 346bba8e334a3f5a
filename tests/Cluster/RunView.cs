using System.Text.Json;

namespace Bam.Cluster;

/// <summary>What <c>bam status --json</c> says.</summary>
internal sealed class RunView(JsonElement json)
{
    public string Name => json.GetProperty("name").GetString()!;

    public string Phase => json.GetProperty("phase").GetString()!;

    public IReadOnlyList<JsonElement> Evaluations => [.. json.GetProperty("evaluations").EnumerateArray()];

    /// <summary>SHA-256 of each model's newest weights, by name; empty for one without weights.</summary>
    public IReadOnlyDictionary<string, string> Hashes => Members.ToDictionary(
        member => member.GetProperty("name").GetString()!, member => member.GetProperty("checkpoint_hash").GetString() ?? "");

    public int Restarts => Members.Sum(member => member.GetProperty("restarts").GetInt32());

    private IEnumerable<JsonElement> Members => json.GetProperty("members").EnumerateArray();

    public JsonElement Member(string name) => Members.Single(member => member.GetProperty("name").GetString() == name);

    public long Step(string name) => Member(name).GetProperty("step").GetInt64();

    /// <summary>A number that a model has, such as <c>flops</c>.</summary>
    public double Number(string name, string key) => Member(name).GetProperty(key).GetDouble();

    public string State(string name) => Member(name).GetProperty("state").GetString()!;

    /// <summary>Name of the silo that trains a model; null when none does.</summary>
    public string? SiloOf(string name) => Member(name).GetProperty("device").GetString()?.Split('/')[0];

    public override string ToString() => json.ToString();
}
