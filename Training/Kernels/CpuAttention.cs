using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>
/// Causal attention by matrix products of blocks of queries with all keys that they see (as FlashAttention, arXiv 2205.14135, but for the keys, whose
/// scores of one block fit into a core's cache): libtorch's own kernel for CPUs works in blocks so small that it takes twice the time.
/// </summary>
internal sealed unsafe class CpuAttention
{
    private const int Block = 64, Line = 16;                                   // queries; numbers of a cache line

    [ThreadStatic]
    private static float[]? _scratch;

    private readonly CpuTeam _team;
    private readonly Heads _q, _k, _v;
    private readonly int _batch, _time, _width, _groups, _each;                // heads of keys, and of queries for each of them
    private readonly float _scale;

    private CpuAttention(CpuTeam team, Tensor q, Tensor k, Tensor v)
    {
        _team = team;
        (_q, _k, _v) = (new(q), new(k), new(v));
        var shape = q.shape;
        (_batch, _time, _width) = ((int)shape[0], (int)shape[2], (int)shape[3]);
        _groups = (int)k.size(1);
        _each = (int)shape[1] / _groups;
        _scale = (float)(1 / Math.Sqrt(_width));
    }

    public static AttentionResult Forward(CpuTeam team, Tensor q, Tensor k, Tensor v)
    {
        var attention = new CpuAttention(team, q, k, v);
        var output = attention.Like(q);
        var logSums = empty(q.size(0), q.size(1), q.size(2), dtype: q.dtype);
        attention.Forward(new Heads(output), (float*)Matrix.AddressOf(logSums));
        return new AttentionResult(q, k, v, output, [logSums]);
    }

    public static (Tensor Q, Tensor K, Tensor V) Backward(CpuTeam team, AttentionResult result, Tensor gradient)
    {
        var attention = new CpuAttention(team, result.Q, result.K, result.V);
        var (q, k, v) = (attention.Like(result.Q), attention.Like(result.K), attention.Like(result.V));
        attention.Backward(
            new Heads(result.Output), new Heads(gradient), (float*)Matrix.AddressOf(result.Saved[0]), new Heads(q), new Heads(k), new Heads(v));
        return (q, k, v);
    }

    private void Forward(Heads output, float* logSums) => ForEachGroup((sequence, group, scores, _) =>
    {
        float* k = _k[sequence, group], v = _v[sequence, group], inverses = stackalloc float[Block];
        for (var head = group * _each; head < (group + 1) * _each; head++)
        {
            float* q = _q[sequence, head], y = output[sequence, head], sums = logSums + ((long)sequence * _groups * _each + head) * _time;
            for (var first = 0; first < _time; first += Block)
            {
                var (rows, seen) = (Math.Min(Block, _time - first), Math.Min(_time, first + Block));
                var room = CpuSoftmax.Room(seen);
                Mkl.Multiply(rows, seen, _width, _scale, q + first * _q.Stride, _q.Stride, false, k, _k.Stride, true, false, scores, room);
                for (var i = 0; i < rows; i++)
                {
                    var (max, sum) = CpuSoftmax.Exp(scores + i * room, first + i + 1, room);
                    inverses[i] = 1 / sum;
                    sums[first + i] = MathF.Log(sum) + max;
                }

                var into = y + first * output.Stride;
                Mkl.Multiply(rows, _width, seen, 1, scores, room, false, v, _v.Stride, false, false, into, output.Stride);
                for (var i = 0; i < rows; i++)
                    CpuRow.Scale(into + i * output.Stride, inverses[i], into + i * output.Stride, _width);
            }
        }
    });

    private void Backward(Heads output, Heads gradient, float* logSums, Heads dq, Heads dk, Heads dv) => ForEachGroup((sequence, group, scores, changes) =>
    {
        float* k = _k[sequence, group], v = _v[sequence, group], intoK = dk[sequence, group], intoV = dv[sequence, group];
        for (var head = group * _each; head < (group + 1) * _each; head++)
        {
            float* q = _q[sequence, head], y = output[sequence, head], dy = gradient[sequence, head];
            var sums = logSums + ((long)sequence * _groups * _each + head) * _time;
            // From the last block, which sees all keys and so sets what the others add to.
            for (var first = (_time - 1) / Block * Block; first >= 0; first -= Block)
            {
                var (rows, seen, add) = (Math.Min(Block, _time - first), Math.Min(_time, first + Block), first + Block < _time || head > group * _each);
                var room = CpuSoftmax.Room(seen);
                float* queries = q + first * _q.Stride, gradients = dy + first * gradient.Stride;
                Mkl.Multiply(rows, seen, _width, _scale, queries, _q.Stride, false, k, _k.Stride, true, false, scores, room);
                Mkl.Multiply(rows, seen, _width, 1, gradients, gradient.Stride, false, v, _v.Stride, true, false, changes, room);
                for (var i = 0; i < rows; i++)
                {
                    var row = first + i;
                    var along = CpuRow.Dot(gradients + i * gradient.Stride, y + row * output.Stride, _width);
                    CpuSoftmax.Backward(scores + i * room, changes + i * room, sums[row], along, _scale, row + 1, room);
                }

                Mkl.Multiply(seen, _width, rows, 1, scores, room, true, gradients, gradient.Stride, false, add, intoV, dv.Stride);
                Mkl.Multiply(rows, _width, seen, 1, changes, room, false, k, _k.Stride, false, false, dq[sequence, head] + first * dq.Stride, dq.Stride);
                Mkl.Multiply(seen, _width, rows, 1, changes, room, true, queries, _q.Stride, false, add, intoK, dk.Stride);
            }
        }
    });

    private delegate void Work(int sequence, int group, float* scores, float* changes);

    /// <summary>Runs <paramref name="work"/> for each sequence and head of keys, with room for two blocks' scores.</summary>
    private void ForEachGroup(Work work) => _team.ForEach(_batch * _groups, piece =>
    {
        var room = Block * CpuSoftmax.Room(_time);
        if (_scratch is null || _scratch.Length < 2 * room + Line)
            _scratch = GC.AllocateUninitializedArray<float>(2 * room + Line, pinned: true);
        var scratch = (float*)(((nint)Unsafe.AsPointer(ref _scratch[0]) + Line * sizeof(float) - 1) & -(Line * sizeof(float)));
        work(piece / _groups, piece % _groups, scratch, scratch + room);
    });

    /// <summary>[B, H, T, K], in memory [B, T, H, K].</summary>
    private Tensor Like(Tensor x)
    {
        using var heads = empty(_batch, _time, x.size(1), _width, dtype: x.dtype);
        return heads.transpose(1, 2);
    }

    /// <summary>Heads [B, H, T, K] in a tensor's memory.</summary>
    private readonly struct Heads
    {
        private readonly nint _address;
        private readonly long _sequence, _head;

        public Heads(Tensor tensor)
        {
            var strides = tensor.stride();
            (_address, _sequence, _head, Stride) = (Matrix.AddressOf(tensor), strides[0], strides[1], (int)strides[2]);
        }

        /// <summary>Numbers from a position to the next.</summary>
        public int Stride { get; }

        public float* this[int sequence, int head] => (float*)_address + sequence * _sequence + head * _head;
    }
}
