using System.Text;

namespace Bam.Training.Corpora;

/// <summary>A grammar that writes documents of one domain, 600 to 2500 characters each.</summary>
internal interface ICorpus
{
    /// <summary>Appends one document; all its choices come from <paramref name="random"/>.</summary>
    void Write(CorpusRandom random, StringBuilder into);
}
