using Bam.Client.Clusters;
using Bam.Contracts.Status;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Bam.Client.Views;

/// <summary>A local cluster: its silos, and what trains on their devices.</summary>
internal static class ClusterScreen
{
    /// <param name="report">The processes.</param>
    /// <param name="devices">The device slots; null when the cluster does not answer.</param>
    public static IRenderable Render(ClusterReport report, IReadOnlyList<DeviceStatus>? devices)
    {
        var hasGpus = report.Silos.Any(silo => silo.Gpu is not null);
        var silos = Plain("silo", "process", "silo port", "gateway port", "HTTP port", "ready");
        if (hasGpus) silos.AddColumn("GPU");
        foreach (var silo in report.Silos)
        {
            var cells = new List<string>
            {
                Markup.Escape(silo.Name), silo.ProcessId?.ToString() ?? "-", $"{silo.SiloPort}", $"{silo.GatewayPort}", $"{silo.HttpPort}",
                silo.Ready ? "[green]yes[/]" : "[red]no[/]",
            };
            if (hasGpus) cells.Add(Markup.Escape(silo.Gpu ?? "-"));
            silos.AddRow([.. cells]);
        }

        var rows = new List<IRenderable>();
        if (report.Silos.Count > 0)
        {
            rows.Add(new Markup(
                $"[bold]{Markup.Escape(report.Folder)}[/]  keeper {(report.KeeperRunning ? "[green]running[/]" : "[red]not running[/]")}"));
            rows.Add(silos);
            if (report.Page is { } page) rows.Add(new Markup($"page: {Markup.Escape(page)}"));
        }

        if (devices is not null) rows.Add(Devices(devices));
        return new Rows(rows);
    }

    private static Table Devices(IReadOnlyList<DeviceStatus> devices)
    {
        var table = Plain("silo", "address", "device", "trains");
        foreach (var device in devices)
            table.AddRow(new[] { device.Silo, device.Address, device.Device, device.Holder ?? "-" }.Select(Markup.Escape).ToArray());
        return table;
    }

    private static Table Plain(params IEnumerable<string> columns)
    {
        var table = new Table { Border = TableBorder.Rounded };
        foreach (var column in columns) table.AddColumn(new TableColumn(column) { NoWrap = true });
        return table;
    }
}
