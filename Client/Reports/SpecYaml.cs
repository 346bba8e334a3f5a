using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Bam.Client.Verbs;
using Bam.Contracts.Runs;

namespace Bam.Client.Reports;

/// <summary>A specification as YAML: what was launched, every default included. Of long lists of files the first ones.</summary>
internal static partial class SpecYaml
{
    private const int MostFiles = 6, MostInLine = 110;

    public static string Of(RunSpec spec)
    {
        var text = new StringBuilder();
        Map(text, JsonOutput.Tree(spec), "");
        return text.ToString();
    }

    private static void Map(StringBuilder text, JsonElement map, string indent)
    {
        foreach (var property in map.EnumerateObject().Where(property => IsSaid(property.Value)))
        {
            text.Append(CultureInfo.InvariantCulture, $"{indent}{property.Name}:");
            Value(text, property.Value, indent);
        }
    }

    private static void Value(StringBuilder text, JsonElement value, string indent)
    {
        if (Flow(value) is { Length: < MostInLine } line)
        {
            text.Append(CultureInfo.InvariantCulture, $" {line}\n");
            return;
        }

        if (value.ValueKind == JsonValueKind.Object && value.EnumerateObject().All(one => one.Value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array)))
        {
            Wrapped(text, value, $"{indent}  ");
            return;
        }

        text.Append('\n');
        if (value.ValueKind == JsonValueKind.Object)
            Map(text, value, $"{indent}  ");
        else
            List(text, value, $"{indent}  ");
    }

    /// <summary>Many short values in braces, over a few lines.</summary>
    private static void Wrapped(StringBuilder text, JsonElement map, string indent)
    {
        text.Append(" {");
        var length = 0;
        foreach (var (index, one) in map.EnumerateObject().Where(one => IsSaid(one.Value)).Index())
        {
            var item = $"{one.Name}: {Flow(one.Value)}";
            var breaks = index == 0 || length + item.Length > MostInLine;
            length = breaks ? indent.Length + item.Length : length + 2 + item.Length;
            text.Append(index == 0 ? "\n" : breaks ? ",\n" : ", ").Append(breaks ? indent : "").Append(item);
        }

        text.Append(" }\n");
    }

    private static bool IsSaid(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => false,
        JsonValueKind.Object => value.EnumerateObject().Any(one => IsSaid(one.Value)),
        _ => true,
    };

    private static void List(StringBuilder text, JsonElement list, string indent)
    {
        var isFiles = list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String);
        foreach (var item in list.EnumerateArray().Take(isFiles ? MostFiles : int.MaxValue))
        {
            if (Flow(item) is { Length: < MostInLine } line)
            {
                text.Append(CultureInfo.InvariantCulture, $"{indent}- {line}\n");
                continue;
            }

            var inner = new StringBuilder();
            if (item.ValueKind == JsonValueKind.Object) Map(inner, item, $"{indent}  ");
            else inner.Append(CultureInfo.InvariantCulture, $"{indent}  {Flow(item)}\n");
            text.Append(CultureInfo.InvariantCulture, $"{indent}- {inner.ToString()[(indent.Length + 2)..]}");
        }

        if (isFiles && list.GetArrayLength() > MostFiles)
            text.Append(CultureInfo.InvariantCulture, $"{indent}# and {list.GetArrayLength() - MostFiles} more\n");
    }

    /// <summary>On one line.</summary>
    private static string Flow(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => $"{{ {string.Join(", ", value.EnumerateObject().Where(one => IsSaid(one.Value)).Select(one => $"{one.Name}: {Flow(one.Value)}"))} }}",
        JsonValueKind.Array => $"[{string.Join(", ", value.EnumerateArray().Select(Flow))}]",
        JsonValueKind.String when Plain().IsMatch(value.GetString()!) => value.GetString()!,
        _ => value.GetRawText(),                                               // a JSON string is a YAML string
    };

    /// <summary>Words and paths that no reader of YAML takes for something else.</summary>
    [GeneratedRegex(@"^(?!(true|false|null|yes|no|on|off)$)[A-Za-z/][A-Za-z0-9_./-]*$")]
    private static partial Regex Plain();
}
