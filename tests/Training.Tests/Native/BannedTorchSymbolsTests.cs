using System.Reflection;
using System.Xml.Linq;
using TorchSharp;

namespace Bam.Training.Tests.Native;

/// <summary>An implicit Scalar may be freed while native code reads it: an upgrade of TorchSharp must let none slip by.</summary>
public sealed class BannedTorchSymbolsTests
{
    private const string ListFile = "BannedSymbols.Torch.txt";

    private static readonly string Training = Path.Combine(Repository.Root, "Training");

    [Fact]
    public void Every_operator_of_a_tensor_is_banned() => AssertBanned(
        Operators(typeof(torch.Tensor)).Where(method => method.Name is not ("op_Implicit" or "op_Explicit")));

    [Fact]
    public void Every_implicit_conversion_to_a_scalar_is_banned() => AssertBanned(
        Operators(typeof(Scalar)).Where(method => method.Name == "op_Implicit" && method.ReturnType == typeof(Scalar)));

    [Fact]
    public void Every_banned_name_is_one_that_TorchSharp_has()
    {
        var known = new[] { typeof(torch.Tensor), typeof(Scalar), typeof(torch) }.SelectMany(Methods).Select(DocumentationId);

        Assert.Empty(Banned().Except(known));
    }

    [Fact]
    public void The_list_is_given_to_the_analyzer()
    {
        var project = XDocument.Load(Path.Combine(Training, "Training.csproj"));

        Assert.Contains(ListFile, project.Descendants("AdditionalFiles").Select(item => (string?)item.Attribute("Include")));
    }

    private static void AssertBanned(IEnumerable<MethodInfo> methods)
    {
        var expected = methods.Select(DocumentationId).ToArray();
        Assert.NotEmpty(expected);
        Assert.Empty(expected.Except(Banned()));
    }

    private static IEnumerable<string> Banned() => File.ReadLines(Path.Combine(Training, ListFile))
        .Select(line => line.Split(';')[0].Trim()).Where(id => id.Length > 0);

    private static IEnumerable<MethodInfo> Operators(Type type) => Methods(type)
        .Where(method => method.IsSpecialName && method.Name.StartsWith("op_", StringComparison.Ordinal));

    private static IEnumerable<MethodInfo> Methods(Type type) => type
        .GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        .Where(method => !method.IsGenericMethod);

    /// <summary>How the compiler and the analyzer name a method.</summary>
    private static string DocumentationId(MethodInfo method)
    {
        static string Name(Type type) => type.IsConstructedGenericType
            ? $"{Name(type.GetGenericTypeDefinition()).Split('`')[0]}{{{string.Join(',', type.GetGenericArguments().Select(Name))}}}"
            : type.ToString().Replace('+', '.');
        var converted = method.Name is "op_Implicit" or "op_Explicit" ? $"~{Name(method.ReturnType)}" : "";
        var parameters = string.Join(',', method.GetParameters().Select(parameter => Name(parameter.ParameterType)));
        return $"M:{Name(method.DeclaringType!)}.{method.Name}({parameters}){converted}";
    }
}
