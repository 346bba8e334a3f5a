using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Bam.Contracts.Tests.House;

/// <summary>What an assembly's file says it needs, without loading it.</summary>
/// <param name="Assemblies">Names of the assemblies it references.</param>
/// <param name="Types">Full names of the types of others that it uses.</param>
internal sealed record AssemblyFacts(IReadOnlyList<string> Assemblies, IReadOnlyList<string> Types)
{
    public static AssemblyFacts Of(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var reader = file.GetMetadataReader();
        return new AssemblyFacts(
            [.. reader.AssemblyReferences.Select(handle => reader.GetString(reader.GetAssemblyReference(handle).Name))],
            [.. reader.TypeReferences.Select(handle => reader.GetTypeReference(handle))
                .Select(type => $"{reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}")]);
    }

    /// <summary>References to assemblies of these families: <c>Bam</c> stands for <c>Bam.*</c>.</summary>
    public IEnumerable<string> References(params string[] families) =>
        Assemblies.Where(name => families.Any(family => name == family || name.StartsWith($"{family}.", StringComparison.Ordinal)));
}
