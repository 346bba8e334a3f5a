namespace Bam.Client.RunFiles;

/// <summary>Finds what a mistyped name was probably meant to be.</summary>
internal static class NearestName
{
    /// <summary>The candidate within a third of the name's length (at least two edits), or null when none is near.</summary>
    public static string? Of(string name, IEnumerable<string> candidates) => candidates
        .Select(candidate => (Candidate: candidate, Distance: Distance(name, candidate)))
        .Where(pair => pair.Distance <= Math.Max(2, name.Length / 3) && pair.Distance < Math.Max(name.Length, pair.Candidate.Length))
        .OrderBy(pair => pair.Distance)
        .Select(pair => pair.Candidate)
        .FirstOrDefault();

    /// <summary>The end of an error about a name: <c>; did you mean 'law'? (domains: general, law)</c>.</summary>
    /// <param name="name">The name that does not exist.</param>
    /// <param name="kind">What the candidates are, in the plural.</param>
    /// <param name="candidates">Every valid name.</param>
    public static string Hint(string name, string kind, IReadOnlyCollection<string> candidates)
    {
        var nearest = Of(name, candidates) is { } found ? $"; did you mean '{found}'?" : "";
        return candidates.Count == 0 ? $"; there are no {kind}" : $"{nearest} ({kind}: {string.Join(", ", candidates)})";
    }

    /// <summary>Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.</summary>
    public static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) rows[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) rows[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var substitution = rows[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                rows[i, j] = Math.Min(substitution, 1 + Math.Min(rows[i - 1, j], rows[i, j - 1]));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    rows[i, j] = Math.Min(rows[i, j], 1 + rows[i - 2, j - 2]);
            }
        }

        return rows[a.Length, b.Length];
    }
}
