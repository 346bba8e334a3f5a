using System.Text;

namespace Bam.Grains.Members;

/// <summary>
/// What the attempts at a model say of themselves, in a file beside its checkpoints: there it outlives the silo, and any silo can read it.
/// Keeps the last one to two megabytes. A store that cannot be written costs the lines, not the training.
/// </summary>
/// <param name="folder">The model's folder in the store.</param>
/// <param name="silo">Name of this silo.</param>
/// <param name="time">Clock of the lines.</param>
internal sealed class AttemptLog(string folder, string silo, TimeProvider time)
{
    private const string FileName = "attempts.log";

    private const long Limit = 1_000_000;

    private readonly Lock _gate = new();

    /// <summary>Appends lines at once.</summary>
    public void Write(string text)
    {
        var when = $"{time.GetUtcNow().UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {silo} ";
        lock (_gate)
        {
            try
            {
                Directory.CreateDirectory(folder);
                var path = Path.Combine(folder, FileName);
                if (new FileInfo(path) is { Exists: true, Length: > Limit })
                    File.Move(path, path + ".1", overwrite: true);
                File.AppendAllText(path, string.Concat(text.Split('\n').Select(line => $"{when}{line.TrimEnd()}\n")));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // As said above.
            }
        }
    }

    /// <summary>The last lines, oldest first; none when there is no log.</summary>
    /// <param name="folder">The model's folder in the store.</param>
    /// <param name="lines">How many at most.</param>
    public static IReadOnlyList<string> Tail(string folder, int lines)
    {
        var path = Path.Combine(folder, FileName);
        var newest = Last(path, lines);
        return newest.Count < lines ? [.. Last(path + ".1", lines - newest.Count), .. newest] : newest;
    }

    private static IReadOnlyList<string> Last(string path, int lines)
    {
        try
        {
            return [.. File.ReadLines(path, Encoding.UTF8).TakeLast(lines)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
