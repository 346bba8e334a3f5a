// Included before every source. VEC: bfloat16 numbers of one access, 8 where rows are aligned to 16 bytes, else 1.
// HELD: accesses of one thread that cover a row of the model's width. No header is needed to compile any of this.

typedef unsigned short bf16;

#ifndef INFINITY
#define INFINITY __int_as_float(0x7f800000)
#endif

__device__ __forceinline__ float widen(bf16 bits) { return __uint_as_float((unsigned)bits << 16); }

__device__ __forceinline__ bf16 narrow(float x)
{
    bf16 bits;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(x));
    return bits;
}

__device__ __forceinline__ unsigned narrow2(float low, float high)
{
    unsigned bits;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(high), "f"(low));
    return bits;
}

#if VEC == 8
typedef uint4 packed;
__device__ __forceinline__ packed fetch(const bf16 *p) { return *(const uint4 *)p; }
__device__ __forceinline__ void unpack(packed u, float (&v)[VEC])
{
    unsigned words[4] = {u.x, u.y, u.z, u.w};
#pragma unroll
    for (int i = 0; i < 4; i++)
    {
        v[2 * i] = __uint_as_float(words[i] << 16);
        v[2 * i + 1] = __uint_as_float(words[i] & 0xffff0000u);
    }
}
__device__ __forceinline__ void store(bf16 *p, const float (&v)[VEC])
{
    *(uint4 *)p = make_uint4(narrow2(v[0], v[1]), narrow2(v[2], v[3]), narrow2(v[4], v[5]), narrow2(v[6], v[7]));
}
#else
typedef bf16 packed;
__device__ __forceinline__ packed fetch(const bf16 *p) { return *p; }
__device__ __forceinline__ void unpack(packed u, float (&v)[VEC]) { v[0] = widen(u); }
__device__ __forceinline__ void store(bf16 *p, const float (&v)[VEC]) { *p = narrow(v[0]); }
#endif

__device__ __forceinline__ void load(const bf16 *p, float (&v)[VEC]) { unpack(fetch(p), v); }

__device__ __forceinline__ float warpSum(float x)
{
#pragma unroll
    for (int step = 16; step > 0; step >>= 1)
        x += __shfl_xor_sync(0xffffffffu, x, step);
    return x;
}

__device__ __forceinline__ float warpMax(float x)
{
#pragma unroll
    for (int step = 16; step > 0; step >>= 1)
        x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, step));
    return x;
}

// Sum over the block, the same on every thread and in every run. Blocks are whole warps.
__device__ __forceinline__ float blockSum(float x)
{
    __shared__ float parts[32];
    __syncthreads();
    x = warpSum(x);
    if ((threadIdx.x & 31) == 0)
        parts[threadIdx.x >> 5] = x;
    __syncthreads();
    return warpSum((threadIdx.x & 31) < (blockDim.x >> 5) ? parts[threadIdx.x & 31] : 0.f);
}

// Two sums at once.
__device__ __forceinline__ float2 blockSums(float x, float y)
{
    __shared__ float2 parts[32];
    __syncthreads();
    x = warpSum(x);
    y = warpSum(y);
    if ((threadIdx.x & 31) == 0)
        parts[threadIdx.x >> 5] = make_float2(x, y);
    __syncthreads();
    const float2 part = (threadIdx.x & 31) < (blockDim.x >> 5) ? parts[threadIdx.x & 31] : make_float2(0.f, 0.f);
    return make_float2(warpSum(part.x), warpSum(part.y));
}

__device__ __forceinline__ float blockMax(float x)
{
    __shared__ float parts[32];
    __syncthreads();
    x = warpMax(x);
    if ((threadIdx.x & 31) == 0)
        parts[threadIdx.x >> 5] = x;
    __syncthreads();
    return warpMax((threadIdx.x & 31) < (blockDim.x >> 5) ? parts[threadIdx.x & 31] : -INFINITY);
}
