using Bam.Contracts.Clusters.Tls;

namespace Bam.Client.Clusters;

/// <summary>A console's certificates for a cluster that asks for them.</summary>
internal sealed class ConsoleTls
{
    /// <summary>Variable that names the folder; <c>--tls</c> sets it.</summary>
    public const string Variable = "BAM_TLS";

    private volatile string? _problem;

    private ConsoleTls(string folder) => Transport = new TlsTransport(
        new TlsFolder(folder, TlsRole.Console),
        (silo, reason) => _problem = $"the silo at {silo} is not trusted: {reason}; is {Path.Combine(folder, TlsFolder.AuthorityFile)} that cluster's authority?");

    public TlsTransport Transport { get; }

    /// <summary>Why a silo was not trusted, in one line; null when none was refused.</summary>
    public string? Problem => _problem;

    /// <summary>Null when no folder is given.</summary>
    /// <exception cref="UserException">The folder cannot be used; exit code 2.</exception>
    public static ConsoleTls? FromEnvironment()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } folder)
            return null;
        try
        {
            _ = new TlsFolder(folder, TlsRole.Console).Load();
            return new ConsoleTls(folder);
        }
        catch (TlsException wrong)
        {
            throw new UserException($"--tls: {wrong.Message}", 2);
        }
    }
}
