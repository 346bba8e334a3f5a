using Bam.Client.Clusters;
using Bam.Client.Demo;
using Bam.Client.Diagnosis;
using Bam.Client.Runs;

namespace Bam.Client.Verbs;

/// <summary>What the verbs need from the rest of the house, and how they are put together.</summary>
/// <param name="Clusters">Clusters of this host.</param>
/// <param name="Gpus">GPUs of this host.</param>
/// <param name="Evaluation">Evaluates models.</param>
/// <param name="Generation">Lets models write.</param>
/// <param name="Corpus">Writes the built-in corpora.</param>
/// <param name="Torch">Loads libtorch and says what it is, or throws with the reason in one line.</param>
/// <param name="Time">The host's clock.</param>
internal sealed record Services(
    IClusters Clusters, IHostGpus Gpus, IModelEvaluation Evaluation, IModelGeneration Generation, CorpusWriter Corpus, Func<TorchHost> Torch,
    TimeProvider Time)
{
    /// <summary>The console with all verbs.</summary>
    public BamConsole Console(Terminal terminal)
    {
        var options = new GlobalOptions();
        var link = new ClusterLink(options, Clusters);
        var follower = new RunFollower(terminal, Time);
        return new(options, terminal, [
            new DemoVerb(options, terminal, Clusters, Gpus, follower, Corpus),
            new ClusterVerb(options, terminal, Clusters, Gpus),
            new PlanVerb(options, terminal, new DeviceMemory(Gpus)),
            new LaunchVerb(options, terminal, link, follower, new DeviceMemory(Gpus)),
            new RunsVerb(options, terminal, link, Time),
            new StatusVerb(options, terminal, link, Time),
            new WatchVerb(options, link, follower),
            new LogsVerb(options, terminal, link),
            new PauseVerb(pauses: true, options, terminal, link),
            new PauseVerb(pauses: false, options, terminal, link),
            new RetryVerb(options, terminal, link),
            new CancelVerb(options, terminal, link),
            new ChaosVerb(options, terminal, link),
            new EvalVerb(options, terminal, link, Evaluation),
            new GenerateVerb(options, terminal, link, Generation),
            new ExportVerb(options, terminal, link),
            new ReportVerb(options, terminal, link, Time),
            new BenchVerb(options, terminal),
            new DoctorVerb(options, terminal, new HostDoctor(Torch, Gpus, Clusters, Time)),
        ]);
    }
}
