using System.CommandLine;
using System.CommandLine.Parsing;
using Bam.Client.RunFiles;

namespace Bam.Client.Verbs;

/// <summary>What is wrong with a command line, in one line with the nearest valid name.</summary>
internal static class UsageError
{
    /// <summary>An option that does not exist reads as the value of an argument that wants one; null when there is none.</summary>
    public static string? MistakenOption(ParseResult line, IReadOnlyList<string> arguments) =>
        !arguments.Contains("--")
        && line.CommandResult.Tokens.Concat(Values(line.CommandResult)).FirstOrDefault(token => token.Value is ['-', _, ..]) is { } token
            ? $"bam: {Printable.Line(Unmatched(token.Value, line.CommandResult))}"
            : null;

    /// <param name="line">A command line with errors.</param>
    public static string Of(ParseResult line)
    {
        var command = line.CommandResult.Command;
        var help = $"see '{FullName(line.CommandResult)} --help'";
        if (line.UnmatchedTokens is [var token, ..]) return $"bam: {Printable.Line(Unmatched(token, line.CommandResult))}";
        if (command.Subcommands.Count > 0 && command.Action is null)
            return $"bam: no verb given (verbs: {string.Join(", ", command.Subcommands.Select(verb => verb.Name))}); {help}";
        return $"bam: {Printable.Line(Said(line.Errors[0])).TrimEnd('.')}; {help}";
    }

    /// <summary>The parser names .NET types where a user thinks of numbers.</summary>
    private static string Said(ParseError error)
    {
        if (error.SymbolResult is not OptionResult { Tokens: [.., var value] } result) return error.Message;
        if (!error.Message.StartsWith("Cannot parse", StringComparison.Ordinal)) return error.Message;
        var number = result.Option is Option<int> or Option<int?> ? "whole number" : "number";
        return $"{result.Option.Name} must be a {number}, not '{value.Value}'";
    }

    private static IEnumerable<Token> Values(CommandResult result) =>
        result.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens);

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
