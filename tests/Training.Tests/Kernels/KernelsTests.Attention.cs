using Bam.Training.Fused;
using Bam.Training.Kernels;
using Bam.Training.Tests.Model;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Kernels;

/// <summary>Attention alone, and with all that a block does around it.</summary>
public abstract partial class KernelsTests
{
    [Theory]
    [InlineData(1, 3, 2, 2, 64)]
    [InlineData(3, 77, 6, 6, 32)]
    [InlineData(2, 300, 4, 2, 128)]
    [InlineData(1, 2048, 8, 2, 64)]
    [InlineData(2, 1025, 3, 3, 8)]
    public void Attention(int batch, int time, int heads, int kvHeads, int width) => AssertAttention(batch, time, heads, kvHeads, width, roundings: (2, 3));

    /// <param name="roundings">How many the result may be off by, and the gradients.</param>
    private protected void AssertAttention(int batch, int time, int heads, int kvHeads, int width, (int Forward, int Backward) roundings)
    {
        int query = heads * width, key = kvHeads * width;
        var input = _twins.Draw(1, "x", batch * time, query + 2 * key);
        Tensor Heads(Tensor x, int first, int count) => x.narrow(1, first, count * width).view(batch, time, count, width).transpose(1, 2);
        AttentionResult Attend(IStepKernels kernels, Tensor x) =>
            kernels.Attend(Heads(x, 0, heads), Heads(x, query, kvHeads), Heads(x, query + key, kvHeads));
        var d = _twins.Draw(2, "d", batch * time, query);
        var (fast, exact) = (Attend(_fast, input.Fast), Attend(_exact, input.Exact));
        Twins.Agree("attention", exact.Heads.Tensor, fast.Heads.Tensor, roundings.Forward * _twins.OneRounding);
        var (fastQ, fastK, fastV) = _fast.AttendBackward(fast, Heads(d.Fast, 0, heads));
        var (exactQ, exactK, exactV) = _exact.AttendBackward(exact, Heads(d.Exact, 0, heads));
        Gradient("q", exactQ, fastQ);
        Gradient("k", exactK, fastK);
        Gradient("v", exactV, fastV);

        // As a step takes them: heads side by side.
        void Gradient(string of, Tensor wanted, Tensor found) => Twins.Agree(
            $"gradient of {of}", AttentionResult.Flat(wanted).Tensor, AttentionResult.Flat(found).Tensor, roundings.Backward * _twins.OneRounding);
    }

    /// <param name="experts">Of queries.</param>
    /// <param name="sharesKeys">Whether they have the same keys.</param>
    [Theory]
    [InlineData(1, 3, 1, 2, 2, 64, false, true)]
    [InlineData(3, 77, 1, 6, 6, 32, false, false)]
    [InlineData(2, 130, 1, 4, 2, 64, false, true)]
    [InlineData(1, 1025, 1, 2, 1, 128, false, false)]
    [InlineData(2, 300, 1, 3, 3, 8, false, true)]
    [InlineData(1, 600, 3, 2, 2, 32, false, false)]
    [InlineData(2, 65, 3, 4, 2, 16, true, false)]
    [InlineData(1, 512, 2, 2, 2, 24, true, true)]
    public void Attention_of_a_block(int batch, int time, int experts, int heads, int kvHeads, int width, bool sharesKeys, bool interleaved) =>
        AssertBlock(_fast, batch, time, experts, heads, kvHeads, width, sharesKeys, interleaved);

    /// <summary>How many roundings what comes out of a block's attention may be off by, and the gradients.</summary>
    private protected virtual (int Forward, int Backward) BlockRoundings => (3, 4);

    private protected void AssertBlock(
        IStepKernels kernels, int batch, int time, int experts, int heads, int kvHeads, int width, bool sharesKeys, bool interleaved)
    {
        var roundings = BlockRoundings;
        int query = experts * heads * width, key = (sharesKeys ? 1 : experts) * kvHeads * width, rows = batch * time;
        var config = Shapes.Dense with { Width = heads * width, Heads = heads, Context = time, RopeInterleaved = interleaved };
        var layout = new HeadLayout(experts, heads, kvHeads, width, sharesKeys);
        using Arena fast = new(_twins.Device, _twins.Type), exact = new(CPU, ScalarType.Float64);
        foreach (var isPlaced in new[] { true, false })
        {
            var (input, into, d) = (_twins.Draw(1, "x", rows, query + 2 * key, 1, 8), _twins.Empty(rows, query, 16), _twins.Draw(2, "d", rows, query, 1, 8));
            AttentionMemory Memory(Arena arena, Matrix x, Matrix y) => new(
                arena, x, new InputColumns(0, query, query + key, 0, 0, 0, 0, query + 2 * key), layout, key, RotaryAngles.Of(config, arena), isPlaced ? y : null);
            var (fastMemory, exactMemory) = (Memory(fast, input.FastRows, into.FastRows), Memory(exact, input.ExactRows, into.ExactRows));

            var (found, wanted) = (BlockAttention.Forward(kernels, fastMemory), BlockAttention.Forward(_exact, exactMemory));
            Twins.Agree("attention", wanted.Heads.Tensor, found.Heads.Tensor, roundings.Forward * _twins.OneRounding);
            if (isPlaced)
                into.Agree("where it is read", roundings.Forward * _twins.OneRounding);
            BlockAttention.Backward(kernels, fastMemory, found, d.FastRows);
            BlockAttention.Backward(_exact, exactMemory, wanted, d.ExactRows);
            foreach (var (name, first, count) in new[] { ("q", 0, query), ("k", query, key), ("v", query + key, key) })
                input.Part(first, count).Agree($"gradient of {name}", roundings.Backward * _twins.OneRounding);
        }
    }
}
