namespace Bam.Training.Faults;

/// <summary>What a fault does; in a file's name in lower case.</summary>
internal enum FaultAction
{
    /// <summary>The process is killed.</summary>
    Die,

    /// <summary>The process is stopped (SIGSTOP) until somebody continues or kills it.</summary>
    Freeze,

    /// <summary>The thread blocks for an hour.</summary>
    Hang,

    /// <summary>The loss of the step becomes NaN.</summary>
    Nan,

    /// <summary>An <see cref="IOException"/>: no space left on device.</summary>
    NoSpace,

    /// <summary>An <see cref="InvalidOperationException"/>.</summary>
    Fail,

    /// <summary>The thread blocks for two seconds.</summary>
    Slow,
}
