// Cross entropy of rows of `vocab` logits, which become their own gradient. LOSS_HELD accesses of a thread stay in registers.
#define LOSS_HELD 8

// numbers[0] = 1 / targets that count.
extern "C" __global__ void count_targets(const long long *targets, int rows, float *numbers)
{
    float count = 0.f;
    for (int i = threadIdx.x; i < rows; i += blockDim.x)
        count += targets[i] >= 0 ? 1.f : 0.f;
    count = blockSum(count);
    if (threadIdx.x == 0)
        numbers[0] = 1.f / count;
}

extern "C" __global__ void cross_entropy(
    bf16 *logits, long long stride, const long long *targets, const float *numbers, float *losses, int vocab)
{
    const long long row = blockIdx.x, target = targets[row];
    const float share = target >= 0 ? numbers[0] : 0.f;
    const int vectors = vocab / VEC;
    bf16 *at = logits + row * stride;
    packed held[LOSS_HELD];
    float top = -INFINITY, v[VEC];
#pragma unroll
    for (int j = 0; j < LOSS_HELD; j++)
    {
        const int i = threadIdx.x + j * blockDim.x;
        if (i < vectors)
            held[j] = fetch(at + i * VEC);
    }
#pragma unroll
    for (int j = 0; j < LOSS_HELD; j++)
    {
        if (threadIdx.x + j * blockDim.x >= vectors)
            continue;
        unpack(held[j], v);
#pragma unroll
        for (int c = 0; c < VEC; c++)
            top = fmaxf(top, v[c]);
    }
    for (int i = threadIdx.x + LOSS_HELD * blockDim.x; i < vectors; i += blockDim.x)
    {
        load(at + i * VEC, v);
#pragma unroll
        for (int c = 0; c < VEC; c++)
            top = fmaxf(top, v[c]);
    }

    top = blockMax(top);
    float sum = 0.f;
#pragma unroll
    for (int j = 0; j < LOSS_HELD; j++)
    {
        if (threadIdx.x + j * blockDim.x >= vectors)
            continue;
        unpack(held[j], v);
#pragma unroll
        for (int c = 0; c < VEC; c++)
            sum += __expf(v[c] - top);
    }
    for (int i = threadIdx.x + LOSS_HELD * blockDim.x; i < vectors; i += blockDim.x)
    {
        load(at + i * VEC, v);
#pragma unroll
        for (int c = 0; c < VEC; c++)
            sum += __expf(v[c] - top);
    }

    sum = blockSum(sum);
    const float lse = top + logf(sum);
    if (threadIdx.x == 0)
        losses[row] = target >= 0 ? lse - widen(at[target]) : 0.f;
    __syncthreads();                                                           // the target's logit is read before it is overwritten
#pragma unroll
    for (int j = 0; j < LOSS_HELD; j++)
    {
        const int i = threadIdx.x + j * blockDim.x;
        if (i >= vectors)
            continue;
        unpack(held[j], v);
#pragma unroll
        for (int c = 0; c < VEC; c++)
            v[c] = share * (__expf(v[c] - lse) - (i * VEC + c == target ? 1.f : 0.f));
        store(at + i * VEC, v);
    }
    for (int i = threadIdx.x + LOSS_HELD * blockDim.x; i < vectors; i += blockDim.x)
    {
        load(at + i * VEC, v);
#pragma unroll
        for (int c = 0; c < VEC; c++)
            v[c] = share * (__expf(v[c] - lse) - (i * VEC + c == target ? 1.f : 0.f));
        store(at + i * VEC, v);
    }
}

// numbers[1] = mean of the losses of targets that count.
extern "C" __global__ void mean_loss(const float *losses, int rows, float *numbers)
{
    float sum = 0.f;
    for (int i = threadIdx.x; i < rows; i += blockDim.x)
        sum += losses[i];
    sum = blockSum(sum);
    if (threadIdx.x == 0)
        numbers[1] = sum * numbers[0];
}
