using Bam.Training.Checkpoints;
using Bam.Training.Sessions;

namespace Bam.Training.Tests.Sessions;

public sealed class SaveScheduleTests
{
    private readonly Clock _clock = new();

    [Fact]
    public void A_save_is_due_each_so_many_steps_and_one_that_was_put_off_stays_due()
    {
        var schedule = new SaveSchedule(10, durable: -1, _clock);

        Assert.Equal([10, 11, 12], Enumerable.Range(1, 12).Where(step => schedule.IsDue(step)));
        Save(schedule, 12, fails: false);

        Assert.Equal([20], Enumerable.Range(13, 8).Where(step => schedule.IsDue(step)));
        Assert.Equal(12, schedule.Durable);
    }

    [Fact]
    public void A_save_that_failed_is_tried_again_before_the_next_one_with_pauses_that_double_to_half_a_minute()
    {
        var schedule = new SaveSchedule(1000, durable: 0, _clock);
        var pauses = new List<int>();

        for (var step = 1000; pauses.Count < 8; step++)
        {
            Save(schedule, step, fails: true);
            var pause = 0;
            for (; !schedule.IsDue(step + 1); pause++)
                _clock.Pass(TimeSpan.FromSeconds(1));
            pauses.Add(pause);
        }

        Assert.Equal([1, 2, 4, 8, 16, 30, 30, 30], pauses);
        Save(schedule, 1010, fails: false);
        Assert.False(schedule.IsDue(1011));
        Assert.True(schedule.MayTry);
    }

    [Fact]
    public void After_a_way_back_the_saves_on_the_way_are_due_again()
    {
        var schedule = new SaveSchedule(10, durable: -1, _clock);
        Save(schedule, 10, fails: false);
        Save(schedule, 20, fails: false);

        schedule.GoBack(10);

        Assert.Equal(10, schedule.Durable);
        Assert.False(schedule.IsDue(19));
        Assert.True(schedule.IsDue(20));
    }

    private static void Save(SaveSchedule schedule, long step, bool fails)
    {
        schedule.Began(step);
        var manifest = new CheckpointManifest { Step = step, Attempt = 1, Created = default, Files = new Dictionary<string, FileEntry>() };
        schedule.Ended(new SaveOutcome(fails ? null : new Checkpoint("", manifest), fails ? new CheckpointException("no") : null, 1, default, default));
    }

    private sealed class Clock : TimeProvider
    {
        private TimeSpan _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now.Ticks;

        public void Pass(TimeSpan time) => _now += time;
    }
}
