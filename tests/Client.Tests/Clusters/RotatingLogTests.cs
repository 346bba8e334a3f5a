using Bam.Client.Clusters;

namespace Bam.Client.Tests.Clusters;

public sealed class RotatingLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bam-log-").FullName;

    private string Log => Path.Combine(_folder, "silo-1.log");

    [Fact]
    public void A_log_never_grows_past_its_limit_and_keeps_the_newest_lines()
    {
        using (var log = new RotatingLog(Log, limitBytes: 1000))
            for (var i = 0; i < 500; i++) log.WriteLine($"line {i}");

        Assert.Equal(["line 498", "line 499"], RotatingLog.Tail(Log, 2));
        Assert.All(Directory.GetFiles(_folder), file => Assert.InRange(new FileInfo(file).Length, 1, 1010));
        Assert.Equal(2, Directory.GetFiles(_folder).Length);
    }

    [Fact]
    public void A_log_goes_on_where_it_ended()
    {
        using (var log = new RotatingLog(Log)) log.WriteLine("first life");
        using (var log = new RotatingLog(Log)) log.WriteLine("second life");

        Assert.Equal(["first life", "second life"], RotatingLog.Tail(Log, 10));
    }

    [Fact]
    public void A_missing_log_has_no_lines() => Assert.Empty(RotatingLog.Tail(Log, 10));

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
