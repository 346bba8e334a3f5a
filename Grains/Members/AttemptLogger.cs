using Microsoft.Extensions.Logging;

namespace Bam.Grains.Members;

/// <summary>Writes to the silo's log and, from Information on, to the model's own.</summary>
internal sealed class AttemptLogger(ILogger silo, AttemptLog log) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => silo.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information || silo.IsEnabled(logLevel);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        silo.Log(logLevel, eventId, state, exception, formatter);
        if (logLevel >= LogLevel.Information)
            log.Write(exception is null ? formatter(state, null) : $"{formatter(state, exception)}\n{exception}");
    }
}
