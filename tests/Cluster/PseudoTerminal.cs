using System.Diagnostics;
using System.Text;
using Bam.Terminals;

namespace Bam.Cluster;

/// <summary>A <c>bam</c> on a terminal, by util-linux' <c>script</c>: what it writes is a screen, keys go to it, and the terminal has a size.</summary>
internal sealed class PseudoTerminal : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly Process _script;
    private readonly Task _reading;
    private readonly StringBuilder _output = new();
    private readonly VirtualScreen _screen;

    private PseudoTerminal(Process script, VirtualScreen screen)
    {
        (_script, _screen) = (script, screen);
        _reading = Read();
    }

    /// <summary>All that was written so far.</summary>
    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    /// <summary>Starts <c>bam</c>.</summary>
    /// <param name="environment">Variables as a shell writes them, such as <c>TERM=xterm NO_COLOR=1</c>.</param>
    /// <param name="width">Columns of the terminal.</param>
    /// <param name="height">Its rows.</param>
    public static PseudoTerminal Start(string environment, int width, int height, params string[] arguments)
    {
        var line = $"stty cols {width} rows {height}; exec env -u NO_COLOR {environment} {string.Join(' ', BamProcess.Line(arguments).Select(word => $"'{word}'"))}";
        var start = new ProcessStartInfo("script", ["-qec", line, "/dev/null"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        return new(Process.Start(start)!, new(width, height));
    }

    /// <summary>Gives the terminal another size; the program is told, as by every terminal.</summary>
    public async Task Resize(int width, int height)
    {
        var child = Assert.Single((await File.ReadAllTextAsync($"/proc/{_script.Id}/task/{_script.Id}/children")).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        var device = new FileInfo($"/proc/{child}/fd/1").LinkTarget!;
        lock (_output) _screen.Resize(width, height);
        using var stty = Process.Start("stty", ["-F", device, "cols", $"{width}", "rows", $"{height}"]);
        await stty.WaitForExitAsync();
        Assert.Equal(0, stty.ExitCode);
    }

    public async Task Press(string keys)
    {
        await _script.StandardInput.WriteAsync(keys);
        await _script.StandardInput.FlushAsync();
    }

    /// <summary>Presses Ctrl-Z; once the program has stopped it goes on, as by a shell's <c>fg</c>.</summary>
    public async Task Suspend()
    {
        await Press("\x1a");
        var began = Stopwatch.GetTimestamp();
        while (!Signals.IsStopped(_script.Id))   // it stops with its child
        {
            if (Stopwatch.GetElapsedTime(began) > Limit) throw new TimeoutException("Ctrl-Z has stopped nothing");
            await Task.Delay(20);
        }

        Signals.Send(_script.Id, Signals.Continue);
    }

    /// <summary>Waits until the screen is as wanted.</summary>
    public async Task<string> Until(Predicate<VirtualScreen> wanted)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            lock (_output)
                if (wanted(_screen)) return _screen.Text;
            if (_reading.IsFaulted) await _reading;
            if (Stopwatch.GetElapsedTime(began) > Limit) throw new TimeoutException($"waited in vain; the screen is\n{_screen.Text}");
            await Task.Delay(50);
        }
    }

    /// <summary>Waits until the program has ended.</summary>
    /// <returns>Its exit code, and what is on the screen.</returns>
    public async Task<(int ExitCode, VirtualScreen Screen)> End()
    {
        await _script.WaitForExitAsync().WaitAsync(Limit);
        await _reading.WaitAsync(Limit);
        return (_script.ExitCode, _screen);
    }

    public void Dispose()
    {
        if (!_script.HasExited) _script.Kill(entireProcessTree: true);
        _script.Dispose();
    }

    private async Task Read()
    {
        var part = new char[4096];
        var pending = "";
        while (await _script.StandardOutput.ReadAsync(part) is > 0 and var length)
        {
            lock (_output)
            {
                _output.Append(part, 0, length);

                // A command may be cut in two; the rest of it comes with the next part.
                pending += new string(part, 0, length);
                var cut = pending.LastIndexOf('\e');
                var whole = cut >= 0 && pending.Length - cut < 16 && !pending.AsSpan(cut + 1).ContainsAnyInRange('a', 'z') && !pending.AsSpan(cut + 1).ContainsAnyInRange('A', 'Z')
                    ? cut : pending.Length;
                _screen.Write(pending[..whole]);
                pending = pending[whole..];
            }
        }

        lock (_output) _screen.Write(pending);
    }
}
