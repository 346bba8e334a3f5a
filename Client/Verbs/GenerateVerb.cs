using System.CommandLine;
using Bam.Training.Generation;

namespace Bam.Client.Verbs;

/// <summary><c>bam generate MODEL PROMPT...</c>: how a model goes on with a text.</summary>
internal sealed class GenerateVerb : IVerb
{
    private static readonly GenerationOptions Defaults = new();

    private readonly Argument<string> _model = new("MODEL") { Description = "Folder with model.safetensors and config.json, or RUN/NAME" };

    private readonly Argument<string[]> _prompts = new("PROMPT")
    {
        Description = "Text to continue; may repeat. \"\" begins a document; after -- a prompt may begin with -",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<int> _tokens =
        new("--tokens") { Description = "Most tokens of a continuation", HelpName = "N", DefaultValueFactory = _ => Defaults.Tokens };

    private readonly Option<double> _temperature = new("--temperature")
    {
        Description = "0 takes the most likely token, 1 draws as the model says",
        HelpName = "X",
        DefaultValueFactory = _ => Defaults.Temperature,
    };

    private readonly Option<int> _topK =
        new("--top-k") { Description = "Draw from the N most likely tokens; 0 for all", HelpName = "N", DefaultValueFactory = _ => Defaults.TopK };

    private readonly Option<int> _seed = new("--seed") { Description = "Another number draws another text", HelpName = "N" };

    private readonly GlobalOptions _options;
    private readonly Terminal _terminal;
    private readonly ClusterLink _cluster;
    private readonly IModelGeneration _generation;

    public GenerateVerb(GlobalOptions options, Terminal terminal, ClusterLink cluster, IModelGeneration generation)
    {
        (_options, _terminal, _cluster, _generation) = (options, terminal, cluster, generation);
        _tokens.MustBe(tokens => tokens >= 1, "a whole number of at least 1");
        _temperature.MustBe(temperature => temperature >= 0 && double.IsFinite(temperature), "a number of at least 0");
        _topK.MustBe(topK => topK >= 0, "a whole number of at least 0");
        Command = new("generate", "Continue texts with a model") { _model, _prompts, _tokens, _temperature, _topK, _seed };
        Command.SetAction(Generate);
    }

    public Command Command { get; }

    private async Task<int> Generate(ParseResult line, CancellationToken cancellation)
    {
        var folder = await _cluster.Folder(ModelReference.Parse(line.GetRequiredValue(_model)), line, cancellation).ConfigureAwait(false);
        var options = new GenerationOptions
        {
            Tokens = line.GetValue(_tokens),
            Temperature = line.GetValue(_temperature),
            TopK = line.GetValue(_topK),
            Seed = line.GetValue(_seed),
        };
        var texts = _generation.Generate(folder, line.GetRequiredValue(_prompts), options, cancellation);
        if (_options.Json(line)) JsonOutput.Write(_terminal.Output, texts);
        else await Show(texts).ConfigureAwait(false);
        return ExitCode.Done;
    }

    /// <summary>The texts, with a blank line between two, to the output; why each stopped to the error stream.</summary>
    private async Task Show(IReadOnlyList<GeneratedText> texts)
    {
        foreach (var (i, text) in texts.Index())
        {
            if (i > 0) await _terminal.Output.WriteLineAsync().ConfigureAwait(false);
            await _terminal.Output.WriteLineAsync(Shown(text.Prompt + text.Text)).ConfigureAwait(false);
            await _terminal.Error.WriteLineAsync($"stopped: {JsonOutput.Word(text.Stopped)} ({text.Tokens} tokens)").ConfigureAwait(false);
        }
    }

    /// <summary>A model may write any byte, and some would command a terminal.</summary>
    private string Shown(string text) =>
        _terminal.Interactive ? string.Concat(text.Select(c => char.IsControl(c) && c is not ('\n' or '\t') ? '\uFFFD' : c)) : text;
}
