using System.Diagnostics;
using Bam.Client.Clusters;

namespace Bam.Client.Tests.Clusters;

public sealed class ProcessIdentityTests
{
    [Fact]
    public async Task A_process_is_known_until_it_ends()
    {
        using var process = Process.Start("sleep", "60");
        var identity = ProcessIdentity.Of(process.Id)!;
        Assert.True(identity.IsAlive());

        identity.Stop();
        Assert.True(await identity.WaitForExit(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken));
        Assert.Null(ProcessIdentity.Of(process.Id));
    }

    [Fact]
    public void Another_process_with_the_same_number_is_not_the_one_and_gets_no_signal()
    {
        using var process = Process.Start("sleep", "60");
        var stranger = ProcessIdentity.Of(process.Id)! with { Started = "another boot/1" };

        Assert.False(stranger.IsAlive());
        stranger.Kill();
        Assert.False(process.WaitForExit(200));
        process.Kill();
    }
}
