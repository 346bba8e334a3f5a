namespace Bam.Training.Native;

/// <summary>libtorch cannot be loaded; the message is one line that says what is missing and how to get it.</summary>
public sealed class TorchLibraryException(string message) : Exception(message);
