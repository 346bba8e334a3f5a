namespace Bam.Client.Plans;

/// <summary>A change of the run file with which a model would fit its device.</summary>
/// <param name="Change">What to write, such as <c>kv: shared</c>.</param>
/// <param name="Bytes">What the model would need then.</param>
internal sealed record Remedy(string Change, long Bytes);
