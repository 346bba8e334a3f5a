using System.Reflection;
using System.Runtime.InteropServices;

namespace Bam.Client.Reports;

/// <summary>What programs and libraries a console is made of.</summary>
internal static class Versions
{
    public static IReadOnlyDictionary<string, string> OfThisConsole() => new Dictionary<string, string>
    {
        ["BamOrleans"] = Of(typeof(Versions)),
        [".NET"] = Environment.Version.ToString(),
        ["Microsoft Orleans"] = Of(typeof(IGrain)),
        ["TorchSharp"] = Of(typeof(TorchSharp.torch)),
        ["ScottPlot"] = Of(typeof(ScottPlot.Plot)),
        ["system"] = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}",
    };

    private static string Of(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? type.Assembly.GetName().Version?.ToString() ?? "-";
}
