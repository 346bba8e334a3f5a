using Bam.Postgres;
using Bam.Storage;

namespace Bam.Silo.Tests.Storage;

/// <summary>A database of a test's own, with our schema, and its users.</summary>
/// <param name="AsOwner">As the one that made it.</param>
/// <param name="AsSilo">As one that has the role bam_silo and no other right.</param>
internal sealed record PostgresDatabase(PostgresStore AsOwner, PostgresStore AsSilo)
{
    private static int s_made;

    /// <summary>Name and password of the silo's user.</summary>
    public const string Silo = "silos", Password = "s3cret-of-a-silo";

    /// <summary>Makes it.</summary>
    /// <param name="server">Where.</param>
    /// <param name="folder">Folder for the files that name it.</param>
    public static PostgresDatabase Make(PostgresServer server, string folder)
    {
        var name = Empty(server);
        var owner = Store(server, folder, name, PostgresServer.Owner, server.Password);
        owner.ApplySchema(rights: true);
        server.Sql(name, $"""
            DO $do$ BEGIN
                IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{Silo}') THEN CREATE ROLE {Silo} LOGIN PASSWORD '{Password}' IN ROLE bam_silo; END IF;
            END $do$
            """).GetAwaiter().GetResult();
        return new(owner, Store(server, folder, name, Silo, Password));
    }

    /// <summary>Makes an empty database.</summary>
    /// <returns>Its name.</returns>
    public static string Empty(PostgresServer server)
    {
        var name = $"bam_{Interlocked.Increment(ref s_made)}";
        server.Sql("postgres", $"CREATE DATABASE {name}").GetAwaiter().GetResult();
        return name;
    }

    public static PostgresStore Store(PostgresServer server, string folder, string database, string user, string password) =>
        (PostgresStore)ClusterStore.Parse(
            PostgresServer.Option(Path.Combine(folder, $"{database}-{user}"), server.Connection(database, user, password)), folder);
}
