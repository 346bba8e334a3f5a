using System.Text.RegularExpressions;
using Bam.Contracts.Runs;

namespace Bam.Client.RunFiles;

internal sealed partial class RunFileReader
{
    private YamlSection DomainsSection => field ??= _root.Section("domains");

    private IReadOnlyList<DomainSpec> Domains()
    {
        if (!_root.Require("domains")) return [];
        if (!DomainsSection.Broken && DomainsSection.Keys.Count == 0) _root.Problem("domains", "names no domain; state at least one");
        return [.. DomainsSection.Keys.Select(Domain)];
    }

    private DomainSpec Domain(string name)
    {
        if (!DomainName().IsMatch(name))
            DomainsSection.Problem(name, $"'{name}' is not a name; use letters, digits, '-' and '_', at most 63 characters");
        var section = DomainsSection.Section(name);
        section.Allow("train", "validation");
        section.Require("train");
        return new(name, Files(section, "train"), Files(section, "validation"));
    }

    private List<string> Files(YamlSection section, string key)
    {
        var files = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var pattern in section.Texts(key))
        {
            files.UnionWith(SourcePatterns.Resolve(pattern, _folder, out var problem));
            if (problem is not null) section.Problem(key, problem);
        }

        return [.. files];
    }

    /// <summary>A mix of domains: positive numbers under their names, scaled to sum to 1.</summary>
    private IReadOnlyList<DomainShare> Shares(YamlSection parent, string key)
    {
        if (!parent.Require(key)) return [];
        var section = parent.Section(key);
        if (section is { Broken: false, Keys.Count: 0 })
            parent.Problem(key, "names no domain; state at least one share, such as { general: 1 }");
        if (DomainsSection is { Broken: false, Keys.Count: > 0 })
        {
            foreach (var unknown in section.Keys.Except(DomainsSection.Keys))
                section.Problem(unknown, $"no such domain{NearestName.Hint(unknown, "domains", DomainsSection.Keys)}");
        }

        var shares = section.Keys.Select(name => new DomainShare(name, Share(section, name))).ToList();
        var sum = shares.Sum(share => share.Share);
        if (double.IsFinite(sum)) return [.. shares.Select(share => share with { Share = share.Share / sum })];
        parent.Problem(key, "the shares are too large to add");
        return [];
    }

    private static double Share(YamlSection section, string name)
    {
        if (!section.Has(name)) section.Problem(name, "has no value");
        return section.Number(name, 1, NumberRule.Positive);
    }

    private IReadOnlyList<DomainShare> EqualShares() =>
        [.. DomainsSection.Keys.Select(name => new DomainShare(name, 1.0 / DomainsSection.Keys.Count))];

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9_-]{0,62}\z", RegexOptions.CultureInvariant)]
    private static partial Regex DomainName();
}
