using Bam.Client.Clusters;

namespace Bam.Client.Runs;

/// <summary>Repeats calls to a cluster that may lose a silo at any time, until its limit. Only for calls that may be repeated.</summary>
internal sealed class Patience(TimeProvider time)
{
    /// <summary>Exit code for a cluster that stays away.</summary>
    public const int GaveUp = 3;

    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>A call that takes longer went to a silo that is lost.</summary>
    public static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(10);

    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Raised for each try that failed.</summary>
    public event Action? Retrying;

    /// <exception cref="UserException">No answer within <see cref="Limit"/>; exit code <see cref="GaveUp"/>.</exception>
    public async Task<T> Call<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await call(cancellation).WaitAsync(CallLimit, time, cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OrleansException or TimeoutException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
            {
                // A silo that ends cancels what it has begun, such as the activation that the call was waiting for.
                if (time.GetElapsedTime(began) >= Limit)
                    throw new UserException(
                        $"the cluster has not answered for {Limit.TotalSeconds:0} s; look at it with 'bam cluster status'", GaveUp);
                Retrying?.Invoke();
                await Task.Delay(Pause, time, cancellation).ConfigureAwait(false);
            }
        }
    }
}
