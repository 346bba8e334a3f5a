using System.Runtime.ExceptionServices;

namespace Bam.Client.Verbs;

/// <summary>A thread for the engine: torch keeps its state by thread, and the thread must have ended before the process does.</summary>
internal static class EngineThread
{
    /// <summary>Does the work on a thread of its own and waits for it; an exception comes back as it was thrown.</summary>
    public static T Run<T>(string name, Func<T> work)
    {
        T? result = default;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                result = work();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        })
        { Name = name };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result!;
    }
}
