// LayerNorm and RMSNorm over rows of `width` numbers, weight only. A block is a row; its numbers stay in registers.

// x[row] += sum over j of parts[places[row k + j]], then out = norm(x). parts may be null.
extern "C" __global__ void norm_forward(
    bf16 *x, long long xStride, const bf16 *parts, long long partStride, const int *places, int k,
    const bf16 *weight, bf16 *out, long long outStride, float2 *stats, int width, float eps, int rms)
{
    const long long row = blockIdx.x;
    const int vectors = width / VEC;
    float held[HELD][VEC];
    float sum = 0.f;
#pragma unroll
    for (int j = 0; j < HELD; j++)
    {
        const int v = threadIdx.x + j * blockDim.x;
        if (v >= vectors)
            continue;
        bf16 *at = x + row * xStride + v * VEC;
        load(at, held[j]);
        if (parts)
        {
            for (int i = 0; i < k; i++)
            {
                float part[VEC];
                load(parts + places[row * k + i] * partStride + v * VEC, part);
#pragma unroll
                for (int c = 0; c < VEC; c++)
                    held[j][c] += part[c];
            }
            store(at, held[j]);
#pragma unroll
            for (int c = 0; c < VEC; c++)
                held[j][c] = widen(narrow(held[j][c]));
        }
#pragma unroll
        for (int c = 0; c < VEC; c++)
            sum += held[j][c];
    }

    const float mean = rms ? 0.f : blockSum(sum) / width;
    float squares = 0.f;
#pragma unroll
    for (int j = 0; j < HELD; j++)
    {
        if (threadIdx.x + j * blockDim.x >= vectors)
            continue;
#pragma unroll
        for (int c = 0; c < VEC; c++)
            squares += (held[j][c] - mean) * (held[j][c] - mean);
    }

    const float scale = rsqrtf(blockSum(squares) / width + eps);
#pragma unroll
    for (int j = 0; j < HELD; j++)
    {
        const int v = threadIdx.x + j * blockDim.x;
        if (v >= vectors)
            continue;
        float w[VEC];
        load(weight + v * VEC, w);
#pragma unroll
        for (int c = 0; c < VEC; c++)
            w[c] *= (held[j][c] - mean) * scale;
        store(out + row * outStride + v * VEC, w);
    }

    if (threadIdx.x == 0)
        stats[row] = make_float2(mean, scale);
}

// dy = dout[row] (+ sum of parts); g[row] = (residual ? g[row] : 0) + d norm; a block's share of the weight's gradient goes to shares[block].
extern "C" __global__ void norm_backward(
    const bf16 *dout, long long doutStride, const bf16 *parts, long long partStride, const int *places, int k,
    const bf16 *x, long long xStride, const bf16 *weight, const float2 *stats, bf16 *g, long long gStride, int residual,
    float *shares, long long rows, int width, int rms)
{
    const int vectors = width / VEC;
    float w[HELD][VEC], gathered[HELD][VEC];
#pragma unroll
    for (int j = 0; j < HELD; j++)
    {
        const int v = threadIdx.x + j * blockDim.x;
#pragma unroll
        for (int c = 0; c < VEC; c++)
            gathered[j][c] = w[j][c] = 0.f;
        if (v < vectors)
            load(weight + v * VEC, w[j]);
    }

    for (long long row = blockIdx.x; row < rows; row += gridDim.x)
    {
        const float2 stat = stats[row];
        float dy[HELD][VEC], normed[HELD][VEC];
        packed before[HELD];
        float sum = 0.f, dot = 0.f;
#pragma unroll
        for (int j = 0; j < HELD; j++)
        {
            const int v = threadIdx.x + j * blockDim.x;
            if (v >= vectors)
                continue;
            load(dout + row * doutStride + v * VEC, dy[j]);
            load(x + row * xStride + v * VEC, normed[j]);
            if (residual)
                before[j] = fetch(g + row * gStride + v * VEC);                // asked for before the sums are waited for
            if (parts)
            {
                for (int i = 0; i < k; i++)
                {
                    float part[VEC];
                    load(parts + places[row * k + i] * partStride + v * VEC, part);
#pragma unroll
                    for (int c = 0; c < VEC; c++)
                        dy[j][c] += part[c];
                }
            }
#pragma unroll
            for (int c = 0; c < VEC; c++)
            {
                normed[j][c] = (normed[j][c] - stat.x) * stat.y;
                gathered[j][c] += dy[j][c] * normed[j][c];
                dy[j][c] *= w[j][c];
                sum += dy[j][c];
                dot += dy[j][c] * normed[j][c];
            }
        }

        const float2 sums = blockSums(sum, dot);
        const float meanOf = rms ? 0.f : sums.x / width, along = sums.y / width;
#pragma unroll
        for (int j = 0; j < HELD; j++)
        {
            const int v = threadIdx.x + j * blockDim.x;
            if (v >= vectors)
                continue;
            bf16 *at = g + row * gStride + v * VEC;
            float total[VEC];
#pragma unroll
            for (int c = 0; c < VEC; c++)
                total[c] = 0.f;
            if (residual)
                unpack(before[j], total);
#pragma unroll
            for (int c = 0; c < VEC; c++)
                total[c] += stat.y * (dy[j][c] - meanOf - normed[j][c] * along);
            store(at, total);
        }
    }

#pragma unroll
    for (int j = 0; j < HELD; j++)
    {
        const int v = threadIdx.x + j * blockDim.x;
        if (v >= vectors)
            continue;
#pragma unroll
        for (int c = 0; c < VEC; c++)
            shares[(long long)blockIdx.x * width + v * VEC + c] = gathered[j][c];
    }
}

// out[c] = sum over blocks of shares[block][c]. 32 columns a block, its warps divide the rows.
extern "C" __global__ void sum_shares(const float *shares, int blocks, int width, bf16 *out)
{
    __shared__ float parts[32][33];
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, column = blockIdx.x * 32 + lane;
    float sum = 0.f;
    if (column < width)
        for (int row = warp; row < blocks; row += 32)
            sum += shares[(long long)row * width + column];
    parts[warp][lane] = sum;
    __syncthreads();
    sum = warpSum(parts[lane][warp]);
    if (lane == 0 && blockIdx.x * 32 + warp < width)
        out[blockIdx.x * 32 + warp] = narrow(sum);
}
