using System.Collections.Concurrent;
using Bam.Grains.Hosting;
using Bam.Grains.Telemetry;
using Bam.Training.Faults;
using Bam.Training.Native;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bam.Grains.Devices;

/// <summary>
/// The silo's device slot: one thread on which all of its torch work runs, one piece at a time. TorchSharp keeps grad mode and dispose
/// scopes by thread, and a process that ends while a thread is inside libtorch crashes; so the thread is ours and is joined at the end.
/// </summary>
internal sealed partial class DeviceWorker : IHostedService, IDisposable
{
    private readonly TrainingHostOptions _options;
    private readonly TrainingMetrics _metrics;
    private readonly ILogger _logger;
    private readonly BlockingCollection<Action> _queue = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Thread? _thread;
    private int _busy;
    private volatile bool _isAbandoned;

    public DeviceWorker(TrainingHostOptions options, TrainingMetrics metrics, ILogger<DeviceWorker> logger)
    {
        (_options, _metrics, _logger) = (options, metrics, logger);
        Stopping = _stopping.Token;
    }

    /// <summary>Signalled when the silo shuts down: what runs must end after the step in flight. Outlives the worker.</summary>
    public CancellationToken Stopping { get; }

    /// <summary>Whether a piece of work is queued or runs, or the thread was given up.</summary>
    public bool IsBusy => _isAbandoned || Volatile.Read(ref _busy) > 0;

    /// <summary>Name of the thread.</summary>
    public string ThreadName => $"bam-{_options.Device}";

    /// <summary>Gives the thread up: it does not come back from its work, and nobody waits for it any more.</summary>
    public void Abandon() => _isAbandoned = true;

    /// <summary>Runs <paramref name="work"/> on the device's thread, after what is there already; cancelled when the silo shuts down.</summary>
    public Task<T> Run<T>(Func<T> work)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Increment(ref _busy);
        try
        {
            _queue.Add(() =>
            {
                try
                {
                    var value = work();
                    Interlocked.Decrement(ref _busy);
                    result.SetResult(value);
                }
                catch (Exception e)
                {
                    Interlocked.Decrement(ref _busy);
                    result.SetException(e);
                }
            });
        }
        catch (InvalidOperationException)
        {
            Interlocked.Decrement(ref _busy);
            return Task.FromCanceled<T>(new CancellationToken(canceled: true));
        }

        return result.Task;
    }

    /// <exception cref="TorchLibraryException">libtorch cannot be loaded.</exception>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _thread = new Thread(Loop) { Name = ThreadName, IsBackground = true };
        _thread.Start();
        return _ready.Task;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        _queue.CompleteAdding();
        if (_isAbandoned)
            return;
        var ended = Task.Run(() => _thread?.Join(), CancellationToken.None);
        await ended.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!ended.IsCompleted)
            LogLeftBehind(_options.Device);
    }

    public void Dispose()
    {
        _queue.Dispose();
        _stopping.Dispose();
    }

    private void Loop()
    {
        try
        {
            LogLoaded(_options.Device, TorchLibrary.Load().ToString(), _options.Threads);
            TorchLibrary.UseThreads(_options.Threads);
            if (_options.Faults is not NoFaults)
                LogFaults(_options.Device);
            _ready.SetResult();
        }
        catch (Exception e)
        {
            _ready.SetException(e);
            return;
        }

        Look();
        try
        {
            foreach (var work in _queue.GetConsumingEnumerable())
                work();
        }
        catch (ObjectDisposedException)
        {
            // The host did not wait for the last piece of work.
        }
    }

    // After the silo has been told that the device is ready: its start does not wait.
    private void Look()
    {
        DeviceFacts device;
        try
        {
            device = DeviceFacts.Of(_options.Device, _options.PeakFlops);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            LogNoPeak(_options.Device, $"unknown ({e.Message.Split('\n')[0]})");   // no reason not to train
            return;
        }

        _metrics.Device = device;
        if (device.PeakFlops is { } peak)
            LogPeak(_options.Device, device.Name, peak / 1e12);
        else
            LogNoPeak(_options.Device, device.Name);
    }

    [LoggerMessage(2001, LogLevel.Information, "Device {Device} runs on libtorch in {Library}, {Threads} threads a step")]
    private partial void LogLoaded(string device, string library, int threads);

    [LoggerMessage(2002, LogLevel.Warning, "Device {Device} still works after the time that the shutdown has; what it does since its last checkpoint is lost")]
    private partial void LogLeftBehind(string device);

    [LoggerMessage(2003, LogLevel.Warning, "Device {Device} takes orders for faults (Bam:Faults): training will be disturbed on purpose")]
    private partial void LogFaults(string device);

    [LoggerMessage(2004, LogLevel.Information, "Device {Device} is {Name}, {Peak:0.###} TFLOP/s at most")]
    private partial void LogPeak(string device, string name, double peak);

    [LoggerMessage(2005, LogLevel.Warning, "Device {Device} is {Name}, whose peak is not known: bam_mfu_ratio is not shown; give Bam:PeakFlops")]
    private partial void LogNoPeak(string device, string name);
}
