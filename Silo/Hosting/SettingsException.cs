namespace Bam.Silo.Hosting;

/// <summary>What the user gave cannot work. The message is the one line that the user sees: what, why, and the fix.</summary>
internal sealed class SettingsException(string message) : Exception(message);
