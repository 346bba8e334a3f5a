using Bam.Client.Clusters;
using Bam.Client.RunFiles;
using Bam.Contracts.Status;
using Bam.Training.Checkpoints;

namespace Bam.Client.Verbs;

/// <summary>What MODEL on the command line means: a folder, or <c>RUN/NAME</c>.</summary>
/// <param name="Folder">Absolute path of a folder with a model; null for a run's model.</param>
/// <param name="Run">Name of the run; null for a folder.</param>
/// <param name="Name">Name of the run's seed model, branch or mixture; null for a folder.</param>
internal sealed record ModelReference(string? Folder, string? Run, string? Name)
{
    /// <exception cref="UserException">It is neither.</exception>
    public static ModelReference Parse(string model)
    {
        if (Directory.Exists(model))
        {
            foreach (var file in new[] { Checkpoint.ModelFile, Checkpoint.ConfigFile })
            {
                if (!File.Exists(Path.Combine(model, file)))
                    throw new UserException($"{model}: this folder has no {file}, so it is no model", 2);
            }

            return new(Path.GetFullPath(model), null, null);
        }

        return model.Split('/') is [{ Length: > 0 } run, { Length: > 0 } name] && run != "." && run != ".."
            ? new(null, run, name)
            : throw new UserException($"{model}: no such model; give a folder with model.safetensors and config.json, or RUN/NAME", 2);
    }

    /// <summary>The model in its run's status.</summary>
    /// <exception cref="UserException">The run has no such model; says which name is near.</exception>
    public MemberStatus In(RunStatus status) => status.Members.FirstOrDefault(member => member.Name == Name)
        ?? throw new UserException(
            $"{Run} has no model '{Name}'{NearestName.Hint(Name!, "models", [.. status.Members.Select(member => member.Name)])}", 2);
}
