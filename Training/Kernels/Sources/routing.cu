// Routers: softmax over experts, choice of the k largest gates, sorting of tokens by expert, and what flows back.
#define MOST_EXPERTS 32
#define ROUTE_BLOCK 1024

// Softmax of a token's logits; the chosen experts and their weights, in falling order. Returns the logits' logsumexp.
__device__ __forceinline__ float choose(
    const bf16 *logits, int experts, int k, int renormalise, float *gates, int *chosen, float *weights)
{
    float top = -INFINITY, sum = 0.f;
    for (int e = 0; e < experts; e++)
        top = fmaxf(top, widen(logits[e]));
    for (int e = 0; e < experts; e++)
        sum += gates[e] = expf(widen(logits[e]) - top);
    for (int e = 0; e < experts; e++)
        gates[e] /= sum;
    unsigned taken = 0;
    float total = 0.f;
    for (int j = 0; j < k; j++)
    {
        int best = -1;
        for (int e = 0; e < experts; e++)
            if (!(taken >> e & 1) && (best < 0 || gates[e] > gates[best]))
                best = e;
        taken |= 1u << best;
        chosen[j] = best;
        total += weights[j] = gates[best];
    }
    if (renormalise)
        for (int j = 0; j < k; j++)
            weights[j] /= total;
    return top + logf(sum);
}

// Gradient of the logits from that of the k weights and of the gates themselves (which it changes).
__device__ __forceinline__ void unchoose(
    const float *gates, int experts, int k, int renormalise, const int *chosen, const float *weights, const float *dweights,
    float *dgates, float dlse, bf16 *dlogits)
{
    float total = 1.f, mean = 0.f;
    if (renormalise)
    {
        total = 0.f;
        for (int j = 0; j < k; j++)
        {
            total += gates[chosen[j]];
            mean += dweights[j] * weights[j];
        }
    }
    for (int j = 0; j < k; j++)
        dgates[chosen[j]] += (dweights[j] - mean) / total;
    float dot = 0.f;
    for (int e = 0; e < experts; e++)
        dot += gates[e] * dgates[e];
    for (int e = 0; e < experts; e++)
        dlogits[e] = narrow(gates[e] * (dgates[e] - dot + dlse));
}

// out[e][...] = weight of e * heads of e. A block is a token; head h of expert e stands at regroup of both in `heads`.
extern "C" __global__ void gate_heads(
    const bf16 *heads, long long headStride, const bf16 *logits, long long logitStride, bf16 *out, long long outStride, float *gatesOut,
    int experts, int k, int renormalise, int headsOfOne, int headWidth, int regrouped, int kvHeads)
{
    __shared__ float applied[MOST_EXPERTS];
    const long long row = blockIdx.x;
    if (threadIdx.x == 0)
    {
        float gates[MOST_EXPERTS], weights[MOST_EXPERTS];
        int chosen[MOST_EXPERTS];
        choose(logits + row * logitStride, experts, k, renormalise, gates, chosen, weights);
        for (int e = 0; e < experts; e++)
        {
            applied[e] = 0.f;
            gatesOut[row * experts + e] = gates[e];
        }
        for (int j = 0; j < k; j++)
            applied[chosen[j]] = weights[j];
    }
    __syncthreads();
    const int units = headWidth / VEC, group = headsOfOne / kvHeads;
    for (int i = threadIdx.x; i < experts * headsOfOne * units; i += blockDim.x)
    {
        const int head = i / units, source = regrouped ? regroup(head, experts, kvHeads, group) : head;
        float v[VEC];
        load(heads + row * headStride + source * headWidth + i % units * VEC, v);
#pragma unroll
        for (int c = 0; c < VEC; c++)
            v[c] *= applied[head / headsOfOne];
        store(out + row * outStride + (long long)i * VEC, v);
    }
}

