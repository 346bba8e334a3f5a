namespace Bam.Client.Chaos.Invariants;

/// <summary>A published checkpoint, as its own files tell of it.</summary>
/// <param name="Folder">Its folder.</param>
/// <param name="Step">Step in the folder's name.</param>
/// <param name="ManifestStep">Step in its manifest.</param>
/// <param name="Attempt">Attempt that published it.</param>
/// <param name="Parent">Folder that the attempt went on from; null for none.</param>
/// <param name="Created">When it was written.</param>
/// <param name="Position">What was trained; null for a mixture's step 0, which nobody trained.</param>
internal sealed record PublishedCheckpoint(
    string Folder, long Step, long ManifestStep, int Attempt, string? Parent, DateTimeOffset Created, TrainedPosition? Position)
{
    public override string ToString() => $"step {Step} of attempt {Attempt}";
}
