using System.Globalization;

namespace Bam.Client.Chaos;

/// <summary>Faults ordered of the silos, as files of their folder <c>Bam:Faults</c> (Training/Faults/FaultFolder.cs).</summary>
/// <param name="folder">The folder.</param>
internal sealed class FaultOrders(string folder)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    public string Folder => folder;

    /// <summary>Orders a fault that fires once, such as <c>die@save-weights@law@*</c>.</summary>
    public void Order(string order)
    {
        Directory.CreateDirectory(folder);
        File.Delete(Fired(order));
        File.WriteAllBytes(Path.Combine(folder, order), []);
    }

    /// <summary>Waits until an order has fired, and takes it back when it has not within <paramref name="limit"/>.</summary>
    /// <returns>When it fired, and in which process; null when it did not.</returns>
    public async Task<(DateTimeOffset Time, int Process)?> UntilFired(string order, TimeSpan limit, CancellationToken cancellation)
    {
        for (var deadline = DateTimeOffset.UtcNow + limit; DateTimeOffset.UtcNow < deadline; await Task.Delay(Poll, CancellationToken.None))
        {
            if (Read(order) is { } fired)
                return fired;
            if (cancellation.IsCancellationRequested)
                break;
        }

        File.Delete(Path.Combine(folder, order));
        await Task.Delay(Poll * 5, CancellationToken.None);   // who claimed it just before says so now
        cancellation.ThrowIfCancellationRequested();
        return Read(order);
    }

    private (DateTimeOffset Time, int Process)? Read(string order) =>
        File.Exists(Fired(order)) && File.ReadAllText(Fired(order)).Split(' ') is [var time, var process]
            ? (DateTimeOffset.Parse(time, CultureInfo.InvariantCulture), int.Parse(process, CultureInfo.InvariantCulture))
            : null;

    private string Fired(string order) => Path.Combine(folder, $"{order}.fired");
}