extern "C" __global__ void gate_heads_backward(
    const bf16 *dout, long long doutStride, const bf16 *heads, long long headStride, bf16 *dheads, long long dheadStride,
    bf16 *logits, long long logitStride, int experts, int k, int renormalise, int headsOfOne, int headWidth, int regrouped, int kvHeads)
{
    __shared__ float applied[MOST_EXPERTS], parts[32][MOST_EXPERTS];
    float gates[MOST_EXPERTS], weights[MOST_EXPERTS];
    int chosen[MOST_EXPERTS];
    const long long row = blockIdx.x;
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
    if (threadIdx.x == 0)
    {
        choose(logits + row * logitStride, experts, k, renormalise, gates, chosen, weights);
        for (int e = 0; e < experts; e++)
            applied[e] = 0.f;
        for (int j = 0; j < k; j++)
            applied[chosen[j]] = weights[j];
    }
    __syncthreads();
    const int units = headWidth / VEC, group = headsOfOne / kvHeads, ofOne = headsOfOne * units;
    for (int e = 0; e < experts; e++)
    {
        float dot = 0.f;
        for (int i = threadIdx.x; i < ofOne; i += blockDim.x)
        {
            const int head = e * headsOfOne + i / units, source = regrouped ? regroup(head, experts, kvHeads, group) : head;
            float d[VEC], v[VEC];
            load(dout + row * doutStride + ((long long)e * ofOne + i) * VEC, d);
            load(heads + row * headStride + source * headWidth + i % units * VEC, v);
#pragma unroll
            for (int c = 0; c < VEC; c++)
            {
                dot += d[c] * v[c];
                d[c] *= applied[e];
            }
            store(dheads + row * dheadStride + source * headWidth + i % units * VEC, d);
        }
        dot = warpSum(dot);
        if (lane == 0)
            parts[warp][e] = dot;
    }
    __syncthreads();
    if (threadIdx.x == 0)
    {
        float dgates[MOST_EXPERTS], dweights[MOST_EXPERTS];
        for (int e = 0; e < experts; e++)
            dgates[e] = 0.f;
        for (int j = 0; j < k; j++)
        {
            dweights[j] = 0.f;
            for (int w = 0; w < warps; w++)
                dweights[j] += parts[w][chosen[j]];
        }
        unchoose(gates, experts, k, renormalise, chosen, weights, dweights, dgates, 0.f, logits + row * logitStride);
    }
}

// Gates and choices of ROUTE_BLOCK tokens a block, and the block's count and gate sum of each expert and sum of squared logsumexps.
extern "C" __global__ void route_tokens(
    const bf16 *logits, long long stride, int tokens, int experts, int k, int renormalise,
    float *gatesOut, int *chosenOut, float *weightsOut, float *lseOut, int *counts, float *sums, float *squares)
{
    __shared__ int count[MOST_EXPERTS];
    __shared__ float parts[32][MOST_EXPERTS];
    const int t = blockIdx.x * ROUTE_BLOCK + threadIdx.x, lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    float gates[MOST_EXPERTS], weights[MOST_EXPERTS], lse = 0.f;
    int chosen[MOST_EXPERTS];
    if (threadIdx.x < experts)
        count[threadIdx.x] = 0;
    __syncthreads();
    for (int e = 0; e < experts; e++)
        gates[e] = 0.f;
    if (t < tokens)
    {
        lse = choose(logits + t * stride, experts, k, renormalise, gates, chosen, weights);
        lseOut[t] = lse;
        for (int e = 0; e < experts; e++)
            gatesOut[t * experts + e] = gates[e];
        for (int j = 0; j < k; j++)
        {
            chosenOut[t * k + j] = chosen[j];
            weightsOut[t * k + j] = weights[j];
            atomicAdd(&count[chosen[j]], 1);
        }
    }
    for (int e = 0; e < experts; e++)
    {
        const float sum = warpSum(gates[e]);
        if (lane == 0)
            parts[warp][e] = sum;
    }
    const float square = blockSum(lse * lse);
    if (threadIdx.x < experts)
    {
        float sum = 0.f;
        for (int w = 0; w < ROUTE_BLOCK / 32; w++)
            sum += parts[w][threadIdx.x];
        counts[blockIdx.x * experts + threadIdx.x] = count[threadIdx.x];
        sums[blockIdx.x * experts + threadIdx.x] = sum;
    }
    if (threadIdx.x == 0)
        squares[blockIdx.x] = square;
}

