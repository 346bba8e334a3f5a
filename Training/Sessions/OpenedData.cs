using Bam.Contracts.Runs;
using Bam.Training.Data;

namespace Bam.Training.Sessions;

/// <summary>All domains of a run, and the mix of one of its models.</summary>
internal sealed class OpenedData(IReadOnlyList<DomainData> all, IReadOnlyList<DomainShare> shares) : IDisposable
{
    public IReadOnlyList<DomainData> All => all;

    public IEnumerable<(DomainData Data, double Share)> Mix =>
        shares.Select(share => (all.Single(domain => domain.Name == share.Domain), share.Share));

    /// <summary>Opens every domain of the run, preparing what the cache does not have.</summary>
    /// <exception cref="DataException">A file is at fault.</exception>
    public static OpenedData Open(TrainingJob job, ITrainingObserver observer, CancellationToken cancellation)
    {
        var opened = new List<DomainData>();
        try
        {
            foreach (var domain in job.Run.Domains)
            {
                opened.Add(DomainData.Open(domain, job.Run.Tokenizer, job.TokenCache, cancellation, observer.Pulse));
                observer.Pulse();
            }
        }
        catch
        {
            opened.ForEach(data => data.Dispose());
            throw;
        }

        return new OpenedData(opened, job.Member.Domains);
    }

    public void Dispose()
    {
        foreach (var domain in all)
            domain.Dispose();
    }
}
