using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Bam.Postgres;

/// <summary>
/// A real PostgreSQL server of a test's own: a fresh data folder, a free port of loopback, a generated password. It needs PostgreSQL's
/// programs on this machine; as root it runs them as the user postgres, because they refuse root.
/// </summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    /// <summary>Why there is no server here, or null when there can be one.</summary>
    public static string? Missing => Programs is null ? "PostgreSQL is not installed here: apt-get install postgresql" : null;

    /// <summary>Its superuser.</summary>
    public const string Owner = "owner";

    private static readonly string? Programs = Find();
    private readonly string _folder;

    private PostgresServer(string folder, int port, string password) => (_folder, Port, Password) = (folder, port, password);

    public int Port { get; }

    /// <summary>Password of <see cref="Owner"/>.</summary>
    public string Password { get; }

    public static async Task<PostgresServer> Start()
    {
        var folder = (await Run("mktemp", "-d", Path.Combine(Path.GetTempPath(), "bam-postgres-XXXXXX"))).Trim();
        var server = new PostgresServer(folder, FreePort(), Convert.ToHexString(RandomNumberGenerator.GetBytes(12)));
        try
        {
            await Run("sh", "-c", $"umask 077 && printf %s '{server.Password}' > '{folder}/password'");
            await Run(
                $"{Programs}/initdb", "-D", $"{folder}/data", "-U", Owner, $"--pwfile={folder}/password", "--auth=scram-sha-256", "-E", "UTF8",
                "--locale=C", "--no-sync");
            await server.Up();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public Task Up() => Run(
        $"{Programs}/pg_ctl", "-D", $"{_folder}/data", "-l", $"{_folder}/log", "-w", "-t", "60", "start", "-o",
        $"-p {Port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='{_folder}' -c fsync=off");

    /// <summary>Stops it; every connection is cut.</summary>
    public Task Down() => Run($"{Programs}/pg_ctl", "-D", $"{_folder}/data", "-w", "-m", "fast", "stop");

    /// <summary>A connection string of Npgsql.</summary>
    public string Connection(string database, string user, string password) =>
        $"Host=127.0.0.1;Port={Port};Database={database};Username={user};Password={password}";

    /// <summary>Writes a file for <c>postgres:@FILE</c>, for its owner only.</summary>
    /// <returns>The option that names it.</returns>
    public static string Option(string file, string connection)
    {
        File.WriteAllLines(file, ["# of a test", .. connection.Split(';')]);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return $"postgres:@{file}";
    }

    /// <summary>Runs SQL as the superuser.</summary>
    /// <returns>What psql prints: rows without a frame.</returns>
    public async Task<string> Sql(string database, string sql) => (await Run(
        "env", $"PGPASSWORD={Password}", $"{Programs}/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", $"{Port}",
        "-U", Owner, "-d", database, "-c", sql)).Trim();

    public async ValueTask DisposeAsync()
    {
        await Run("sh", "-c", $"[ ! -f '{_folder}/data/postmaster.pid' ] || '{Programs}/pg_ctl' -D '{_folder}/data' -w -m immediate stop; rm -rf '{_folder}'");
    }

    private static async Task<string> Run(string program, params string[] arguments)
    {
        ProcessStartInfo start = Environment.UserName == "root"
            ? new("runuser", ["-u", "postgres", "--", program, .. arguments])
            : new(program, arguments);
        start.WorkingDirectory = "/";
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? await output : throw new Win32Exception($"{program}: {await output}{await error}");
    }

    private static string? Find()
    {
        const string Debian = "/usr/lib/postgresql";
        string[] installed = Directory.Exists(Debian) ? Directory.GetDirectories(Debian) : [];
        var folders = installed.OrderByDescending(folder => int.TryParse(Path.GetFileName(folder), out var version) ? version : 0)
            .Select(folder => Path.Combine(folder, "bin"))
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'));
        return folders.FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "pg_ctl")));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
