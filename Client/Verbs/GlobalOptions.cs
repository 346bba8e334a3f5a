using System.CommandLine;
using Bam.Client.Clusters;
using Bam.Storage;

namespace Bam.Client.Verbs;

/// <summary>Options that every verb has.</summary>
internal sealed class GlobalOptions
{
    private readonly Option<string?> _home = new("--home")
    {
        Description = "Home of the cluster (default: $BAM_HOME, else ~/.bam)",
        HelpName = "DIR",
        Recursive = true,
    };

    private readonly Option<string?> _database = new("--database")
    {
        Description = $"Database of the cluster: {ClusterStore.Forms} (default: $BAM_DATABASE, else that of the home)",
        HelpName = "STORE",
        Recursive = true,
    };

    private readonly Option<bool> _json = new("--json") { Description = "One JSON document on standard output", Recursive = true };

    private readonly Option<string?> _libTorch = new("--libtorch")
    {
        Description = "Folder of libtorch (default: $BAM_LIBTORCH, else the one of the package)",
        HelpName = "DIR",
        Recursive = true,
    };

    private readonly Option<string?> _tls = new("--tls")
    {
        Description = "Folder of this console's certificates, for a cluster that asks for them (default: $BAM_TLS)",
        HelpName = "DIR",
        Recursive = true,
    };

    public void AddTo(RootCommand root)
    {
        root.Add(_home);
        root.Add(_database);
        root.Add(_json);
        root.Add(_libTorch);
        root.Add(_tls);
    }

    public string? Tls(ParseResult line) => line.GetValue(_tls);

    public bool Json(ParseResult line) => line.GetValue(_json);

    public string? LibTorch(ParseResult line) => line.GetValue(_libTorch);

    /// <summary>The cluster's home, by its absolute path, and its database if one is named.</summary>
    public ClusterHome Home(ParseResult line) => new(Path.GetFullPath(
        NotEmpty(line.GetValue(_home)) ?? NotEmpty(Environment.GetEnvironmentVariable("BAM_HOME")) ??
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".bam")))
    {
        Database = NotEmpty(line.GetValue(_database)) ?? NotEmpty(Environment.GetEnvironmentVariable("BAM_DATABASE")),
    };

    private static string? NotEmpty(string? text) => string.IsNullOrWhiteSpace(text) ? null : text;
}
