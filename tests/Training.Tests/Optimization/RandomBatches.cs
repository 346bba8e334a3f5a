using Bam.Training.Optimization;

namespace Bam.Training.Tests.Optimization;

/// <summary>Tokens without meaning, the same for a step whenever it is asked for.</summary>
internal sealed class RandomBatches(int vocab) : IBatchSource
{
    public void Fill(long step, Span<long> inputs, Span<long> targets)
    {
        var random = new Random((int)step);
        foreach (ref var id in inputs)
            id = random.Next(vocab);
        inputs[1..].CopyTo(targets);
        targets[^1] = inputs[0];
    }
}
