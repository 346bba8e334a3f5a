namespace Bam.Training.Data;

/// <summary>The user's text or its names are wrong: one line that names the file (and line) and the fix.</summary>
public sealed class DataException : Exception
{
    public DataException(string message) : base(message)
    {
    }

    public DataException(string message, Exception inner) : base(message, inner)
    {
    }
}
