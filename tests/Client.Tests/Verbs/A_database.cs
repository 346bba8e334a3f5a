using Bam.Client.Tests.RunFiles;

namespace Bam.Client.Tests.Verbs;

/// <summary>What names a cluster's database on a command line.</summary>
public sealed class A_database : IDisposable
{
    private const string Nowhere = "postgres:Host=127.0.0.1;Port=1;Database=bam;Username=silos";

    private readonly RunFolder _folder = new();

    [Fact]
    public async Task Has_the_sql_of_the_deploy_folder()
    {
        var tables = await Run("cluster", "schema");
        var both = await Run("cluster", "schema", "--rights");

        Assert.Equal(Deployed("schema.sql"), tables.Output);
        Assert.Equal(Deployed("schema.sql") + Deployed("rights.sql"), both.Output);
    }

    [Theory]
    [InlineData("cluster up")]
    [InlineData("cluster schema --apply")]
    public async Task That_is_none_is_one_line_and_exit_code_2(string line)
    {
        var run = await Run([.. line.Split(' '), "--database", "mysql"]);

        Assert.Equal(
            new(2, "", $"--database or BAM_DATABASE: no such store; give sqlite, postgres:@FILE or postgres:Host=HOST;Database=NAME;Username=USER{Environment.NewLine}"), run);
    }

    [Fact]
    public async Task With_a_password_is_refused_without_showing_it()
    {
        var run = await Run("cluster", "up", "--database", "postgres:Host=db;Database=bam;Username=silos;Password=s3cret");

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("--database or BAM_DATABASE: holds a password, which every user of this host can see; put it in ~/.pgpass", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", run.Error + run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task That_does_not_answer_has_exit_code_3()
    {
        var run = await Run("cluster", "schema", "--apply", "--database", Nowhere);

        Assert.Equal(
            new(3, "", $"PostgreSQL at 127.0.0.1:1 does not answer (Connection refused); start it, or correct Host= and Port={Environment.NewLine}"), run);
    }

    [Fact]
    public async Task Of_SQLite_needs_no_schema()
    {
        var run = await Run("cluster", "schema", "--apply");

        Assert.Equal((2, true), (run.ExitCode, run.Error.StartsWith("a SQLite database makes its tables itself", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("sqlite", 0, "cluster.db")]
    [InlineData(Nowhere, 1, "PostgreSQL at 127.0.0.1:1 does not answer")]
    public async Task Is_looked_at_by_the_doctor(string database, int exitCode, string found)
    {
        var run = await Run("doctor", "--json", "--database", database);

        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains(found, run.Output, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private Task<ConsoleRun> Run(params string[] arguments) => ConsoleRun.Of(
        new(), cancellation: TestContext.Current.CancellationToken, arguments: [.. arguments, "--home", Path.Combine(_folder.Folder, "home")]);

    private static string Deployed(string file)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "BamOrleans.sln"))) folder = folder.Parent;
        return File.ReadAllText(Path.Combine(folder.FullName, "deploy", "postgres", file));
    }
}
