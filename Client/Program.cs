using System.Runtime.InteropServices;
using Bam.Client.Clusters;
using Bam.Client.Diagnosis;
using Bam.Client.Runs;
using Bam.Client.Verbs;
using Bam.Training.Corpora;
using Bam.Training.Fused;
using Bam.Training.Native;

if (args is [ClusterKeeper.Verb, var home])
    return await ClusterKeeper.Run(home).ConfigureAwait(false);

using var interrupt = new CancellationTokenSource();
using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);

var services = new Services(
    new LocalClusters(TimeProvider.System), new HostGpus(), new EngineEvaluation(), new EngineGeneration(), BuiltInCorpus.Write,
    DescribeTorch, TimeProvider.System);
return await services.Console(Terminal.OfProcess()).Run(args, interrupt.Token).ConfigureAwait(false);

static TorchHost DescribeTorch()
{
    var library = TorchLibrary.Load().ToString();
    return GpuKernels.HasDevice ? new(library, HasGpu: true, GpuKernels.Problem()) : new(library);
}

// The first signal lets the verb end well; the second one ends the process.
void Interrupt(PosixSignalContext context)
{
    context.Cancel = !interrupt.IsCancellationRequested;
    interrupt.Cancel();
}
