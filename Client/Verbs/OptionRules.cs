using System.CommandLine;

namespace Bam.Client.Verbs;

/// <summary>Values that an option refuses.</summary>
internal static class OptionRules
{
    /// <summary>Refuses a value for which the rule does not hold.</summary>
    /// <param name="option">The option.</param>
    /// <param name="holds">The rule.</param>
    /// <param name="rule">The rule in words, after "must be".</param>
    public static void MustBe<T>(this Option<T> option, Predicate<T?> holds, string rule) => option.Validators.Add(result =>
    {
        // A value that cannot be converted has an error of its own, which GetValueOrDefault throws.
        if (result.Errors.Any() || result.Tokens.Count == 0) return;
        try
        {
            if (!holds(result.GetValueOrDefault<T>())) result.AddError($"{option.Name} must be {rule}, not '{result.Tokens[^1].Value}'");
        }
        catch (InvalidOperationException)
        {
            result.AddError($"{option.Name} must be {rule}, not '{result.Tokens[^1].Value}'");
        }
    });
}
