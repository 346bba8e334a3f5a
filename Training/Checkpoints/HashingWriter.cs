namespace Bam.Training.Checkpoints;

/// <summary>Appends bytes to a file that is hashed as it is written.</summary>
internal delegate void HashingWriter(ReadOnlySpan<byte> bytes);
