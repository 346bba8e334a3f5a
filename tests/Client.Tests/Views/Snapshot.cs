using System.Runtime.CompilerServices;

namespace Bam.Client.Tests.Views;

/// <summary>
/// What a view prints, as files beside the tests. To accept what it prints now: <c>BAM_SNAPSHOTS=accept</c>, and read the difference in git.
/// </summary>
internal static class Snapshot
{
    public static void Matches(string name, string text, [CallerFilePath] string source = "")
    {
        var file = Path.Combine("Snapshots", name + ".txt");
        if (Environment.GetEnvironmentVariable("BAM_SNAPSHOTS") == "accept")
        {
            File.WriteAllText(Path.Combine(Path.GetDirectoryName(source)!, file), text + "\n");
            return;
        }

        Assert.Equal(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Views", file)).TrimEnd('\n'), text);
    }
}
