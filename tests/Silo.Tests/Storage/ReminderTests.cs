namespace Bam.Silo.Tests.Storage;

/// <summary>What Orleans needs of reminders, whichever database keeps it.</summary>
public abstract class ReminderTests : IDisposable
{
    private static readonly DateTime Start = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private readonly OrleansStores _stores;

    private protected ReminderTests(OrleansStores stores) => _stores = stores;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_reminder_comes_back_as_it_was_set_and_goes_once()
    {
        var table = await _stores.Reminders(Cancellation);
        var first = await table.UpsertRow(Entry("run-7", TimeSpan.FromMinutes(5)), Cancellation);
        var second = await table.UpsertRow(Entry("run-7", TimeSpan.FromMinutes(10)), Cancellation);

        var read = await table.ReadRow(Grain("run-7"), "drive", Cancellation);
        Assert.Equal((TimeSpan.FromMinutes(10), Start, second), (read!.Period, read.StartAt.ToUniversalTime(), read.ETag));

        Assert.NotEqual(first, second);
        Assert.False(await table.RemoveRow(Grain("run-7"), "drive", first!, Cancellation));
        Assert.True(await table.RemoveRow(Grain("run-7"), "drive", second!, Cancellation));
        Assert.Empty((await table.ReadRows(Grain("run-7"), Cancellation)).Reminders);
    }

    [Fact]
    public async Task Every_reminder_lies_in_one_half_of_the_ring_wherever_it_is_cut()
    {
        var table = await _stores.Reminders(Cancellation);
        var names = Enumerable.Range(0, 40).Select(i => $"run-{i}").ToList();
        foreach (var name in names) await table.UpsertRow(Entry(name, TimeSpan.FromMinutes(5)), Cancellation);

        foreach (var (from, to) in new[] { (0u, 0x7fff_0000u), (0x4000_0000u, 0xc000_0000u), (0xe000_0000u, 0x1000_0000u) })
        {
            var expected = names.Where(name => InRange(Grain(name).GetUniformHashCode(), from, to)).Order();
            var read = (await table.ReadRows(from, to, Cancellation)).Reminders.Select(row => row.GrainId.Key.ToString()!).Order();
            Assert.Equal(expected, read);
        }
    }

    public void Dispose()
    {
        _stores.Dispose();
        GC.SuppressFinalize(this);
    }

    // (from, to] on a ring of 2^32
    private static bool InRange(uint hash, uint from, uint to) => from < to ? hash > from && hash <= to : hash > from || hash <= to;

    private static GrainId Grain(string name) => GrainId.Create("coordinator", name);

    private static ReminderEntry Entry(string name, TimeSpan period) =>
        new() { GrainId = Grain(name), ReminderName = "drive", StartAt = Start, Period = period };
}
