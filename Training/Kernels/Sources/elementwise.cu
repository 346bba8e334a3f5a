// Rows are blocks; a thread takes VEC numbers at a time.

// silu(gate) * up, times a number a row when there are any.
extern "C" __global__ void swiglu_forward(
    const bf16 *gate, long long gateStride, const bf16 *up, long long upStride, const float *scales, bf16 *out, long long outStride, int width)
{
    const long long row = blockIdx.x;
    const float scale = scales ? scales[row] : 1.f;
    for (int v = threadIdx.x; v < width / VEC; v += blockDim.x)
    {
        float g[VEC], u[VEC];
        load(gate + row * gateStride + v * VEC, g);
        load(up + row * upStride + v * VEC, u);
#pragma unroll
        for (int c = 0; c < VEC; c++)
            g[c] = scale * u[c] * __fdividef(g[c], 1.f + __expf(-g[c]));
        store(out + row * outStride + v * VEC, g);
    }
}

// gate and up become their gradients; dscales[row], when wanted, that of the row's number.
extern "C" __global__ void swiglu_backward(
    bf16 *gate, long long gateStride, bf16 *up, long long upStride, const bf16 *dout, long long doutStride,
    const float *scales, float *dscales, int width)
{
    const long long row = blockIdx.x;
    const float scale = scales ? scales[row] : 1.f;
    float dscale = 0.f;
    for (int v = threadIdx.x; v < width / VEC; v += blockDim.x)
    {
        float g[VEC], u[VEC], d[VEC];
        load(gate + row * gateStride + v * VEC, g);
        load(up + row * upStride + v * VEC, u);
        load(dout + row * doutStride + v * VEC, d);
#pragma unroll
        for (int c = 0; c < VEC; c++)
        {
            const float sigmoid = __fdividef(1.f, 1.f + __expf(-g[c])), silu = g[c] * sigmoid;
            dscale += d[c] * silu * u[c];
            d[c] *= scale;
            g[c] = d[c] * u[c] * sigmoid * (1.f + g[c] - silu);
            u[c] = d[c] * silu;
        }
        store(gate + row * gateStride + v * VEC, g);
        store(up + row * upStride + v * VEC, u);
    }

    if (scales)
    {
        dscale = blockSum(dscale);
        if (threadIdx.x == 0)
            dscales[row] = dscale;
    }
}

// Head h of `from` is head (h / (kv group)) of its expert: with shared keys and values the heads that share stand side by side.
__device__ __forceinline__ int regroup(int head, int experts, int kvHeads, int group)
{
    const int expert = head / (kvHeads * group), kv = head / group % kvHeads;
    return (kv * experts + expert) * group + head % group;
}

// Turns heads [rows, heads * headWidth] by the angles of their positions, row % time: to = from * exp(i sign angle).
// Head h of `from` is head regroup(h) of `to`, or the other way round where inverse.
extern "C" __global__ void rotate(
    const bf16 *from, long long fromStride, bf16 *to, long long toStride, const float2 *table, int time, int heads, int headWidth,
    int interleaved, float sign, int experts, int kvHeads, int group, int inverse)
{
    const long long row = blockIdx.x;
    const int units = headWidth / (2 * VEC);
    const float2 *angles = table + (row % time) * (headWidth / 2);
    for (int i = threadIdx.x; i < heads * units; i += blockDim.x)
    {
        const int head = i / units, unit = i % units, other = experts > 1 ? regroup(head, experts, kvHeads, group) : head;
        const int first = interleaved ? unit * 2 * VEC : unit * VEC, second = interleaved ? first + VEC : first + headWidth / 2;
        const bf16 *source = from + row * fromStride + (inverse ? other : head) * headWidth;
        bf16 *target = to + row * toStride + (inverse ? head : other) * headWidth;
        float a[VEC], b[VEC];
        load(source + first, a);
        load(source + second, b);
        if (interleaved)
        {
            float flat[2 * VEC];
#pragma unroll
            for (int c = 0; c < VEC; c++)
            {
                flat[c] = a[c];
                flat[VEC + c] = b[c];
            }
#pragma unroll
            for (int c = 0; c < VEC; c++)
            {
                const float2 turn = angles[unit * VEC + c];
                a[c] = flat[2 * c] * turn.x - sign * flat[2 * c + 1] * turn.y;
                b[c] = flat[2 * c + 1] * turn.x + sign * flat[2 * c] * turn.y;
            }
#pragma unroll
            for (int c = 0; c < VEC; c++)
            {
                flat[2 * c] = a[c];
                flat[2 * c + 1] = b[c];
            }
#pragma unroll
            for (int c = 0; c < VEC; c++)
            {
                a[c] = flat[c];
                b[c] = flat[VEC + c];
            }
        }
        else
        {
#pragma unroll
            for (int c = 0; c < VEC; c++)
            {
                const float2 turn = angles[unit * VEC + c];
                const float real = a[c] * turn.x - sign * b[c] * turn.y;
                b[c] = b[c] * turn.x + sign * a[c] * turn.y;
                a[c] = real;
            }
        }
        store(target + first, a);
        store(target + second, b);
    }
}

// to[row] = from[index ? index[row] : row]; an index of 64 bits is a token.
extern "C" __global__ void copy_rows(const bf16 *from, long long fromStride, const int *index, const long long *tokens, bf16 *to, long long toStride, int width)
{
    const long long row = blockIdx.x, source = index ? index[row] : tokens ? tokens[row] : row;
    for (int v = threadIdx.x; v < width / VEC; v += blockDim.x)
        *(packed *)(to + row * toStride + v * VEC) = fetch(from + source * fromStride + v * VEC);
}

// Adds to row t of the table's gradient the rows of all places where token t stands. `tokens` is sorted, `places` says where each stood;
// the block of a token's first place sums them all, in order.
extern "C" __global__ void embedding_backward(
    const bf16 *g, long long gStride, const long long *tokens, const long long *places, int count, bf16 *table, int width)
{
    const int first = blockIdx.x;
    const long long token = tokens[first];
    if (first > 0 && tokens[first - 1] == token)
        return;
    int end = first + 1;
    while (end < count && tokens[end] == token)
        end++;
    for (int v = threadIdx.x; v < width / VEC; v += blockDim.x)
    {
        float sum[VEC], part[VEC];
        load(table + token * width + v * VEC, sum);
        for (int i = first; i < end; i++)
        {
            load(g + places[i] * gStride + v * VEC, part);
#pragma unroll
            for (int c = 0; c < VEC; c++)
                sum[c] += part[c];
        }
        store(table + token * width + v * VEC, sum);
    }
}
