namespace Bam.Storage;

/// <summary>The SQL of <c>deploy/postgres</c>, which this program carries with it.</summary>
public static class PostgresSchema
{
    /// <summary>Version of the schema, kept in the table BamSchema.</summary>
    public const int Version = 1;

    /// <summary>Tables and statements; run again, it changes nothing.</summary>
    public static string Tables => Read("schema.sql");

    /// <summary>The roles bam_silo and bam_console with the least rights on the tables.</summary>
    public static string Rights => Read("rights.sql");

    private static string Read(string file)
    {
        using var script = new StreamReader(typeof(PostgresSchema).Assembly.GetManifestResourceStream($"Bam.Storage.postgres.{file}")!);
        return script.ReadToEnd();
    }
}
