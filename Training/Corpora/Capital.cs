namespace Bam.Training.Corpora;

/// <summary>Sentences begin with a capital.</summary>
internal static class Capital
{
    public static string Capitalise(this string word) => char.ToUpperInvariant(word[0]) + word[1..];
}
