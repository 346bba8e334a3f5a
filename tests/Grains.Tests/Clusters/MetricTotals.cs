using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Bam.Grains.Telemetry;

namespace Bam.Grains.Tests.Clusters;

/// <summary>
/// Adds up what the instruments of one run are told, over all silos. A coordinator's totals are the run's: of those that several silos tell,
/// living or dead, the largest counts.
/// </summary>
internal sealed class MetricTotals : IDisposable
{
    private readonly ConcurrentDictionary<(string Instrument, string Member, string? Reason), (double Sum, int Count)> _totals = new();
    private readonly ConcurrentDictionary<string, byte> _names = new();
    private readonly MeterListener _listener = new();
    private readonly string _run;

    public MetricTotals(string run)
    {
        _run = run;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == TrainingMetrics.MeterName)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>Names of the instruments that had more than a zero to tell.</summary>
    public IEnumerable<string> Names
    {
        get
        {
            Observe();
            return _names.Keys;
        }
    }

    public double Sum(string instrument, string member, string? reason = null)
    {
        Observe();
        return _totals.GetValueOrDefault((instrument, member, reason)).Sum;
    }

    public int Count(string instrument, string member) => _totals.GetValueOrDefault((instrument, member, null)).Count;

    /// <summary>Reads the gauges.</summary>
    public void Observe() => _listener.RecordObservableInstruments();

    public void Dispose() => _listener.Dispose();

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string? run = null, member = null, reason = null;
        foreach (var (key, tag) in tags)
        {
            (run, member, reason) = key switch
            {
                "run" => (tag as string, member, reason),
                "branch" => (run, tag as string, reason),
                "reason" => (run, member, tag as string),
                _ => (run, member, reason),
            };
        }

        if (run != _run)
            return;
        if (value != 0)
            _names[instrument.Name] = 0;
        _totals.AddOrUpdate((instrument.Name, member ?? "", reason), (value, 1), (_, total) =>
            (instrument.IsObservable ? Math.Max(total.Sum, value) : total.Sum + value, total.Count + 1));
    }
}
