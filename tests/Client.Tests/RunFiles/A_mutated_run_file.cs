using Bam.Client.RunFiles;

namespace Bam.Client.Tests.RunFiles;

public sealed class A_mutated_run_file : IDisposable
{
    private const int Mutations = 2000;

    private static readonly string[] Fragments =
    [
        "{", "}", "[", "]", ":", ": ", "-", "- ", "\n", "\n  ", "\t", "#", "&a ", "*a", "!!int ", "|", ">", "\"", "'", ",", "0", "-1", "1e999", "999999999999",
        "NaN", "null", "~", "true", "../", "*", "**/*", "\0", "é", "�", "<<", "?", "%", "@", "`", "tokens: 9T", "flops: 1e300", "steps: 1", "_", "K", "1e-400",
    ];

    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Is_read_or_refused_with_lines_that_name_it()
    {
        var random = new Random(20260803);
        var read = 0;
        for (var i = 0; i < Mutations; i++)
        {
            var text = Mutate(RunFolder.Valid, random);
            try
            {
                var spec = _folder.Read(text);
                read++;
                Assert.All(spec.Branches, branch => Assert.True(branch.Steps >= 1 && Math.Abs(branch.Domains.Sum(share => share.Share) - 1) < 1e-9, text));
            }
            catch (RunFileException e)
            {
                Assert.NotEmpty(e.Problems);
                Assert.All(e.Message.Split('\n'), line => Assert.StartsWith($"{_folder.RunFile}:", line, StringComparison.Ordinal));
            }
        }

        Assert.InRange(read, 50, Mutations - 500);
    }

    private static string Mutate(string text, Random random)
    {
        for (var edits = Math.Max(1, random.Next(-2, 4)); edits > 0; edits--)
        {
            var at = random.Next(text.Length);
            var length = Math.Min(random.Next(1, 12), text.Length - at);
            text = random.Next(6) switch
            {
                0 => text.Remove(at, length),
                1 => text.Insert(at, Fragments[random.Next(Fragments.Length)]),
                2 => text.Remove(at, length).Insert(at, Fragments[random.Next(Fragments.Length)]),
                3 => text.Insert(at, text.Substring(random.Next(text.Length - length), length)),
                4 => Digit(text, at, random),
                _ => text[..at] + (char)random.Next(1, 256) + text[(at + 1)..],
            };
        }

        return text;
    }

    /// <summary>Another digit in place of the next one.</summary>
    private static string Digit(string text, int from, Random random)
    {
        var at = text.AsSpan(from).IndexOfAnyInRange('0', '9') + from;
        return at < from ? text : text[..at] + (char)('0' + random.Next(10)) + text[(at + 1)..];
    }
}
