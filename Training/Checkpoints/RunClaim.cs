using System.Text;

namespace Bam.Training.Checkpoints;

/// <summary>
/// A run's folder of the store belongs to one launch of the run: another cluster that has the same store must not train into it. The file
/// <c>.owner</c> names the launch; while one of its models trains, the file's time is renewed every ten seconds. Another launch may take the
/// folder over when that time is a minute old; the one before publishes nothing from then on.
/// </summary>
internal sealed class RunClaim : IDisposable
{
    private const string OwnerFile = ".owner";

    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(10), Patience = TimeSpan.FromSeconds(60);

    private readonly string _path, _owner;
    private readonly Timer _timer;

    private RunClaim(string path, string owner, TimeSpan renewal)
    {
        (_path, _owner) = (path, owner);
        _timer = new Timer(_ => Renew(), null, renewal, renewal);
    }

    /// <summary>Takes a run's folder for a launch of the run.</summary>
    /// <exception cref="StaleAttemptException">It belongs to another launch, which is alive.</exception>
    /// <exception cref="CheckpointException">The folder cannot be written.</exception>
    public static RunClaim Take(string folder, string owner) => Take(folder, owner, Patience, Renewal);

    /// <param name="folder">The run's folder.</param>
    /// <param name="owner">The launch, for messages too.</param>
    /// <param name="patience">Silence after which a launch counts as dead.</param>
    /// <param name="renewal">Time between two signs of life.</param>
    internal static RunClaim Take(string folder, string owner, TimeSpan patience, TimeSpan renewal)
    {
        var path = Path.Combine(folder, OwnerFile);
        var aside = Path.Combine(folder, $"{OwnerFile}-{Guid.NewGuid():n}");
        try
        {
            Directory.CreateDirectory(folder);
            DurableFile.Write(aside, Encoding.UTF8.GetBytes(owner));
            if (File.Exists(path) && Owner(path) != owner)
            {
                // Both times are of the store's own clock.
                var silence = File.GetLastWriteTimeUtc(aside) - File.GetLastWriteTimeUtc(path);
                if (silence < patience)
                {
                    throw new StaleAttemptException(
                        $"{folder}: another cluster trains into it ({Owner(path)}; last sign of life {Math.Max(0, silence.TotalSeconds):0} s ago); launch under another name, or stop that one and retry");
                }
            }

            File.Move(aside, path, overwrite: true);
            DurableFile.SyncFolder(folder);
            var claim = new RunClaim(path, owner, renewal);
            claim.Ensure();
            return claim;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{folder}: cannot be taken: {e.Message.Split('\n')[0]}; free space on the store or make it writable", e);
        }
        finally
        {
            if (File.Exists(aside))
                File.Delete(aside);
        }
    }

    /// <exception cref="StaleAttemptException">Another launch has taken the folder over.</exception>
    public void Ensure()
    {
        if (Owner(_path) is var owner && owner != _owner)
            throw new StaleAttemptException($"{Path.GetDirectoryName(_path)}: was taken over by another cluster ({owner}); launch under another name");
    }

    public void Dispose() => _timer.Dispose();

    private void Renew()
    {
        try
        {
            // The same bytes again: so the time is of the store's clock, and a file that another launch puts there meanwhile is not touched.
            using var file = new FileStream(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            var found = new byte[file.Length];
            file.ReadExactly(found);
            if (Encoding.UTF8.GetString(found) != _owner)
                return;
            file.Position = 0;
            file.Write(found);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next renewal tries again; should none get through for a minute, nothing that was published is lost.
        }
    }

    private static string Owner(string path)
    {
        using var file = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return file.ReadToEnd();
    }
}