// One warp. counts become the first place of each block's rows of each expert; ends[e] is where expert e's rows end; shares[e] its part of
// the tokens; losses = load-balancing loss and z-loss.
extern "C" __global__ void route_offsets(
    int *counts, const float *sums, const float *squares, int blocks, int tokens, int experts, int k, int *ends, float *shares, float *losses)
{
    const int e = threadIdx.x;
    int count = 0;
    float sum = 0.f, square = 0.f;
    if (e < experts)
    {
#pragma unroll 8
        for (int b = 0; b < blocks; b++)
        {
            count += counts[b * experts + e];
            sum += sums[b * experts + e];
        }
    }
    for (int b = e; b < blocks; b += 32)
        square += squares[b];
    int end = count;
#pragma unroll
    for (int step = 1; step < 32; step <<= 1)
    {
        const int before = __shfl_up_sync(0xffffffffu, end, step);
        if (e >= step)
            end += before;
    }
    const float share = (float)count / ((float)tokens * k);
    const float balance = warpSum(e < experts ? share * (sum / tokens) : 0.f) * experts;
    square = warpSum(square);
    if (e < experts)
    {
        ends[e] = end;
        shares[e] = share;
        int next = end - count;
#pragma unroll 8
        for (int b = 0; b < blocks; b++)
        {
            const int here = counts[b * experts + e];
            counts[b * experts + e] = next;
            next += here;
        }
    }
    if (e == 0)
    {
        losses[0] = balance;
        losses[1] = square / tokens;
    }
}

// Where each token's rows go: places[t k + j]; and for each place its token and weight.
extern "C" __global__ void route_places(
    const int *chosen, const float *weights, const int *starts, int tokens, int experts, int k, int *places, int *tokenOf, float *weightOf)
{
    __shared__ int ofWarp[32][MOST_EXPERTS], next[MOST_EXPERTS];
    const int t = blockIdx.x * ROUTE_BLOCK + threadIdx.x, lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    if (threadIdx.x < experts)
        next[threadIdx.x] = starts[blockIdx.x * experts + threadIdx.x];
    for (int j = 0; j < k; j++)
    {
        const int mine = t < tokens ? chosen[t * k + j] : -1;
        unsigned before = 0;
        for (int e = 0; e < experts; e++)
        {
            const unsigned same = __ballot_sync(0xffffffffu, mine == e);
            if (mine == e)
                before = same & ((1u << lane) - 1);
            if (lane == 0)
                ofWarp[warp][e] = __popc(same);
        }
        __syncthreads();
        if (threadIdx.x < experts)
        {
            int place = next[threadIdx.x];
            for (int w = 0; w < ROUTE_BLOCK / 32; w++)
            {
                const int here = ofWarp[w][threadIdx.x];
                ofWarp[w][threadIdx.x] = place;
                place += here;
            }
            next[threadIdx.x] = place;
        }
        __syncthreads();
        if (mine >= 0)
        {
            const int place = ofWarp[warp][mine] + __popc(before);
            places[t * k + j] = place;
            tokenOf[place] = t;
            weightOf[place] = weights[t * k + j];
        }
        __syncthreads();
    }
}

// Gradient of a token's logits from those of its rows' weights and from both losses.
extern "C" __global__ void route_backward(
    const float *gatesIn, const int *chosenIn, const float *weightsIn, const float *lse, const int *places, const float *dweightOf,
    const float *shares, float balance, float z, int tokens, int experts, int k, int renormalise, bf16 *dlogits, long long stride)
{
    const int t = blockIdx.x * blockDim.x + threadIdx.x;
    if (t >= tokens)
        return;
    float gates[MOST_EXPERTS], dgates[MOST_EXPERTS], weights[MOST_EXPERTS], dweights[MOST_EXPERTS];
    int chosen[MOST_EXPERTS];
    for (int e = 0; e < experts; e++)
    {
        gates[e] = gatesIn[t * experts + e];
        dgates[e] = balance * experts * shares[e] / tokens;
    }
    for (int j = 0; j < k; j++)
    {
        chosen[j] = chosenIn[t * k + j];
        weights[j] = weightsIn[t * k + j];
        dweights[j] = dweightOf[places[t * k + j]];
    }
    unchoose(gates, experts, k, renormalise, chosen, weights, dweights, dgates, z * 2.f * lse[t] / tokens, dlogits + t * stride);
}
