namespace Bam.Client.Verbs;

/// <summary>Keeps the details of an error that nobody expected, for whoever mends it.</summary>
internal static class CrashLog
{
    /// <summary>Writes into the home's logs, or into the temporary folder when that is not writable.</summary>
    /// <returns>Path of the log, or why there is none.</returns>
    public static string Write(string home, IEnumerable<string> arguments, Exception error)
    {
        var name = $"bam-{DateTimeOffset.UtcNow:yyyyMMdd-HHmmss}-{Environment.ProcessId}.log";
        var text = $"bam {string.Join(' ', arguments)}\n{DateTimeOffset.UtcNow:O}\n{error}\n";
        var problem = "";
        foreach (var folder in new[] { Path.Combine(home, "logs"), Path.GetTempPath() })
        {
            try
            {
                var path = Path.Combine(Directory.CreateDirectory(folder).FullName, name);
                File.WriteAllText(path, text);
                return path;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                problem = e.Message;
            }
        }

        return $"no log could be written: {problem}";
    }
}
