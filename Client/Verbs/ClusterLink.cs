using System.CommandLine;
using Bam.Client.Clusters;
using Bam.Client.Runs;
using Bam.Contracts.Status;

namespace Bam.Client.Verbs;

/// <summary>Connects a verb to the cluster of the home that its command line names.</summary>
internal sealed class ClusterLink(GlobalOptions options, IClusters clusters)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <exception cref="UserException">No cluster reachable; exit code 3.</exception>
    public Task<IRunClient> Open(ParseResult line, CancellationToken cancellation) =>
        clusters.Connect(options.Home(line), Limit, cancellation);

    /// <summary>Where a browser sees a run; null where no silo was started in this home: only its own host knows its address then.</summary>
    public async Task<string?> Page(ParseResult line, string run, CancellationToken cancellation) =>
        (await clusters.Status(options.Home(line), cancellation).ConfigureAwait(false))?.PageOf(run);

    /// <summary>The folder of a model: its own, or that of the newest checkpoint in its run.</summary>
    /// <exception cref="UserException">The run has no such model, or the model has no checkpoint.</exception>
    public async Task<string> Folder(ModelReference model, ParseResult line, CancellationToken cancellation)
    {
        if (model.Folder is { } folder) return folder;
        await using var client = await Open(line, cancellation).ConfigureAwait(false);
        var status = await RunWatcher.StatusOf(client, model.Run!, cancellation).ConfigureAwait(false);
        var member = model.In(status);
        if (member is { State: MemberState.Completed, CheckpointFolder: null })
            throw new UserException($"'{model.Name}' of {model.Run} is an ensemble: it has no weights of its own; name one of its experts", ExitCode.InputWrong);
        return member.CheckpointFolder
            ?? throw new UserException($"'{model.Name}' of {model.Run} has no checkpoint yet", ExitCode.Failed);
    }
}
