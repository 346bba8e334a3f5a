namespace Bam.Training.Mixing;

/// <summary>Models that cannot be mixed; the message is one line that names the sources and what differs.</summary>
public sealed class MixException(string message) : Exception(message);
