using Bam.Contracts.Runs;
using Bam.Grains.Members;

namespace Bam.Grains.Tests.Members;

public sealed class WatchdogTests : IDisposable
{
    private readonly List<string> _told = [];
    private readonly StillClock _clock = new();

    [Fact]
    public void A_step_beyond_its_limit_is_told_once_and_says_which()
    {
        using var dog = Watch(new LimitsSpec(Setup: 9, Step: 3));
        dog.Beat("step 56");
        dog.Beat("step 57");

        _clock.Pass(2.8);
        Assert.Empty(_told);
        _clock.Pass(9);

        Assert.Equal("step 57 made no progress for 3 s (limit 3 s)", Assert.Single(_told));
    }

    [Fact]
    public void Any_sign_of_life_begins_the_limit_anew()
    {
        using var dog = Watch(new LimitsSpec(Setup: 3, Step: 3));
        for (var i = 0; i < 10; i++)
        {
            _clock.Pass(2.8);
            dog.Beat();
        }

        dog.Beat("step 1");
        _clock.Pass(2.8);
        dog.Beat("step 2");
        _clock.Pass(2.8);

        Assert.Empty(_told);
    }

    [Fact]
    public void The_set_up_and_the_first_step_have_the_limit_of_the_set_up()
    {
        using var dog = Watch(new LimitsSpec(Setup: 5, Step: 1));
        _clock.Pass(4.8);
        dog.Beat("step 1");
        _clock.Pass(4.8);
        Assert.Empty(_told);

        _clock.Pass(1);

        Assert.Equal("step 1 made no progress for 5 s (limit 5 s)", Assert.Single(_told));
    }

    [Fact]
    public void A_set_up_that_stands_still_is_told()
    {
        using var dog = Watch(new LimitsSpec());
        _clock.Pass(599);
        Assert.Empty(_told);

        _clock.Pass(2);

        Assert.Equal("the set-up made no progress for 600 s (limit 600 s)", Assert.Single(_told));
    }

    [Fact]
    public void A_checkpoint_has_a_limit_of_its_own_and_the_step_that_waits_for_it_has_none()
    {
        using var dog = Watch(new LimitsSpec(Setup: 1, Step: 1, Checkpoint: 6));
        dog.Beat("step 1");
        dog.Beat("step 21");
        dog.Saving(20);
        dog.Saving(40);
        _clock.Pass(5.8);
        Assert.Empty(_told);
        dog.Saved();
        _clock.Pass(5.8);
        Assert.Empty(_told);

        _clock.Pass(1);

        Assert.Equal("the checkpoint of step 40 was not written within 6 s (limit 6 s)", Assert.Single(_told));
    }

    [Fact]
    public void A_save_in_the_background_does_not_excuse_the_steps()
    {
        using var dog = Watch(new LimitsSpec(Setup: 1, Step: 3, Checkpoint: 60));
        dog.Beat("step 1");
        dog.Saving(0);
        dog.Beat("step 2");

        _clock.Pass(4);

        Assert.StartsWith("step 2 made no progress", Assert.Single(_told), StringComparison.Ordinal);
    }

    [Fact]
    public void Time_in_which_the_process_was_stopped_does_not_count()
    {
        using var dog = Watch(new LimitsSpec(Setup: 3, Step: 3));
        dog.Beat("step 1");
        dog.Beat("step 2");

        _clock.Jump(100);

        Assert.Empty(_told);
    }

    public void Dispose() => _clock.Dispose();

    private Watchdog Watch(LimitsSpec limits) => new(limits, _clock, _told.Add);

    /// <summary>A clock that only the test moves, with one timer.</summary>
    private sealed class StillClock : TimeProvider, ITimer
    {
        private TimerCallback? _look;
        private TimeSpan _period;
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            (_look, _period) = (callback, period);
            return this;
        }

        public void Pass(double seconds)
        {
            for (var i = 0; i < Math.Round(seconds / _period.TotalSeconds); i++)
                Jump(_period.TotalSeconds);
        }

        /// <summary>Time passes without a look, but for one at the end.</summary>
        public void Jump(double seconds)
        {
            _ticks += TimeSpan.FromSeconds(seconds).Ticks;
            _look!(null);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
