namespace Bam.Silo.Hosting;

/// <summary>What the user gave cannot work. The message is the one line the user sees: the option or file, what is wrong, the fix.</summary>
internal sealed class SettingsException(string message) : Exception(message);
