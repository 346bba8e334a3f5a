using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>AdamW on flat float32 weights: one pass that adds up the norm, one that updates.</summary>
internal static unsafe class CpuUpdate
{
    private const int Wide = CpuMath.Wide, Row = 4;                                       // numbers of a chunk's row: FlatUpdate.Chunks

    /// <summary>Leaves the weights alone when a gradient or the loss is not finite, and after that.</summary>
    public static void Run(CpuTeam team, FlatUpdate update, IReadOnlyList<Tensor?> gradients, float loss, bool frozen)
    {
        nint[] pieces = [.. gradients.Select(gradient => gradient is null ? 0 : Matrix.AddressOf(gradient))];
        var chunks = (int)update.Chunks.size(0);
        var chunk = (long*)Matrix.AddressOf(update.Chunks);
        var control = (float*)Matrix.AddressOf(update.Control);
        float* steps = (float*)Matrix.AddressOf(update.Steps), skipped = (float*)Matrix.AddressOf(update.Skipped);

        var squares = new double[chunks];
        team.ForEach(chunks, i =>
        {
            var at = new Chunk(chunk + Row * i, pieces);
            squares[i] = at.IsLate && frozen ? 0 : CpuRow.Dot(at.Gradient, at.Gradient, at.Count);
        });

        var norm = (float)Math.Sqrt(squares.Sum());
        control[0] = norm;
        if (!float.IsFinite(norm) || !float.IsFinite(loss) || *skipped > 0)
        {
            *skipped += 1;
            return;
        }

        *steps += 1;
        var spec = update.Spec;
        var rate = *(float*)Matrix.AddressOf(update.Rate);
        var numbers = new Numbers(
            (float)(1 / Math.Max((norm + 1e-6) / spec.ClipNorm, 1)), (float)spec.Beta1, (float)(1 - spec.Beta1), (float)spec.Beta2, (float)(1 - spec.Beta2),
            (float)update.Epsilon);
        Corrections Corrected(double done) => new(
            (float)(-rate / (1 - Math.Pow(spec.Beta1, done))), (float)(1 / Math.Sqrt(1 - Math.Pow(spec.Beta2, done))));
        var (early, late) = (Corrected(*steps), Corrected(Math.Max(*steps - update.LateSteps, 1)));
        var decay = (float)(1 - rate * spec.WeightDecay);
        nint w = Matrix.AddressOf(update.Weights.Masters), m = Matrix.AddressOf(update.First), v = Matrix.AddressOf(update.Second);
        team.ForEach(chunks, i =>
        {
            var at = new Chunk(chunk + Row * i, pieces);
            if (at.IsLate && frozen)
                return;
            Update(
                (float*)w + at.Offset, at.Gradient, (float*)m + at.Offset, (float*)v + at.Offset, at.Count, numbers,
                at.IsLate ? late : early, at.IsDecayed ? decay : 1);
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Update(float* w, float* gradient, float* m, float* v, int count, Numbers numbers, Corrections corrections, float decay)
    {
        var i = 0;
        for (; i <= count - Wide; i += Wide)
        {
            var g = Vector512.Load(gradient + i) * numbers.Clip;
            var first = Vector512.Load(m + i) * numbers.Beta1 + g * numbers.Rest1;
            var second = Vector512.Load(v + i) * numbers.Beta2 + g * g * numbers.Rest2;
            var root = Vector512.Sqrt(second) * corrections.Root + Vector512.Create(numbers.Epsilon);
            first.Store(m + i);
            second.Store(v + i);
            (Vector512.Load(w + i) * decay + first / root * corrections.Rate).Store(w + i);
        }

        for (; i < count; i++)
        {
            var g = gradient[i] * numbers.Clip;
            m[i] = m[i] * numbers.Beta1 + g * numbers.Rest1;
            v[i] = v[i] * numbers.Beta2 + g * g * numbers.Rest2;
            w[i] = w[i] * decay + m[i] / (MathF.Sqrt(v[i]) * corrections.Root + numbers.Epsilon) * corrections.Rate;
        }
    }

    private readonly record struct Numbers(float Clip, float Beta1, float Rest1, float Beta2, float Rest2, float Epsilon);

    private readonly record struct Corrections(float Rate, float Root);

    /// <summary>Some weights side by side, of one tensor or of several that are treated alike.</summary>
    private readonly struct Chunk(long* row, nint[] pieces)
    {
        public long Offset { get; } = row[0];

        public int Count { get; } = (int)row[2];

        public bool IsDecayed { get; } = (row[3] & 1) != 0;

        public bool IsLate { get; } = row[3] >> 32 != 0;

        public float* Gradient { get; } = (float*)pieces[row[2] >> 32] + row[1];
    }
}
