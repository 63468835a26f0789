/*
 * twins.h - 64 bytes become bits, one a byte, the first byte lowest: the one place that knows the
 * instructions of processors.
 *
 * For each twin NAME: vector_NAME, which fill_NAME makes of a byte; equal_NAME, the bytes that are
 * that one; parity_NAME, the exclusive or of all bits up to each bit; put_NAME, which writes where
 * the bits stand, counted from base, and returns the end of that: it may write up to 16 more.
 * MASKS_TWINS(define) says define(NAME, SIMD, TARGET) for each; a function that uses a twin is itself
 * to have its TARGET.
 */
#ifndef WEIR_CSV_TWINS_H
#define WEIR_CSV_TWINS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "csv/simd.h"

#define MASKS_INLINE static inline __attribute__((always_inline))
#define MASKS_BLOCK  64
#define MASKS_TOP    (UINT64_C(1) << 63)

/* The compiler may not keep the number anywhere else, nor join it with others. */
#define IN_REGISTER(number) __asm__("" : "+r"(number))

/* ---- plain C ---- */

#define MASKS_C

typedef uint64_t vector_c;

MASKS_INLINE vector_c fill_c(unsigned char byte)
{
    return UINT64_C(0x0101010101010101) * byte;
}

MASKS_INLINE uint64_t load_8(const char *at)
{
    uint64_t bytes;
    memcpy(&bytes, at, sizeof(bytes));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    bytes = __builtin_bswap64(bytes);
#endif
    return bytes;
}

/* Eight bytes at a time: no carry leaves a byte, and a multiplication gathers the top bits. */
MASKS_INLINE uint64_t equal_c(const char *at, vector_c needle)
{
    const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);
    uint64_t other = 0;
    for (int i = 0; i < MASKS_BLOCK / 8; i++) {
        uint64_t x = load_8(at + 8 * i) ^ needle;
        uint64_t top = (((x & low) + low) | x) & ~low;
        other |= (top * UINT64_C(0x0002040810204081) >> 56) << 8 * i;
    }
    return ~other;
}

MASKS_INLINE uint64_t parity_c(uint64_t bits)
{
    for (int shift = 1; shift < 64; shift *= 2)
        bits ^= bits << shift;
    return bits;
}

/* Eight at a time, whether there are as many or not: a branch for each would be guessed wrong. */
MASKS_INLINE uint32_t *put_c(uint32_t *to, uint64_t bits, size_t base)
{
    uint32_t *end = to + __builtin_popcountll(bits);
    do {
        for (int i = 0; i < 8; i++) {
            uint32_t at = (uint32_t)base + (uint32_t)__builtin_ctzll(bits | MASKS_TOP);
            IN_REGISTER(at); /* gcc would make vectors of them, one by one */
            to[i] = at;
            bits &= bits - 1;
        }
        to += 8;
    } while (to < end);
    return end;
}

/* ---- x86-64 ---- */

#if defined(__x86_64__)

#include <immintrin.h>

#define MASKS_AVX2   __attribute__((target("avx2,pclmul,popcnt,bmi")))
#define MASKS_AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi2,avx2,pclmul,popcnt,bmi")))
#define MASKS_TWINS(define)                                                                        \
    define(c, SIMD_C, MASKS_C) define(avx2, SIMD_AVX2, MASKS_AVX2)                                 \
        define(avx512, SIMD_AVX512, MASKS_AVX512)

typedef __m256i vector_avx2;
typedef __m512i vector_avx512;

MASKS_AVX2 MASKS_INLINE vector_avx2 fill_avx2(unsigned char byte)
{
    return _mm256_set1_epi8((char)byte);
}

MASKS_AVX2 MASKS_INLINE uint64_t equal_avx2(const char *at, vector_avx2 needle)
{
    __m256i low = _mm256_loadu_si256((const void *)at);
    __m256i high = _mm256_loadu_si256((const void *)(at + 32));
    uint32_t a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, needle));
    uint32_t b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, needle));
    return (uint64_t)b << 32 | a;
}

/* A carry-less multiplication by all ones. */
MASKS_AVX2 MASKS_INLINE uint64_t parity_avx2(uint64_t bits)
{
    __m128i all = _mm_set1_epi8((char)0xff);
    __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), all, 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

MASKS_AVX2 MASKS_INLINE uint32_t *put_avx2(uint32_t *to, uint64_t bits, size_t base)
{
    return put_c(to, bits, base);
}

MASKS_AVX512 MASKS_INLINE vector_avx512 fill_avx512(unsigned char byte)
{
    return _mm512_set1_epi8((char)byte);
}

MASKS_AVX512 MASKS_INLINE uint64_t equal_avx512(const char *at, vector_avx512 needle)
{
    uint64_t bits = _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(at), needle);
    IN_REGISTER(bits); /* gcc would do arithmetic in mask registers, which is slow */
    return bits;
}

MASKS_AVX512 MASKS_INLINE uint64_t parity_avx512(uint64_t bits)
{
    return parity_avx2(bits);
}

MASKS_AVX512 MASKS_INLINE uint32_t *put_avx512(uint32_t *to, uint64_t bits, size_t base)
{
    static const unsigned char numbers[MASKS_BLOCK] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
        22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
        44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
    uint32_t *end = to + __builtin_popcountll(bits);
    __m512i at = _mm512_maskz_compress_epi8(bits, _mm512_loadu_si512(numbers));
    do {
        __m512i some = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(at));
        _mm512_storeu_si512(to, _mm512_add_epi32(some, _mm512_set1_epi32((int)base)));
        at = _mm512_alignr_epi32(at, at, 4);
        to += 16;
    } while (to < end);
    return end;
}

/* ---- arm64 ---- */

#elif defined(__aarch64__) && defined(__ARM_NEON)

#include <arm_neon.h>

#define MASKS_NEON
#define MASKS_TWINS(define) define(c, SIMD_C, MASKS_C) define(neon, SIMD_NEON, MASKS_NEON)

typedef uint8x16_t vector_neon;

MASKS_INLINE vector_neon fill_neon(unsigned char byte)
{
    return vdupq_n_u8(byte);
}

MASKS_INLINE uint64_t equal_neon(const char *at, vector_neon needle)
{
    const uint8x16_t bit = vreinterpretq_u8_u64(vdupq_n_u64(UINT64_C(0x8040201008040201)));
    uint8x16_t part[4];
    for (int i = 0; i < 4; i++)
        part[i] = vandq_u8(vceqq_u8(vld1q_u8((const uint8_t *)at + 16 * i), needle), bit);
    uint8x16_t sum = vpaddq_u8(vpaddq_u8(part[0], part[1]), vpaddq_u8(part[2], part[3]));
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sum, sum)), 0);
}

MASKS_INLINE uint64_t parity_neon(uint64_t bits)
{
    return parity_c(bits);
}

MASKS_INLINE uint32_t *put_neon(uint32_t *to, uint64_t bits, size_t base)
{
    return put_c(to, bits, base);
}

#else

#define MASKS_TWINS(define) define(c, SIMD_C, MASKS_C)

#endif

#endif
