using System.Runtime.InteropServices;
using Bam.Client.Runs;
using Bam.Client.Verbs;

using var interrupt = new CancellationTokenSource();
using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);

var services =
    new Services(new LocalClusters(TimeProvider.System), new NotWired(), NotWired.WriteCorpus, NotWired.DescribeTorch, TimeProvider.System);
return await services.Console(Terminal.OfProcess()).Run(args, interrupt.Token).ConfigureAwait(false);

// The first signal lets the verb end well; the second one ends the process.
void Interrupt(PosixSignalContext context)
{
    context.Cancel = !interrupt.IsCancellationRequested;
    interrupt.Cancel();
}
