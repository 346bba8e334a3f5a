using System.Diagnostics;
using System.Reflection;

namespace Bam.Client.Clusters;

/// <summary>The program that every silo of a local cluster runs.</summary>
/// <param name="File">Bam.Silo.dll, or an executable.</param>
internal sealed record SiloProgram(string File)
{
    private const string Variable = "BAM_SILO";

    /// <summary>
    /// The program named by BAM_SILO, else <c>silo/Bam.Silo.dll</c> beside this program (where a publish puts it), else the one that the build
    /// made together with this program.
    /// </summary>
    /// <exception cref="UserException">There is none.</exception>
    public static SiloProgram Find()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
            return System.IO.File.Exists(named) ? new(Path.GetFullPath(named)) : throw new UserException($"{Variable}: no file '{named}'", 2);

        var published = Path.Combine(AppContext.BaseDirectory, "silo", "Bam.Silo.dll");
        var built = typeof(SiloProgram).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .FirstOrDefault(metadata => metadata.Key == "Bam.SiloProgram")?.Value;
        return new(new[] { published, built }.FirstOrDefault(System.IO.File.Exists)
            ?? throw new UserException($"no silo program at {published}; publish the client again, or name Bam.Silo.dll with {Variable}", 2));
    }

    /// <summary>How to start it, without arguments yet.</summary>
    public ProcessStartInfo StartInfo()
    {
        if (Path.GetExtension(File) != ".dll") return new(File);
        // A self-contained publish brings its runtime, and the host may have no dotnet.
        if (System.IO.File.Exists(Path.Combine(Path.GetDirectoryName(File)!, "libhostpolicy.so"))) return new(Path.ChangeExtension(File, null));
        return new(DotnetHost.Find(), ["exec", File]);
    }
}
