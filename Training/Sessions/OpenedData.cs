using Bam.Contracts.Runs;
using Bam.Training.Data;

namespace Bam.Training.Sessions;

/// <summary>All domains of a run, and the mix of one of its models.</summary>
internal sealed class OpenedData(IReadOnlyList<DomainData> all, IReadOnlyList<DomainShare> shares) : IDisposable
{
    public IReadOnlyList<DomainData> All => all;

    public IEnumerable<(DomainData Data, double Share)> Mix =>
        shares.Select(share => (all.Single(domain => domain.Name == share.Domain), share.Share));

    public void Dispose()
    {
        foreach (var domain in all)
            domain.Dispose();
    }
}
