using Bam.Client.RunFiles;
using Bam.Contracts.Runs;

namespace Bam.Client.Tests.RunFiles;

public sealed class A_mutated_run_file : IDisposable
{
    private const int Mutations = 2000;

    private static readonly string[] Fragments =
    [
        "{", "}", "[", "]", ":", ": ", "-", "- ", "\n", "\n  ", "\t", "#", "&a ", "*a", "!!int ", "|", ">", "\"", "'", ",", "0", "-1", "1e999", "999999999999",
        "NaN", "null", "~", "true", "../", "*", "**/*", "\0", "é", "�", "<<", "?", "%", "@", "`", "tokens: 9T", "flops: 1e300", "steps: 1", "_", "K", "1e-400",
    ];

    /// <summary>The valid file with every option of a mixture.</summary>
    private static readonly string Rich = RunFolder.Valid.Replace(
        "  btx:        { attention: averaged, ffn_top_k: 1, steps: 300 }",
        """
          btx:        { attention: top_2, attention_renormalise: true, router_init: ridge, router_scale: 2, frozen: experts, frozen_steps: 9, steps: 300 }
          btx-6:      { experts: [seed, law, code, seed], ffn_top_k: soft, router_std: 0.1, ffn_reinitialise: 0.5, match: compute, against: btx }
          dense:      { dense: law, match: data }
          btm:        { ensemble: true, experts: [law, code] }
        """,
        StringComparison.Ordinal);

    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Is_right_before_it_is_mutated() => Assert.Equal(6, _folder.Read(Rich).Mixtures.Count);

    [Fact]
    public void Is_read_or_refused_with_lines_that_name_it()
    {
        var random = new Random(20260803);
        var read = 0;
        for (var i = 0; i < Mutations; i++)
        {
            var text = Mutate(i % 2 == 0 ? RunFolder.Valid : Rich, random);
            try
            {
                var spec = _folder.Read(text);
                read++;
                Assert.All(spec.Mixtures, mixture => Assert.True(mixture.Steps >= (mixture.Kind == MixtureKind.Ensemble ? 0 : 1) && mixture.FrozenSteps <= mixture.Steps, text));
                Assert.All(spec.Mixtures, mixture => Assert.True(mixture.Kind == MixtureKind.Dense ? mixture.Experts.Count == 1 : mixture.Experts.Count >= 2, text));
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
