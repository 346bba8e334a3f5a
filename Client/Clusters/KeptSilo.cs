using System.ComponentModel;
using System.Diagnostics;

namespace Bam.Client.Clusters;

/// <summary>A silo in the keeper's hands: started, watched, started again on the same ports, and stopped in the end.</summary>
/// <param name="silo">The silo.</param>
/// <param name="home">Home folder of its cluster.</param>
/// <param name="settings">Resolved settings of its cluster.</param>
/// <param name="record">Told of every start and end.</param>
internal sealed class KeptSilo(SiloState silo, ClusterHome home, ClusterSettings settings, Action<SiloState> record)
{
    /// <summary>Longer than a silo's own limit for its shutdown.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private static readonly TimeSpan BetweenChecks = TimeSpan.FromSeconds(3);
    private const int ChecksUntilHung = 6; // of 2 s, with 3 s between them: 30 s; its cluster has given its work to others after 6 s

    private readonly BackOff _backOff = new();
    private SiloState _silo = silo;

    /// <summary>Keeps the silo alive until <paramref name="stop"/>; returns when it has ended.</summary>
    public async Task Run(SiloProgram program, CancellationToken stop)
    {
        using var log = new RotatingLog(home.LogOf(_silo.Name));
        while (!stop.IsCancellationRequested)
        {
            var started = Stopwatch.GetTimestamp();
            var exitCode = await Live(program, log, stop);
            Record(_silo with { Process = null, LastExitCode = exitCode });
            if (stop.IsCancellationRequested) return;

            var pause = _backOff.After(Stopwatch.GetElapsedTime(started));
            Say(log, $"{_silo.Name} ended with code {exitCode}; starts again in {pause.TotalSeconds:0.#} s");
            await Task.Delay(pause, stop).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    /// <summary>One life of the silo, from start to end. Returns its exit code; -1 when it could not be started.</summary>
    private async Task<int> Live(SiloProgram program, RotatingLog log, CancellationToken stop)
    {
        Process process;
        try
        {
            process = Process.Start(Describe(program))!;
        }
        catch (Win32Exception refused)
        {
            Say(log, $"cannot start {program.Location}: {refused.Message}");
            return -1;
        }

        using (process)
        {
            process.StandardInput.Close();
            var output = Task.WhenAll(Copy(process.StandardOutput, log), Copy(process.StandardError, log));
            var identity = ProcessIdentity.Of(process.Id);
            Record(_silo with { Process = identity });
            using var life = CancellationTokenSource.CreateLinkedTokenSource(stop);
            var watch = KillWhenHung(identity, log, life.Token);
            try
            {
                await process.WaitForExitAsync(stop);
            }
            catch (OperationCanceledException)
            {
                await Stop(process, identity, log);
            }
            await life.CancelAsync();
            await watch;
            await Task.WhenAny(output, Task.Delay(TimeSpan.FromSeconds(2), CancellationToken.None)); // a grandchild may hold the pipe
            return process.ExitCode;
        }
    }

    /// <summary>A process that answered once and then stands still for good would keep its device from everybody: it is killed.</summary>
    private async Task KillWhenHung(ProcessIdentity? identity, RotatingLog log, CancellationToken life)
    {
        try
        {
            for (int? silent = null; silent is not ChecksUntilHung;)
            {
                await Task.Delay(BetweenChecks, life);
                silent = await SiloHealth.IsLive(_silo, life) ? 0 : silent + 1;
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }

        Say(log, $"{_silo.Name} does not answer {ChecksUntilHung} times in a row and is killed");
        identity?.Kill();
    }

    private async Task Stop(Process process, ProcessIdentity? identity, RotatingLog log)
    {
        identity?.Stop();
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            Say(log, $"{_silo.Name} did not end within {Patience.TotalSeconds:0} s and is killed");
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private ProcessStartInfo Describe(SiloProgram program)
    {
        var start = program.StartInfo();
        foreach (var (option, value) in Options()) start.ArgumentList.Add($"--Bam:{option}={value}");
        if (_silo.Gpu is { } gpu)
        {
            start.Environment["CUDA_VISIBLE_DEVICES"] = gpu;
            start.Environment.TryAdd("CUDA_DEVICE_ORDER", "PCI_BUS_ID"); // CUDA's own order is by speed, nvidia-smi's is this one
        }
        start.WorkingDirectory = home.Folder;
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        return start;
    }

    private IEnumerable<(string Option, object Value)> Options()
    {
        yield return ("Name", _silo.Name);
        yield return ("SiloPort", _silo.SiloPort);
        yield return ("GatewayPort", _silo.GatewayPort);
        yield return ("HttpPort", _silo.HttpPort);
        yield return ("Home", home.Folder);
        if (settings.Database is { } database) yield return ("Database", database);
        yield return ("Device", settings.Device);
        yield return ("Threads", settings.Threads!);
        if (settings.LibTorch is { } libTorch) yield return ("LibTorch", libTorch);
    }

    private void Record(SiloState changed) => record(_silo = changed);

    private static void Say(RotatingLog log, string what) =>
        log.WriteLine($"{DateTimeOffset.UtcNow:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} keeper: {what}");

    private static async Task Copy(StreamReader from, RotatingLog log)
    {
        while (await from.ReadLineAsync() is { } line) log.WriteLine(line);
    }
}
