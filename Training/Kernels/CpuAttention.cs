using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>
/// Causal attention by products of blocks of positions with all that they see, or are seen by (as FlashAttention, arXiv 2205.14135, but for those,
/// whose scores of one block fit into a core's cache): libtorch's own kernel for CPUs works in blocks so small that it takes twice the time.
/// Heads are turned while they are fetched: each goes over memory once.
/// </summary>
internal sealed unsafe class CpuAttention
{
    private const int Block = 64, Across = 512;                                // positions of a block, and of those that it is multiplied with at a time

    private readonly CpuTeam _team;
    private readonly CpuRotary _rotary;
    private readonly Rows _q, _k, _v, _output;
    private readonly int[] _sources;                                           // query heads in attention's order
    private readonly float* _logSums;                                          // [B, H, T]
    private readonly int _time, _width, _groups, _each;                        // groups: heads of keys; each: heads of queries for each of them
    private readonly float _scale;

    private CpuAttention(CpuTeam team, CpuRotary rotary, AttentionMemory memory, int[] sources, AttentionResult result)
    {
        (_team, _rotary, _sources) = (team, rotary, sources);
        (_q, _k, _v, _output) = (new(memory.Q), new(memory.K), new(memory.V), new(result.Heads));
        _logSums = (float*)Matrix.AddressOf(result.Saved[0]);
        (_time, _width) = (memory.Angles.Time, memory.Layout.Width);
        _groups = memory.K.Columns / _width;
        _each = sources.Length / _groups;
        _scale = (float)(1 / Math.Sqrt(_width));
    }

    /// <param name="team">Shares sequences and heads.</param>
    /// <param name="rotary">Turns heads.</param>
    /// <param name="memory">Heads as they were made, which stay so.</param>
    /// <param name="sources">Where the query heads lie that attention wants in its order.</param>
    public static AttentionResult Forward(CpuTeam team, CpuRotary rotary, AttentionMemory memory, int[] sources)
    {
        int time = memory.Angles.Time, sequences = memory.Q.Rows / time;
        var output = memory.Heads(memory.Into?.Tensor ?? empty(memory.Q.Rows, memory.Q.Columns));
        var result = new AttentionResult(memory.QueryHeads, memory.KeyHeads, memory.ValueHeads, output, [empty(sequences, sources.Length, time)]);
        new CpuAttention(team, rotary, memory, sources, result).Forward();
        return result;
    }

    /// <summary>Queries, keys and values become their gradients.</summary>
    public static void Backward(CpuTeam team, CpuRotary rotary, AttentionMemory memory, int[] sources, AttentionResult result, Matrix gradient) =>
        new CpuAttention(team, rotary, memory, sources, result).Backward(new Rows(gradient));

    private void Forward() => ForEachGroup((sequence, group, scratch) =>
    {
        var inverses = stackalloc float[Block];
        FetchKeys(sequence, group, scratch);
        for (var head = group * _each; head < (group + 1) * _each; head++)
        {
            var logSums = LogSums(sequence, head);
            FetchQueries(sequence, head, scratch);
            for (var first = 0; first < _time; first += Block)
            {
                var (rows, seen) = (Math.Min(Block, _time - first), Math.Min(_time, first + Block));
                BlockProduct.Multiply(
                    rows, seen, _width, scratch.Queries + first * _width, _width, scratch.KeysAcross, scratch.Stride, false, scratch.Scores, scratch.Stride);
                for (var i = 0; i < rows; i++)
                {
                    var (max, sum) = CpuSoftmax.Exp(scratch.Scores + i * scratch.Stride, first + i + 1, seen);
                    inverses[i] = 1 / sum;
                    logSums[first + i] = MathF.Log(sum) + max;
                }

                BlockProduct.Multiply(rows, _width, seen, scratch.Scores, scratch.Stride, scratch.Values, _width, false, scratch.Gradients, _width);
                CpuRow.ScaleRows(scratch.Gradients, _width, inverses, _output[sequence * _time + first, head * _width], _output.Stride, _width, rows);
            }
        }
    });

