using System.Diagnostics;
using Bam.Contracts.Tests;
using Bam.Deploy.Tests.Rules;

namespace Bam.Deploy.Tests.Hosts;

/// <summary>The unit against systemd's own check, and its example of options against a silo's list.</summary>
public sealed class SystemdTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "deploy", "systemd");

    [Fact]
    public async Task The_unit_is_one_that_systemd_takes()
    {
        Assert.SkipUnless(Debian.Has("systemd-analyze"), "systemd is not installed");
        var aside = Directory.CreateTempSubdirectory("bam-unit-").FullName;
        var unit = Path.Combine(aside, "bam-silo@.service");
        // The program is not installed here; everything else is as it is.
        await File.WriteAllTextAsync(unit, (await File.ReadAllTextAsync(Path.Combine(Folder, "bam-silo@.service"), Cancellation)).Replace("/opt/bam/silo/Bam.Silo", "/bin/true", StringComparison.Ordinal), Cancellation);
        using var process = Process.Start(new ProcessStartInfo("systemd-analyze", ["verify", "--man=no", unit]) { RedirectStandardError = true })!;
        var said = await process.StandardError.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        Directory.Delete(aside, recursive: true);

        Assert.DoesNotContain("bam-silo@", said, StringComparison.Ordinal);   // what it says of other units of this host is not ours
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public void The_example_sets_options_that_a_silo_has()
    {
        var names = File.ReadLines(Path.Combine(Folder, "bam-silo.env")).Select(line => line.TrimStart('#')).Where(line => line.StartsWith("Bam__", StringComparison.Ordinal)).Select(line => line.Split('=')[0]);

        Assert.Empty(names.Except(SiloOptions.Variables()));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;
}
