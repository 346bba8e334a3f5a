using System.CommandLine;
using Bam.Client.Clusters;
using Bam.Storage;

namespace Bam.Client.Verbs;

/// <summary><c>bam cluster schema</c>: prints the tables of a cluster in PostgreSQL, or makes them.</summary>
internal sealed class SchemaVerb : IVerb
{
    private readonly Option<bool> _apply = new("--apply") { Description = "Make the tables in the database of --database" };

    private readonly Option<bool> _rights =
        new("--rights") { Description = "Also the roles bam_silo and bam_console, with the least rights" };

    private readonly GlobalOptions _options;
    private readonly Terminal _terminal;

    public SchemaVerb(GlobalOptions options, Terminal terminal)
    {
        (_options, _terminal) = (options, terminal);
        Command = new("schema", "Print the SQL of a cluster in PostgreSQL; with --apply, run it") { _apply, _rights };
        Command.SetAction(line => line.GetValue(_apply) ? Apply(line) : Print(line));
    }

    public Command Command { get; }

    private int Print(ParseResult line)
    {
        var sql = line.GetValue(_rights) ? PostgresSchema.Tables + PostgresSchema.Rights : PostgresSchema.Tables;
        if (_options.Json(line)) JsonOutput.Write(_terminal.Output, new { PostgresSchema.Version, Sql = sql });
        else _terminal.Output.Write(sql);
        return ExitCode.Done;
    }

    private int Apply(ParseResult line)
    {
        if (_options.Home(line).OpenDatabase() is not PostgresStore postgres)
            throw new UserException("a SQLite database makes its tables itself; name another with --database postgres:@FILE", ExitCode.InputWrong);
        try
        {
            postgres.ApplySchema(line.GetValue(_rights));
        }
        catch (ClusterStoreException refused)
        {
            throw new UserException(refused.Message, refused.ExitCode);
        }

        if (_options.Json(line)) JsonOutput.Write(_terminal.Output, new { PostgresSchema.Version, Database = $"{postgres}" });
        else _terminal.Output.WriteLine($"{postgres}: schema {PostgresSchema.Version} is in place");
        return ExitCode.Done;
    }
}