    // Keys go down and queries across, so that what belongs to a query, its logsumexp among them, is a vector.
    private void Backward(Rows gradient) => ForEachGroup((sequence, group, scratch) =>
    {
        FetchKeys(sequence, group, scratch);
        for (var head = group * _each; head < (group + 1) * _each; head++)
        {
            FetchQueries(sequence, head, scratch);
            CpuRow.Transpose(scratch.Queries, _width, scratch.QueriesAcross, scratch.Stride, _time, _width);
            float* dy = gradient[sequence * _time, head * _width], y = _output[sequence * _time, head * _width];
            CpuRow.Copy(dy, gradient.Stride, scratch.Gradients, _width, _width, _time);
            CpuRow.Transpose(scratch.Gradients, _width, scratch.GradientsAcross, scratch.Stride, _time, _width);
            for (var i = 0; i < _time; i++)
            {
                var output = y + i * _output.Stride;
                CpuRow.PrefetchRow(output, _output.Stride, _width);
                scratch.Along[i] = CpuRow.Dot(scratch.Gradients + i * _width, output, _width);
            }

            new ReadOnlySpan<float>(LogSums(sequence, head), _time).CopyTo(new Span<float>(scratch.LogSums, _time));
            for (var first = 0; first < _time; first += Block)
            {
                for (var from = first; from < _time; from = (from / Across + 1) * Across)
                    BackwardBlock(first, from, add: head > group * _each || from > first, scratch);
            }

            CpuRow.Transpose(scratch.QueryGradientsAcross, scratch.Stride, scratch.Queries, _width, _width, _time);
            _rotary.Turn(scratch.Queries, _width, _q[sequence * _time, _sources[head] * _width], _q.Stride, 0, _time, _scale, back: true);
        }

        _rotary.Turn(scratch.KeyGradients, _width, _k[sequence * _time, group * _width], _k.Stride, 0, _time, 1, back: true);
        CpuRow.Copy(scratch.ValueGradients, _width, _v[sequence * _time, group * _width], _v.Stride, _width, _time);
    });

    /// <summary>A block of keys with queries that see any of them.</summary>
    /// <param name="first">First key.</param>
    /// <param name="from">First query.</param>
    /// <param name="add">Whether other queries have been seen with these keys.</param>
    /// <param name="scratch">All of them.</param>
    private void BackwardBlock(int first, int from, bool add, CpuAttentionScratch scratch)
    {
        int keys = Math.Min(Block, _time - first), queries = Math.Min(_time, (from / Across + 1) * Across) - from;
        int room = scratch.Stride, key = first * _width, query = from * _width;
        BlockProduct.Multiply(keys, queries, _width, scratch.Keys + key, _width, scratch.QueriesAcross + from, room, false, scratch.Scores, room);
        BlockProduct.Multiply(keys, queries, _width, scratch.Values + key, _width, scratch.GradientsAcross + from, room, false, scratch.Changes, room);
        for (var i = 0; i < keys; i++)
        {
            CpuSoftmax.Backward(
                scratch.Scores + i * room, scratch.Changes + i * room, scratch.LogSums + from, scratch.Along + from, Math.Max(0, first + i - from), queries);
        }

        BlockProduct.Multiply(keys, _width, queries, scratch.Scores, room, scratch.Gradients + query, _width, add, scratch.ValueGradients + key, _width);
        BlockProduct.Multiply(keys, _width, queries, scratch.Changes, room, scratch.Queries + query, _width, add, scratch.KeyGradients + key, _width);
        BlockProduct.Multiply(
            _width, queries, keys, scratch.KeysAcross + first, room, scratch.Changes, room, first > 0, scratch.QueryGradientsAcross + from, room);
    }

    private float* LogSums(int sequence, int head) => _logSums + ((long)sequence * _sources.Length + head) * _time;

    /// <summary>Turned keys, and values.</summary>
    private void FetchKeys(int sequence, int group, CpuAttentionScratch scratch)
    {
        _rotary.Turn(_k[sequence * _time, group * _width], _k.Stride, scratch.Keys, _width, 0, _time, 1, back: false);
        CpuRow.Transpose(scratch.Keys, _width, scratch.KeysAcross, scratch.Stride, _time, _width);
        CpuRow.Copy(_v[sequence * _time, group * _width], _v.Stride, scratch.Values, _width, _width, _time);
    }

    /// <summary>Turned queries, by which products with keys are scores.</summary>
    private void FetchQueries(int sequence, int head, CpuAttentionScratch scratch) =>
        _rotary.Turn(_q[sequence * _time, _sources[head] * _width], _q.Stride, scratch.Queries, _width, 0, _time, _scale, back: false);

    /// <summary>Runs <paramref name="work"/> for each sequence and head of keys.</summary>
    private void ForEachGroup(Action<int, int, CpuAttentionScratch> work) => _team.ForEach(
        _q.Count / _time * _groups, piece => work(piece / _groups, piece % _groups, CpuAttentionScratch.Mine(_time, _width, Block)));

    /// <summary>Rows of a matrix.</summary>
    private readonly struct Rows(Matrix matrix)
    {
        private readonly nint _address = matrix.Address;

        public int Count { get; } = matrix.Rows;

        public int Stride { get; } = matrix.Stride;

        public float* this[long row, int column] => (float*)_address + row * Stride + column;
    }
}
