using System.Globalization;
using Bam.Client.Clusters;
using Bam.Client.RunFiles;

namespace Bam.Client.Demo;

/// <summary>The folder of one demo: corpora, run file, and the home of its cluster.</summary>
internal sealed record DemoFolder(string Path)
{
    public string RunFile => System.IO.Path.Combine(Path, DemoExperiment.FileName);

    public string Data => System.IO.Path.Combine(Path, DemoExperiment.DataFolder);

    public ClusterHome Home => new(Path);

    /// <summary>Makes the next numbered folder under a parent: <c>001</c>, <c>002</c>, ...</summary>
    /// <exception cref="UserException">The parent is not writable.</exception>
    public static DemoFolder Next(string parent)
    {
        try
        {
            Directory.CreateDirectory(parent);
            var last = Directory.EnumerateDirectories(parent)
                .Select(folder => int.TryParse(Name(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0)
                .DefaultIfEmpty().Max();
            return new(Directory.CreateDirectory(System.IO.Path.Combine(parent, $"{last + 1:000}")).FullName);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserException($"{parent}: not writable: {Printable.Line(e.Message)}; choose another folder with --out DIR", 2);
        }
    }

    private static string Name(string folder) => System.IO.Path.GetFileName(folder);
}
