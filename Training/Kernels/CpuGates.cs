namespace Bam.Training.Kernels;

/// <summary>The gates of one token's attention experts: softmax over all of them, of which the largest count.</summary>
internal static unsafe class CpuGates
{
    /// <summary>Softmax of E logits.</summary>
    public static void Softmax(float* logits, Span<float> gates)
    {
        for (var e = 0; e < gates.Length; e++)
            gates[e] = logits[e];
        fixed (float* numbers = gates)
        {
            var sum = CpuRow.Exp(numbers, CpuRow.Max(numbers, gates.Length), gates.Length);
            CpuRow.Scale(numbers, 1 / sum, numbers, gates.Length);
        }
    }

    /// <summary>The gates that are applied: zero for experts that are not chosen, scaled to sum to 1 where the rule says so.</summary>
    public static void Apply(ReadOnlySpan<float> gates, RouterRule rule, Span<float> applied)
    {
        if (rule.Chosen == rule.Experts && !rule.Renormalise)
        {
            gates.CopyTo(applied);
            return;
        }

        applied.Clear();
        var total = 0f;
        for (var k = 0; k < rule.Chosen; k++)
        {
            var best = -1;
            for (var e = 0; e < gates.Length; e++)
            {
                if (applied[e] == 0 && (best < 0 || gates[e] > gates[best]))
                    best = e;
            }

            // A gate that vanished, or is not a number, is chosen all the same; it must not be chosen twice.
            applied[best] = gates[best] == 0 ? float.Epsilon : gates[best];
            total += gates[best];
        }

        for (var e = 0; rule.Renormalise && e < gates.Length; e++)
            applied[e] /= total;
    }

    /// <summary>Gradient of the logits from that of the applied gates, which it overwrites.</summary>
    public static void Backward(ReadOnlySpan<float> gates, ReadOnlySpan<float> applied, Span<float> gradient, RouterRule rule, float* logits)
    {
        if (rule.Renormalise)
        {
            float total = 0, inner = 0;
            for (var e = 0; e < gates.Length; e++)
            {
                total += applied[e] == 0 ? 0 : gates[e];
                inner += gradient[e] * applied[e];
            }

            for (var e = 0; e < gates.Length; e++)
                gradient[e] = (gradient[e] - inner) / total;
        }

        var along = 0f;
        for (var e = 0; e < gates.Length; e++)
        {
            gradient[e] = applied[e] == 0 ? 0 : gradient[e];
            along += gates[e] * gradient[e];
        }

        for (var e = 0; e < gates.Length; e++)
            logits[e] = gates[e] * (gradient[e] - along);
    }
}
