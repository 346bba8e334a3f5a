using System.Runtime.InteropServices;
using Bam.Client.Clusters;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Bam.Client.Views;

/// <summary>
/// The terminal's other screen, from the first picture on: painted whole each time, so that neither a new size nor a key leaves anything behind.
/// However the process ends, short of SIGKILL, the terminal is given back: its first screen, and the cursor.
/// </summary>
internal sealed class FullScreen : IDisposable
{
    // 1049: the other screen; 25: the cursor; 7: wrapping at the edge; 2026: show what comes next at once. It is left empty: tmux 3.3 would
    // take rows of it over to the first screen when the size has changed meanwhile.
    private const string Open = "\e[?1049h\e[?25l\e[?7l\e[2J", Close = "\e[H\e[J\e[?7h\e[?25h\e[?1049l";
    private const string Begin = "\e[?2026h\e[H", EndOfLine = "\e[K", NextLine = "\r\n", Rest = "\r\n\e[J", End = "\e[?2026l";

    private readonly IAnsiConsole _console;
    private readonly Action _repaint;
    private readonly Lock _gate = new();
    private readonly PosixSignalRegistration[] _signals;
    private Stage _stage;

    /// <param name="repaint">Paints anew, when the terminal has another size or comes back.</param>
    public FullScreen(IAnsiConsole console, Action repaint)
    {
        (_console, _repaint) = (console, repaint);
        _signals = OperatingSystem.IsWindows() ? [] :
        [
            .. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT }.Select(signal => PosixSignalRegistration.Create(signal, _ => Leave(Stage.Over))),
            PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => repaint()),
            .. OperatingSystem.IsLinux() ? new[] { PosixSignalRegistration.Create(PosixSignal.SIGTSTP, _ => Suspend()), PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => Return()) } : [],
        ];
    }

    private enum Stage
    {
        Closed,
        Open,

        /// <summary>The process is being stopped, and may go on.</summary>
        Suspended,
        Over,
    }

    /// <summary>Shows what the lines make of the terminal's present size.</summary>
    public void Paint(Func<int?, Lines> picture)
    {
        lock (_gate)
        {
            if (_stage == Stage.Closed) Enter();
            if (_stage != Stage.Open) return;
            var (width, height) = (_console.Profile.Width, _console.Profile.Height);
            if (width < 1 || height < 1) (width, height) = (80, 24);   // a terminal that nobody gave a size
            var lines = picture(height).Of(width, Glyphs.Of(_console.Profile.Capabilities.Unicode));
            _console.Write(new Frame([.. lines.Take(height)], width, height));
        }
    }

    public void Dispose()
    {
        foreach (var signal in _signals) signal.Dispose();
        Leave(Stage.Over);
    }

    private void Enter()
    {
        _stage = Stage.Open;
        _console.Write(new ControlCode(Open));
    }

    private void Leave(Stage next)
    {
        lock (_gate)
        {
            var was = _stage;
            if (was != Stage.Over) _stage = next;
            if (was != Stage.Open) return;
            try
            {
                _console.Write(new ControlCode(Close));
            }
            catch (IOException)
            {
                // The terminal itself has gone.
            }
        }
    }

    /// <summary>Ctrl-Z. A runtime that has a handler for it no longer stops the process by itself (dotnet/runtime issue 64511).</summary>
    private void Suspend()
    {
        Leave(Stage.Suspended);
        ProcessIdentity.Current.Freeze();
    }

    private void Return()
    {
        lock (_gate)
        {
            if (_stage == Stage.Suspended) Enter();
        }

        _repaint();
    }

    private sealed class Frame(IReadOnlyList<TextLine> lines, int width, int height) : Renderable
    {
        protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
        {
            yield return Segment.Control(Begin);
            foreach (var (i, line) in lines.Index())
            {
                foreach (var segment in line.Segments) yield return segment;
                if (line.Width < width) yield return Segment.Control(EndOfLine);   // at the edge it would take the last character
                if (i < lines.Count - 1) yield return Segment.Control(NextLine);
            }

            if (lines.Count < height) yield return Segment.Control(Rest);
            yield return Segment.Control(End);
        }
    }
}
