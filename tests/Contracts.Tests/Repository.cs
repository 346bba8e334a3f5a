namespace Bam.Contracts.Tests;

/// <summary>The checkout that the tests were built in.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>The built assembly of a project, of the configuration that the tests were built in.</summary>
    public static string Assembly(string project, string name)
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory);              // .../bin/Release/net10.0
        return Path.Combine(Root, project, "bin", output.Parent!.Name, output.Name, $"{name}.dll");
    }

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "BamOrleans.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException($"no BamOrleans.sln above {AppContext.BaseDirectory}");
    }
}
