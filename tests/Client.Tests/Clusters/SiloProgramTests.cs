using Bam.Client.Clusters;

namespace Bam.Client.Tests.Clusters;

public sealed class SiloProgramTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bam-program-").FullName;

    [Fact]
    public void The_build_knows_the_silo_it_made()
    {
        Assert.Equal("Bam.Silo.dll", Path.GetFileName(SiloProgram.Find().Location));
    }

    [Fact]
    public void A_silo_without_its_own_runtime_runs_under_dotnet()
    {
        var start = new SiloProgram(Path.Combine(_folder, "Bam.Silo.dll")).StartInfo();

        Assert.Equal("dotnet", Path.GetFileName(start.FileName));
        Assert.Equal(["exec", Path.Combine(_folder, "Bam.Silo.dll")], start.ArgumentList);
    }

    [Fact]
    public void A_self_contained_silo_needs_no_dotnet()
    {
        File.WriteAllText(Path.Combine(_folder, "libhostpolicy.so"), "");

        var start = new SiloProgram(Path.Combine(_folder, "Bam.Silo.dll")).StartInfo();

        Assert.Equal(Path.Combine(_folder, "Bam.Silo"), start.FileName);
        Assert.Empty(start.ArgumentList);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
