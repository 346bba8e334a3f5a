using System.Diagnostics;
using System.Text.Json;

namespace Bam.Training.Tests.Corpora;

public sealed class CodeCorpusTests
{
    private static readonly List<string> Programs = BuiltInCorpusTests.Take("code", 400);

    [Fact]
    public async Task Every_program_runs_and_its_assertions_hold()
    {
        using var python = Python();
        if (python is null)
        {
            Assert.Skip("python3 is not installed");
            return;
        }
        await python.StandardInput.WriteAsync(JsonSerializer.Serialize(Programs));
        python.StandardInput.Close();
        var errors = await python.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await python.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal("", errors);
        Assert.Equal(0, python.ExitCode);
    }

    [Fact]
    public void Indentation_follows_colons_and_brackets_close() => Assert.All(Programs, program =>
    {
        var lines = program.Split('\n').Where(line => line.Length > 0).ToList();
        foreach (var (line, next) in lines.Zip(lines.Skip(1)))
        {
            Assert.Equal(0, Indent(line) % 4);
            Assert.True(line.EndsWith(':') ? Indent(next) == Indent(line) + 4 : Indent(next) <= Indent(line), $"{line}\n{next}");
        }
        foreach (var pair in (string[])["()", "[]", "{}"]) Assert.Equal(program.Count(c => c == pair[0]), program.Count(c => c == pair[1]));
    });

    [Fact]
    public void Every_program_defines_and_asserts_something() =>
        Assert.All(Programs, program => Assert.Matches(@"\n(def|class) \w+[\s\S]*\nassert ", program));

    private static int Indent(string line) => line.Length - line.TrimStart().Length;

    private static Process? Python()
    {
        const string Run = "import json, sys\nfor p in json.load(sys.stdin): exec(compile(p, 'generated', 'exec'), {'__name__': 'g'})";
        try
        {
            var start = new ProcessStartInfo("python3", ["-c", Run]) { RedirectStandardInput = true, RedirectStandardError = true };
            return Process.Start(start);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
