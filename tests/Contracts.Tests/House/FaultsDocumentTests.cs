using System.Globalization;
using System.Text.RegularExpressions;

namespace Bam.Contracts.Tests.House;

/// <summary>docs/faults.md says what holds each promise, and it is there.</summary>
public sealed partial class FaultsDocumentTests
{
    private const int Ideas = 26;

    private static readonly string[][] Rows =
    [
        .. File.ReadLines(Path.Combine(Repository.Root, "docs", "faults.md"))
            .Where(line => char.IsAsciiDigit(line.ElementAtOrDefault(2)))
            .Select(line => line.Trim('|', ' ').Split('|', StringSplitOptions.TrimEntries)),
    ];

    [Fact]
    public void Every_idea_has_a_promise() => Assert.Equal(
        Enumerable.Range(1, Ideas).Select(number => number.ToString(CultureInfo.InvariantCulture)),
        Rows.Where(row => row is [_, { Length: > 0 }, { Length: > 0 }]).Select(row => row[0]));

    [Fact]
    public void Every_promise_has_tests_that_exist_or_a_line_that_says_why_it_has_none()
    {
        var tests = Tests();

        Assert.All(Rows, row =>
        {
            var named = Name().Matches(row[2]).Select(match => match.Groups["name"].Value).ToArray();
            Assert.True(named.Length > 0 || row[2].StartsWith("does not apply: ", StringComparison.Ordinal), $"{row[0]} has no test");
            Assert.All(named, name => Assert.Contains(name, tests));
        });
    }

    /// <summary>File and method of everything that carries a test attribute.</summary>
    private static HashSet<string> Tests() =>
    [
        .. Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .SelectMany(file => TestMethod().Matches(File.ReadAllText(file)).Select(match => $"{Path.GetFileNameWithoutExtension(file)}.{match.Groups["name"].Value}")),
    ];

    [GeneratedRegex("`(?<name>[A-Z]\\w+\\.\\w+)`")]
    private static partial Regex Name();

    [GeneratedRegex(@"\[(Fact|Theory)[^\n]*\n(\s*(\[[^\n]*|//[^\n]*)\n)*\s*public (async Task|Task|void) (?<name>\w+)\(")]
    private static partial Regex TestMethod();
}
