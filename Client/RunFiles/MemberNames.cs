using Bam.Contracts.Runs;

namespace Bam.Client.RunFiles;

/// <summary>The names of a run's seed model, branches and mixtures: one name space, for checkpoints and metrics carry them.</summary>
internal sealed class MemberNames
{
    private readonly Dictionary<string, string> _taken = new() { [SeedModelSpec.MemberName] = "the seed model" };

    /// <summary>Takes the name, or says who has it.</summary>
    /// <param name="name">The name.</param>
    /// <param name="owner">Who wants it, such as <c>a branch</c>.</param>
    /// <returns>Null when it was free.</returns>
    public string? Take(string name, string owner) =>
        _taken.TryAdd(name, owner) ? null : $"the name '{name}' belongs to {_taken[name]}; use another for {owner}";
}
