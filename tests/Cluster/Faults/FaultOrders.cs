using System.Globalization;

namespace Bam.Cluster.Faults;

/// <summary>Faults ordered of a cluster's silos, as files in the folder that <c>Bam:Faults</c> names (Training/Faults/FaultFolder.cs).</summary>
internal sealed class FaultOrders(string folder)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    /// <summary>Orders a fault; it fires once unless <paramref name="always"/>.</summary>
    /// <returns>The order, for the other methods.</returns>
    public string Order(string action, string point, string member = "*", long? step = null, bool always = false)
    {
        var order = $"{action}@{point}@{member}@{step?.ToString(CultureInfo.InvariantCulture) ?? "*"}";
        Directory.CreateDirectory(folder);
        var aside = Path.Combine(folder, $".{order}");
        File.WriteAllText(aside, always ? "always" : "");
        File.Move(aside, Path.Combine(folder, order), overwrite: true);
        return order;
    }

    /// <summary>Takes all orders back, the fired ones too.</summary>
    public void Clear()
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    /// <summary>When an order that fires once fired, and in which process; null while it has not.</summary>
    public (DateTime When, int Process)? Fired(string order)
    {
        var path = Path.Combine(folder, $"{order}.fired");
        return File.Exists(path) && File.ReadAllText(path).Split(' ') is [var when, var process]
            ? (DateTime.Parse(when, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal), int.Parse(process, CultureInfo.InvariantCulture))
            : null;
    }

    /// <summary>Waits until an order that fires once has fired.</summary>
    /// <returns>When, and in which process.</returns>
    public async Task<(DateTime When, int Process)> UntilFired(string order)
    {
        for (var waited = TimeSpan.Zero; waited < Limit; waited += TimeSpan.FromMilliseconds(20))
        {
            if (Fired(order) is { } fired)
                return fired;
            await Task.Delay(20);
        }

        throw new TimeoutException($"{order} did not fire");
    }
}
