using System.CommandLine;
using System.CommandLine.Parsing;
using Bam.Client.RunFiles;

namespace Bam.Client.Verbs;

/// <summary>What is wrong with a command line, in one line with the nearest valid name.</summary>
internal static class UsageError
{
    /// <param name="line">A command line with errors.</param>
    public static string Of(ParseResult line)
    {
        var command = line.CommandResult.Command;
        var help = $"see '{FullName(line.CommandResult)} --help'";
        if (line.UnmatchedTokens is [var token, ..]) return $"bam: {Printable.Line(Unmatched(token, line.CommandResult))}";
        if (command.Subcommands.Count > 0 && command.Action is null)
            return $"bam: no verb given (verbs: {string.Join(", ", command.Subcommands.Select(verb => verb.Name))}); {help}";
        return $"bam: {Printable.Line(line.Errors[0].Message).TrimEnd('.')}; {help}";
    }

    private static string Unmatched(string token, CommandResult result)
    {
        if (token.StartsWith('-'))
            return $"unknown option '{token}'{NearestName.Hint(token, "options", Options(result))}";
        if (result.Command.Subcommands.Count > 0)
            return $"unknown verb '{token}'{NearestName.Hint(token, "verbs", [.. result.Command.Subcommands.Select(verb => verb.Name)])}";
        return $"unexpected argument '{token}'; see '{FullName(result)} --help'";
    }

    private static List<string> Options(CommandResult result)
    {
        var names = result.Command.Options.Select(option => option.Name).ToList();
        for (var parent = result.Parent as CommandResult; parent is not null; parent = parent.Parent as CommandResult)
            names.AddRange(parent.Command.Options.Where(option => option.Recursive).Select(option => option.Name));
        return [.. names.Distinct()];
    }

    private static string FullName(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{FullName(parent)} {result.Command.Name}" : "bam";
}
