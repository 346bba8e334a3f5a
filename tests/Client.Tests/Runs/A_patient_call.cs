using Bam.Client.Clusters;
using Bam.Client.Runs;

namespace Bam.Client.Tests.Runs;

public sealed class A_patient_call
{
    [Fact]
    public async Task Outlives_silos_that_are_lost()
    {
        var (calls, retries) = (0, 0);
        var patience = new Patience(new HurriedClock());
        patience.Retrying += () => retries++;

        var answer = await patience.Call(
            _ => ++calls switch
            {
                1 => throw new TimeoutException(), 2 => throw new SiloUnavailableException(), 3 => throw new OperationCanceledException(), _ => Task.FromResult(calls),
            },
            TestContext.Current.CancellationToken);

        Assert.Equal((4, 3), (answer, retries));
    }

    [Fact]
    public async Task Ends_when_its_caller_is_interrupted()
    {
        var calls = 0;
        using var interrupt = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new Patience(new HurriedClock()).Call<int>(
            async ct =>
            {
                calls++;
                await interrupt.CancelAsync();
                ct.ThrowIfCancellationRequested();
                return 0;
            },
            interrupt.Token));

        Assert.Equal(1, calls);
    }

    [Fact]
    public async Task Gives_up_with_exit_code_3_when_the_cluster_stays_away()
    {
        var calls = 0;
        var patience = new Patience(new HurriedClock());

        var gone = await Assert.ThrowsAsync<UserException>(() => patience.Call<int>(
            _ =>
            {
                calls++;
                throw new SiloUnavailableException("gone");
            },
            TestContext.Current.CancellationToken));

        Assert.Equal(3, gone.ExitCode);
        Assert.InRange(calls, 50, 130);
    }

    [Fact]
    public async Task Leaves_other_errors_alone() =>
        await Assert.ThrowsAsync<InvalidDataException>(() => new Patience(new HurriedClock()).Call<int>(
            _ => throw new InvalidDataException(), TestContext.Current.CancellationToken));

    /// <summary>Timers fire at once, and the time that they should have taken passes.</summary>
    private sealed class HurriedClock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref _ticks);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            // Only pauses hurry: the limit of a call is longer, and never comes here.
            if (dueTime == Patience.Pause) Interlocked.Add(ref _ticks, dueTime.Ticks);
            return TimeProvider.System.CreateTimer(callback, state, dueTime == Patience.Pause ? TimeSpan.Zero : dueTime, period);
        }
    }
}
