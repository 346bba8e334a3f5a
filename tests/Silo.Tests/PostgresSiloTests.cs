using Bam.Postgres;
using Bam.Silo.Tests.Storage;

namespace Bam.Silo.Tests;

/// <summary>A real silo on a real PostgreSQL.</summary>
[Collection(nameof(PostgresCollection))]
public sealed class PostgresSiloTests(PostgresFixture postgres) : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_silo_with_the_least_rights_becomes_ready_outlives_a_restart_of_the_database_and_never_logs_the_password()
    {
        var database = PostgresDatabase.Make(postgres.Server, _temporary.Folder).AsSilo;
        await using var silo = SiloProcess.Start(
            _temporary.Folder, SiloProcess.FreePorts(), $"--Bam:Database={database.Option}", "--Logging:LogLevel:Default=Debug", "--Logging:LogLevel:Orleans=Debug");
        await silo.WaitFor("/health/ready", Cancellation);

        await postgres.Server.Down();
        await Task.Delay(TimeSpan.FromSeconds(12), Cancellation); // two heartbeats and two looks at the membership table are lost
        await postgres.Server.Up();
        using (var answer = await silo.Get("/health/ready", Cancellation)) Assert.True(answer.IsSuccessStatusCode);

        silo.Terminate();
        Assert.Equal(0, await silo.ExitCode(Cancellation));
        Assert.Contains("ConnectionString: REDACTED", silo.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(PostgresDatabase.Password, silo.Output + silo.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silo_without_its_schema_ends_with_one_line_and_exit_code_2()
    {
        var empty = PostgresDatabase.Store(
            postgres.Server, _temporary.Folder, PostgresDatabase.Empty(postgres.Server), PostgresServer.Owner, postgres.Server.Password);
        await using var silo = SiloProcess.Start(_temporary.Folder, SiloProcess.FreePorts(), $"--Bam:Database={empty.Option}");

        Assert.Equal(2, await silo.ExitCode(Cancellation));
        Assert.Equal($"bam-silo: {empty}: holds no cluster yet; 'bam cluster schema --apply' makes the tables", silo.Errors);
    }

    [Fact]
    public async Task A_silo_whose_database_does_not_answer_ends_with_one_line_and_exit_code_3()
    {
        await using var silo = SiloProcess.Start(
            _temporary.Folder, SiloProcess.FreePorts(), "--Bam:Database=postgres:Host=127.0.0.1;Port=1;Database=bam;Username=silos");

        Assert.Equal(3, await silo.ExitCode(Cancellation));
        Assert.Equal("bam-silo: PostgreSQL at 127.0.0.1:1 does not answer (Connection refused); start it, or correct Host= and Port=", silo.Errors);
    }

    public void Dispose() => _temporary.Dispose();
}
