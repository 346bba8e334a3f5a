using System.CommandLine;
using Bam.Client.Clusters;
using Bam.Client.Exports;
using Bam.Client.Views;

namespace Bam.Client.Verbs;

/// <summary><c>bam export MODEL --out DIR</c>: a verified copy of a model for another program.</summary>
internal sealed class ExportVerb : IVerb
{
    private readonly Argument<string> _model = new("MODEL") { Description = "Folder with model.safetensors and config.json, or RUN/NAME" };

    private readonly Option<string> _format = new("--format")
    {
        Description = "safetensors: our names, as docs/checkpoints.md lists them",
        HelpName = "FORMAT",
        DefaultValueFactory = _ => "safetensors",
    };

    private readonly Option<string> _out =
        new("--out") { Description = "Folder that does not exist or is empty", HelpName = "DIR", Required = true };

    public ExportVerb(GlobalOptions options, Terminal terminal, ClusterLink cluster)
    {
        _format.MustBe(format => format is "safetensors" or "hf", "safetensors");
        _out.MustBe(folder => !string.IsNullOrWhiteSpace(folder), "a folder");
        Command = new("export", "Copy a model for another program, every byte verified") { _model, _format, _out };
        Command.SetAction(async (line, cancellation) =>
        {
            if (line.GetValue(_format) == "hf")
                throw new UserException("--format: hf is not there yet; safetensors is", ExitCode.InputWrong);
            var model = line.GetRequiredValue(_model);
            var target = Path.GetFullPath(line.GetRequiredValue(_out));
            var source = await cluster.Folder(ModelReference.Parse(model), line, cancellation).ConfigureAwait(false);
            var files = ModelExport.Copy(source, target, cancellation);
            if (options.Json(line))
                JsonOutput.Write(terminal.Output, new { Model = model, Folder = target, Files = files });
            else
                await terminal.Output.WriteLineAsync($"{model} is in {target}: {string.Join(", ", files.Select(Said))}").ConfigureAwait(false);
            return ExitCode.Done;
        });
    }

    public Command Command { get; }

    private static string Said(ExportedFile file) => $"{file.Name} ({Figures.Bytes(file.Size)})";
}
