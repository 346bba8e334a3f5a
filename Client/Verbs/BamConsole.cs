using System.CommandLine;
using System.CommandLine.Invocation;
using Bam.Client.Clusters;
using Bam.Client.RunFiles;
using Bam.Training.Checkpoints;
using Bam.Training.Data;
using Bam.Training.Native;

namespace Bam.Client.Verbs;

/// <summary>The <c>bam</c> command: parses a line, runs its verb, and turns whatever happens into an exit code and a line.</summary>
internal sealed class BamConsole
{
    private readonly RootCommand _root = new("Turns dense language models into a Mixture of Experts by BAM, on actors.");
    private readonly GlobalOptions _options;
    private readonly Terminal _terminal;

    public BamConsole(GlobalOptions options, Terminal terminal, IReadOnlyList<IVerb> verbs)
    {
        (_options, _terminal) = (options, terminal);
        options.AddTo(_root);
        foreach (var verb in verbs) _root.Add(verb.Command);
    }

    /// <returns>The exit code (<see cref="ExitCode"/>).</returns>
    public async Task<int> Run(IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        var line = _root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var wrong = UsageError.MistakenOption(line, arguments) ?? (line.Action is ParseErrorAction ? UsageError.Of(line) : null);
        if (wrong is not null) return await Say(wrong, ExitCode.InputWrong).ConfigureAwait(false);

        try
        {
            if (_options.LibTorch(line) is { } libTorch) Environment.SetEnvironmentVariable("BAM_LIBTORCH", Path.GetFullPath(libTorch));
            if (_options.Tls(line) is { } tls) Environment.SetEnvironmentVariable(ConsoleTls.Variable, Path.GetFullPath(tls));
            return await line.InvokeAsync(
                new()
                {
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = null,
                    Output = _terminal.Output,
                    Error = _terminal.Error,
                },
                cancellation).ConfigureAwait(false);
        }
        catch (UserException e)
        {
            return await Say(e.Message, e.ExitCode).ConfigureAwait(false);
        }
        catch (RunFileException e)
        {
            return await Say(e.Message, ExitCode.InputWrong).ConfigureAwait(false);
        }
        catch (Exception e) when (e is DataException or CheckpointException or TorchLibraryException or IOException or UnauthorizedAccessException)
        {
            // The host's or the input's fault, not ours: a full disk, a file that went away, a damaged model.
            return await Say($"bam: {Printable.Line(e.Message)}", ExitCode.InputWrong).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return await Say("bam: interrupted", ExitCode.Interrupted).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            var log = CrashLog.Write(_options.Home(line).Folder, arguments, e);
            return await Say($"bam: internal error: {Printable.Line(e.Message)} (details: {log})", ExitCode.Failed).ConfigureAwait(false);
        }
    }

    private async Task<int> Say(string message, int exitCode)
    {
        await _terminal.Error.WriteLineAsync(message).ConfigureAwait(false);
        return exitCode;
    }
}
