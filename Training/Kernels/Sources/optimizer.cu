// AdamW over all weights at once. A chunk is a piece of one tensor's gradient and of the flat weights and moments.
struct Chunk
{
    long long weight;                                                          // first number in the flat weights and moments
    long long gradient;                                                        // first number in its gradient
    int count;
    int source;                                                                // whose address stands in `gradients`
    int decayed;
    int late;                                                                  // frozen at first: has moments and steps of its own
};

// control: 0 norm, 1 divisor, 2 bad, 3 and 4 bias corrections 1 - beta1^n and sqrt(1 - beta2^n), 5 and 6 those of late parts.

extern "C" __global__ void square_sums(const Chunk *chunks, const bf16 *const *gradients, int frozen, float *sums)
{
    const Chunk chunk = chunks[blockIdx.x];
    float sum = 0.f, v[VEC];
    if (!(frozen && chunk.late))
    {
        const bf16 *g = gradients[chunk.source] + chunk.gradient;
        const int vectors = chunk.count / VEC;
        for (int i = threadIdx.x; i < vectors; i += blockDim.x)
        {
            load(g + (long long)i * VEC, v);
#pragma unroll
            for (int c = 0; c < VEC; c++)
                sum += v[c] * v[c];
        }
    }
    sum = blockSum(sum);
    if (threadIdx.x == 0)
        sums[blockIdx.x] = sum;
}

extern "C" __global__ void clip(
    const float *sums, int count, float limit, float beta1, float beta2, float lateAfter, const float *loss, float *steps,
    float *skipped, float *control)
{
    float part = 0.f;
    for (int i = threadIdx.x; i < count; i += blockDim.x)
        part += sums[i];
    const float norm = sqrtf(blockSum(part));
    if (threadIdx.x != 0)
        return;
    const bool bad = !(norm <= 3.402823466e38f) || !(fabsf(loss[0]) <= 3.402823466e38f) || skipped[0] > 0.f;   // NaN too
    control[0] = norm;
    control[1] = fmaxf((norm + 1e-6f) / limit, 1.f);
    control[2] = bad ? 1.f : 0.f;
    if (bad)
        skipped[0] += 1.f;
    else
        steps[0] += 1.f;
    const double done = steps[0], late = fmax(done - lateAfter, 1.0);
    control[3] = (float)(1.0 - pow((double)beta1, done));
    control[4] = (float)sqrt(1.0 - pow((double)beta2, done));
    control[5] = (float)(1.0 - pow((double)beta1, late));
    control[6] = (float)sqrt(1.0 - pow((double)beta2, late));
}

__device__ __forceinline__ float4 load4(const float *p) { return *(const float4 *)p; }
__device__ __forceinline__ void store4(float *p, float4 v) { *(float4 *)p = v; }
__device__ __forceinline__ float4 load4(const bf16 *p)
{
    const uint2 u = *(const uint2 *)p;
    return make_float4(
        __uint_as_float(u.x << 16), __uint_as_float(u.x & 0xffff0000u), __uint_as_float(u.y << 16), __uint_as_float(u.y & 0xffff0000u));
}
__device__ __forceinline__ void store4(bf16 *p, float4 v) { *(uint2 *)p = make_uint2(narrow2(v.x, v.y), narrow2(v.z, v.w)); }
__device__ __forceinline__ float load1(const float *p) { return *p; }
__device__ __forceinline__ float load1(const bf16 *p) { return widen(*p); }
__device__ __forceinline__ void store1(float *p, float v) { *p = v; }
__device__ __forceinline__ void store1(bf16 *p, float v) { *p = narrow(v); }

template <typename M>
__device__ __forceinline__ void update(
    const Chunk *chunks, const bf16 *const *gradients, int frozen, const float *control, const float *rate, float beta1, float beta2,
    float decay, float epsilon, float *weights, bf16 *copies, M *first, M *second)
{
    const Chunk chunk = chunks[blockIdx.x];
    if (control[2] != 0.f || (frozen && chunk.late))
        return;
    const float lr = rate[0], scale = 1.f / control[1], keep = 1.f - lr * (chunk.decayed ? decay : 0.f);
    const float step = lr / control[chunk.late ? 5 : 3], root = 1.f / control[chunk.late ? 6 : 4];
    const bf16 *g = gradients[chunk.source] + chunk.gradient;
    auto one = [&](float &w, float gradient, float &m, float &v)
    {
        gradient *= scale;
        m += (1.f - beta1) * (gradient - m);
        v = beta2 * v + (1.f - beta2) * gradient * gradient;
        w = keep * w - step * __fdividef(m, sqrtf(v) * root + epsilon);
    };
    const int vectors = VEC == 8 ? chunk.count / 4 : 0;
#pragma unroll 2
    for (int i = threadIdx.x; i < vectors; i += blockDim.x)
    {
        const long long at = chunk.weight + (long long)i * 4;
        const float4 d = load4(g + (long long)i * 4);
        float4 w = load4(weights + at), m = load4(first + at), v = load4(second + at);
        one(w.x, d.x, m.x, v.x);
        one(w.y, d.y, m.y, v.y);
        one(w.z, d.z, m.z, v.z);
        one(w.w, d.w, m.w, v.w);
        store4(weights + at, w);
        store4(first + at, m);
        store4(second + at, v);
        store4(copies + at, w);
    }
    for (int i = vectors * 4 + threadIdx.x; i < chunk.count; i += blockDim.x)
    {
        const long long at = chunk.weight + i;
        float w = weights[at], m = load1(first + at), v = load1(second + at);
        one(w, widen(g[i]), m, v);
        weights[at] = w;
        store1(first + at, m);
        store1(second + at, v);
        copies[at] = narrow(w);
    }
}

extern "C" __global__ void update_wide(
    const Chunk *chunks, const bf16 *const *gradients, int frozen, const float *control, const float *rate, float beta1, float beta2,
    float decay, float epsilon, float *weights, bf16 *copies, float *first, float *second)
{
    update(chunks, gradients, frozen, control, rate, beta1, beta2, decay, epsilon, weights, copies, first, second);
}

extern "C" __global__ void update_narrow(
    const Chunk *chunks, const bf16 *const *gradients, int frozen, const float *control, const float *rate, float beta1, float beta2,
    float decay, float epsilon, float *weights, bf16 *copies, bf16 *first, bf16 *second)
{
    update(chunks, gradients, frozen, control, rate, beta1, beta2, decay, epsilon, weights, copies, first, second);
}
