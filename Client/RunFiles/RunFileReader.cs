using System.Text.RegularExpressions;
using Bam.Client.Clusters;
using Bam.Contracts.Runs;
using Bam.Training.Data;
using Bam.Training.Model;

namespace Bam.Client.RunFiles;

/// <summary>Reads a run file (design.md, section 5) and validates all of it: defaults applied, paths absolute, lengths in steps.</summary>
internal sealed partial class RunFileReader
{
    private const long MaxFileBytes = 1 << 20;

    private static readonly string[] RootKeys =
    [
        "name", "seed", "tokenizer", "model", "domains", "train", "seed_model", "branches", "include_seed_as_expert", "mixtures",
        "mixture_data", "checkpoints", "evaluate", "limits",
    ];

    private static readonly string[] TokenizerHints = ["bytes", "cl100k_base", "cl100k_base:N with N from 256 to 100256"];

    private readonly RunFileProblems _problems = new();
    private readonly YamlSection _root;
    private readonly string _folder;

    private RunFileReader(YamlNode? document, string folder)
    {
        _folder = folder;
        _root = new YamlSection(document, "", line: 1, _problems);
    }

    /// <summary>Reads and validates a run file. Only its own files are looked at; nothing starts.</summary>
    /// <exception cref="RunFileException">The file is wrong; it has every problem that was found.</exception>
    /// <exception cref="UserException">There is no such file, or it cannot be read.</exception>
    public static RunSpec Read(string path)
    {
        var reader = new RunFileReader(YamlTree.Read(Content(path), path), Path.GetDirectoryName(Path.GetFullPath(path))!);
        var spec = reader.Spec();
        return reader._problems.Any ? throw new RunFileException(path, reader._problems.Sorted) : spec;
    }

    private static string Content(string path)
    {
        try
        {
            if (Directory.Exists(path)) throw new UserException($"{path}: is a folder; give the run file in it", 2);
            if (new FileInfo(path) is { Exists: true, Length: > MaxFileBytes })
                throw new UserException($"{path}: too large for a run file", 2);
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UserException($"{path}: no such run file", 2);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UserException($"{(path.Length == 0 ? "run file" : path)}: cannot be read: {Printable.Line(e.Message)}", 2);
        }
    }

    private RunSpec Spec()
    {
        _root.Allow(RootKeys);
        var tokenizer = Tokenizer();
        var model = Model(tokenizer);
        var dense = ModelConfig.Dense(model, tokenizer, Tokenizers.VocabSize(tokenizer));
        var domains = Domains();
        var train = Train(_root, new TrainSpec());
        var names = new MemberNames();
        var seedModel = SeedModel(dense, train);
        var branches = Branches(dense, train, names);
        var includeSeed = _root.Flag("include_seed_as_expert", true);
        var data = _root.Has("mixture_data") ? Shares(_root, "mixture_data") : EqualShares();
        var spec = new RunSpec
        {
            Name = Name(),
            Seed = _root.Count("seed", 0, min: 0),
            Tokenizer = tokenizer,
            Model = model,
            Domains = domains,
            SeedModel = seedModel,
            Branches = branches,
            IncludeSeedAsExpert = includeSeed,
            Mixtures = Mixtures(dense, [SeedModelSpec.MemberName, .. branches.Select(branch => branch.Name)], includeSeed, data, train, names),
            Checkpoints = Checkpoints(),
            Evaluate = Evaluate(model.Context),
            Limits = Limits(),
        };
        CheckPrecision(spec);
        CheckRidge(spec);
        return spec;
    }

    private string Name()
    {
        if (!_root.Require("name") || _root.Text("name") is not { } name) return "run";
        if (!MemberName().IsMatch(name)) _root.Problem("name", NameRule(name));
        return name;
    }

    private string Tokenizer()
    {
        var name = _root.Text("tokenizer") ?? "bytes";
        if (Tokenizers.TryVocabSize(name, out _)) return name;
        _root.Problem("tokenizer", $"no such tokenizer '{name}'{NearestName.Hint(name, "tokenizers", TokenizerHints)}");
        return "bytes";
    }

    private CheckpointSpec Checkpoints()
    {
        var section = _root.Section("checkpoints");
        section.Allow("every", "keep");
        var defaults = new CheckpointSpec();
        return new(section.Int("every", defaults.Every), section.Int("keep", defaults.Keep, min: 2));
    }

    private EvaluationSpec Evaluate(int context)
    {
        var section = _root.Section("evaluate");
        section.Allow("every", "tokens", "stride");
        var defaults = new EvaluationSpec();
        return new(
            section.Int("every", defaults.Every, min: 0), section.Count("tokens", defaults.Tokens, min: 0),
            section.Int("stride", defaults.Stride, min: 1, max: context));
    }

    private LimitsSpec Limits()
    {
        var section = _root.Section("limits");
        section.Allow("setup", "step", "checkpoint");
        return new(Seconds("setup"), Seconds("step"), Seconds("checkpoint"));
        double? Seconds(string key) => section.Has(key) ? section.Number(key, 1, NumberRule.Positive) : null;
    }

    private static string NameRule(string name) =>
        $"'{name}' is not a name; use a-z, 0-9 and '-', at most 63 characters, the first no '-'";

    [GeneratedRegex("\\A[a-z0-9][a-z0-9-]{0,62}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex MemberName();
}
