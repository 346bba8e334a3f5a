using Bam.Contracts.Status;

namespace Bam.Grains.Members;

/// <summary>What a session tells its grain, from threads of its own.</summary>
/// <param name="Prepared">The step that it goes on from, and how many steps of earlier attempts it does again.</param>
/// <param name="Published">A published checkpoint, and the seconds of the steps that lead to it.</param>
/// <param name="Stuck">What stands still. The task ends when it is noted.</param>
internal sealed record SessionEvents(Action<long, long> Prepared, Action<CheckpointRef, double> Published, Func<string, Task> Stuck);
