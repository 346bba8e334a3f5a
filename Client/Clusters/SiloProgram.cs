using System.Diagnostics;
using System.Reflection;

namespace Bam.Client.Clusters;

/// <summary>The program that every silo of a local cluster runs.</summary>
/// <param name="Location">Path of Bam.Silo.dll, or of an executable.</param>
internal sealed record SiloProgram(string Location)
{
    private const string Variable = "BAM_SILO";

    /// <summary>
    /// The program named by BAM_SILO, else <c>silo/Bam.Silo.dll</c> beside this program (where a publish puts it), else the one that the
    /// build made together with this program.
    /// </summary>
    /// <exception cref="UserException">There is none.</exception>
    public static SiloProgram Find()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
            return File.Exists(named) ? new(Path.GetFullPath(named)) : throw new UserException($"{Variable}: no file '{named}'", 2);

        var published = Path.Combine(AppContext.BaseDirectory, "silo", "Bam.Silo.dll");
        if (File.Exists(published)) return new(published);
        var built = typeof(SiloProgram).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .FirstOrDefault(metadata => metadata.Key == "Bam.SiloProgram")?.Value;
        return File.Exists(built)
            ? new(built)
            : throw new UserException($"no silo program at {published}; publish the client again, or name Bam.Silo.dll with {Variable}", 2);
    }

    /// <summary>How to start it, without arguments yet.</summary>
    public ProcessStartInfo StartInfo()
    {
        if (Path.GetExtension(Location) != ".dll") return new(Location);
        // A self-contained publish brings its runtime, and the host may have no dotnet.
        var selfContained = File.Exists(Path.Combine(Path.GetDirectoryName(Location)!, "libhostpolicy.so"));
        return selfContained ? new(Path.ChangeExtension(Location, null)) : new(DotnetHost.Find(), ["exec", Location]);
    }
}
