using System.Diagnostics;
using Bam.Contracts.Runs;

namespace Bam.Grains.Members;

/// <summary>
/// Watches that a session makes progress: a limit for the set-up, one for a step, one for a checkpoint. Whatever is told to it is progress.
/// Time in which it could not look itself does not count: a process that was stopped for a while is not stuck.
/// </summary>
/// <remarks>
/// A limit that the run does not give is learned from the attempt: twenty times the longest step (or batch of an evaluation) so far, at
/// least a minute; twenty times the longest save, at least ten minutes, and half an hour before the first one. The set-up has ten minutes
/// from one sign of life to the next; so has the first step, where libraries load and memory is allocated.
/// </remarks>
internal sealed class Watchdog : IDisposable
{
    private const double SetupSeconds = 600, StepSeconds = 60, CheckpointSeconds = 600, FirstCheckpointSeconds = 1800, Generosity = 20;

    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(200);

    private readonly LimitsSpec _given;
    private readonly TimeProvider _time;
    private readonly Action<string> _stuck;
    private readonly Queue<long> _saves = new();   // their steps; the first one is being written
    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private string _doing = "the set-up";
    private bool _isSettingUp = true, _hasStepped, _waitsForSave, _told;
    private long _beats, _seen, _looked, _beat = Stopwatch.GetTimestamp(), _saveBegan;
    private double _still, _saving, _longestStep, _longestSave;

    /// <param name="given">The run's limits.</param>
    /// <param name="time">Clock of the looks.</param>
    /// <param name="stuck">Called once, with what stands still, for how long, and the limit.</param>
    public Watchdog(LimitsSpec given, TimeProvider time, Action<string> stuck)
    {
        (_given, _time, _stuck) = (given, time, stuck);
        _looked = time.GetTimestamp();
        _timer = time.CreateTimer(_ => Look(), null, Period, Period);
    }

    /// <summary>The training thread goes on.</summary>
    public void Beat()
    {
        lock (_gate)
            Count();
    }

    /// <summary>The set-up is done, or a step.</summary>
    /// <param name="next">What comes next, such as <c>step 57</c>.</param>
    public void Beat(string next)
    {
        lock (_gate)
        {
            Count();
            (_doing, _hasStepped, _isSettingUp) = (next, !_isSettingUp, false);
        }
    }

    /// <summary>The training thread hands a checkpoint over, after those before it.</summary>
    public void Saving(long step)
    {
        lock (_gate)
        {
            Count();
            _waitsForSave = true;   // until it beats again
            _saves.Enqueue(step);
            if (_saves.Count == 1)
                (_saving, _saveBegan) = (0, Stopwatch.GetTimestamp());
        }
    }

    /// <summary>A checkpoint was published, or failed.</summary>
    public void Saved()
    {
        lock (_gate)
        {
            _saves.TryDequeue(out _);
            _longestSave = Math.Max(_longestSave, Stopwatch.GetElapsedTime(_saveBegan).TotalSeconds);
            (_saving, _saveBegan) = (0, Stopwatch.GetTimestamp());
            _beats++;
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Count()
    {
        var now = Stopwatch.GetTimestamp();
        if (_hasStepped)
            _longestStep = Math.Max(_longestStep, Stopwatch.GetElapsedTime(_beat, now).TotalSeconds);
        _beat = now;
        _beats++;
        _waitsForSave = false;
    }

    private void Look()
    {
        string problem;
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            var since = Math.Min(_time.GetElapsedTime(_looked, now).TotalSeconds, 2 * Period.TotalSeconds);
            _looked = now;
            if (_beats != _seen)
                (_seen, _still) = (_beats, 0);
            else if (!_waitsForSave || _saves.Count == 0)
                _still += since;
            if (_saves.Count > 0)
                _saving += since;
            if (_told || Problem() is not { } found)
                return;
            (_told, problem) = (true, found);
        }

        _stuck(problem);
    }

    private string? Problem()
    {
        var setup = _given.Setup ?? SetupSeconds;
        var limit = _isSettingUp ? setup
            : !_hasStepped ? Math.Max(setup, _given.Step ?? 0)
            : _given.Step ?? Math.Max(StepSeconds, Generosity * _longestStep);
        var checkpoint = _given.Checkpoint ?? (_longestSave > 0 ? Math.Max(CheckpointSeconds, Generosity * _longestSave) : FirstCheckpointSeconds);
        if (_saving > checkpoint && _saves.TryPeek(out var saved))
            return FormattableString.Invariant($"the checkpoint of step {saved} was not written within {_saving:0} s (limit {checkpoint:0.#} s)");
        return _still > limit
            ? FormattableString.Invariant($"{_doing} made no progress for {_still:0} s (limit {limit:0.#} s)")
            : null;
    }
}
