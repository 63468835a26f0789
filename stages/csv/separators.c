#include "csv/separators.h"

#include <stdlib.h>
#include <string.h>

#include "csv/masks.h"

#define STRETCH ((size_t)16 << 10) /* bytes looked at in a call: the offsets stay in the cache */

/* ---- what the twins share ---- */

MASKS_INLINE uint32_t *put_offsets(uint32_t *to, uint64_t bits, size_t base)
{
    uint32_t *end = to + __builtin_popcountll(bits);
    do {
        for (int i = 0; i < 8; i++) {
            to[i] = (uint32_t)base + (uint32_t)__builtin_ctzll(bits | MASKS_TOP);
            bits &= bits - 1;
        }
        to += 8;
    } while (to < end);
    return end;
}

/* By the bits below each row end: how many separators there are up to it. */
MASKS_INLINE void put_rows(struct separators *s, uint64_t separators, uint64_t ends,
                           uint64_t begins)
{
    for (; begins != 0; begins &= begins - 1)
        s->begin[s->begins++] = (uint32_t)(s->next + (size_t)__builtin_ctzll(begins));
    for (; ends != 0; ends &= ends - 1) {
        uint64_t up_to = ends ^ (ends - 1);
        s->last[s->rows++] =
            (uint32_t)(s->count + (size_t)__builtin_popcountll(separators & up_to) - 1);
    }
}

/* Adds the block at s->next, of which the bytes in `valid` are text. False if it is not regular;
 * then nothing has been changed. */
MASKS_INLINE bool add_block(struct separators *s, const struct masks *masks, uint64_t parity,
                            uint64_t valid)
{
    struct carry carry = {s->inside, s->may_open, s->after_quote, s->after_cr};
    bool regular;
    uint64_t inside = inside_of(masks, parity, &carry, &regular);
    uint64_t ends = masks->end & ~inside, behind_end = ends << 1 | s->at_row;
    uint64_t blank = ends & behind_end & ~(masks->lf & (masks->cr << 1 | s->after_cr));
    if (__builtin_expect(!regular || (s->blank_stops && blank != 0), 0))
        return false;
    uint64_t row_ends = ends & ~behind_end;
    uint64_t separators = (masks->delimiter & ~inside) | row_ends;
    s->doubled |= (masks->quote & inside & (masks->quote << 1 | s->after_quote)) != 0;
    put_rows(s, separators, row_ends, behind_end & ~ends & valid);
    s->count = (size_t)(put_offsets(s->at + s->count, separators, s->next) - s->at);
    carry_on(&carry, masks, inside);
    s->inside = carry.inside;
    s->may_open = carry.may_open;
    s->after_quote = carry.after_quote;
    s->after_cr = masks->cr >> 63;
    s->at_row = ends >> 63;
    return true;
}

/* ---- plain C ---- */

/* A bit for each of eight bytes that is the one all over the pattern. */
MASKS_INLINE uint64_t equal_8(uint64_t bytes, uint64_t pattern)
{
    const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);
    uint64_t x = bytes ^ pattern;
    uint64_t zero = ~(((x & low) + low) | x | low);
    return ((zero >> 7) * UINT64_C(0x0102040810204080)) >> 56;
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

static struct masks masks_c(const struct separators *s, const char *at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    struct masks masks = {0};
    for (int i = 0; i < MASKS_BLOCK / 8; i++) {
        uint64_t bytes = load_8(at + 8 * i);
        masks.delimiter |= equal_8(bytes, ones * s->delimiter) << 8 * i;
        masks.quote |= equal_8(bytes, ones * s->quote) << 8 * i;
        masks.cr |= equal_8(bytes, ones * '\r') << 8 * i;
        masks.lf |= equal_8(bytes, ones * '\n') << 8 * i;
    }
    masks.end = masks.cr | masks.lf;
    return masks;
}

MASKS_INLINE uint64_t parity_c(uint64_t bits)
{
    for (int shift = 1; shift < 64; shift *= 2)
        bits ^= bits << shift;
    return bits;
}

static bool add_c(struct separators *s, const char *text, size_t to)
{
    for (; s->next < to; s->next += MASKS_BLOCK) {
        struct masks masks = masks_c(s, text + s->next);
        if (!add_block(s, &masks, parity_c(masks.quote), UINT64_MAX))
            return false;
    }
    return true;
}

/* What is left of the text when no full block is. */
static bool add_rest(struct separators *s, const char *text, size_t n)
{
    char block[MASKS_BLOCK] = {0};
    uint64_t valid = (UINT64_C(1) << (n - s->next)) - 1;
    memcpy(block, text + s->next, n - s->next);
    struct masks masks = masks_c(s, block);
    masks.delimiter &= valid;
    masks.quote &= valid;
    if (!add_block(s, &masks, parity_c(masks.quote), valid))
        return false;
    s->next = n;
    return false;
}

/* ---- x86-64 ---- */

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2   __attribute__((target("avx2,pclmul,popcnt,bmi")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx2,pclmul,popcnt,bmi")))

AVX2 MASKS_INLINE uint64_t parity_clmul(uint64_t bits)
{
    __m128i all = _mm_set1_epi8((char)0xff);
    __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), all, 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

AVX2 MASKS_INLINE uint64_t equal_avx2(const char *at, __m256i needle)
{
    __m256i low = _mm256_loadu_si256((const void *)at);
    __m256i high = _mm256_loadu_si256((const void *)(at + 32));
    uint32_t a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, needle));
    uint32_t b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, needle));
    return (uint64_t)b << 32 | a;
}

AVX2 static bool add_avx2(struct separators *separators, const char *text, size_t to)
{
    struct separators s = *separators;
    const __m256i delimiter = _mm256_set1_epi8((char)s.delimiter);
    const __m256i quote = _mm256_set1_epi8((char)s.quote);
    const __m256i cr = _mm256_set1_epi8('\r'), lf = _mm256_set1_epi8('\n');
    bool regular = true;
    for (; s.next < to; s.next += MASKS_BLOCK) {
        const char *at = text + s.next;
        struct masks masks = {.delimiter = equal_avx2(at, delimiter),
                              .quote = equal_avx2(at, quote),
                              .cr = equal_avx2(at, cr),
                              .lf = equal_avx2(at, lf)};
        masks.end = masks.cr | masks.lf;
        regular = add_block(&s, &masks, parity_clmul(masks.quote), UINT64_MAX);
        if (!regular)
            break;
    }
    *separators = s;
    return regular;
}

AVX512 static bool add_avx512(struct separators *separators, const char *text, size_t to)
{
    struct separators s = *separators;
    const __m512i delimiter = _mm512_set1_epi8((char)s.delimiter);
    const __m512i quote = _mm512_set1_epi8((char)s.quote);
    const __m512i cr = _mm512_set1_epi8('\r'), lf = _mm512_set1_epi8('\n');
    bool regular = true;
    for (; s.next < to; s.next += MASKS_BLOCK) {
        const __m512i bytes = _mm512_loadu_si512(text + s.next);
        struct masks masks = {.delimiter = _mm512_cmpeq_epi8_mask(bytes, delimiter),
                              .quote = _mm512_cmpeq_epi8_mask(bytes, quote),
                              .cr = _mm512_cmpeq_epi8_mask(bytes, cr),
                              .lf = _mm512_cmpeq_epi8_mask(bytes, lf)};
        masks.end = masks.cr | masks.lf;
        regular = add_block(&s, &masks, parity_clmul(masks.quote), UINT64_MAX);
        if (!regular)
            break;
    }
    *separators = s;
    return regular;
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
           __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi");
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
}

#else

#define add_avx2   add_c
#define add_avx512 add_c

static bool has_avx2(void)
{
    return false;
}

static bool has_avx512(void)
{
    return false;
}

#endif

/* ---- arm64 ---- */

#if defined(__aarch64__) && defined(__ARM_NEON)

#include <arm_neon.h>

MASKS_INLINE uint64_t equal_neon(const uint8x16_t bytes[4], unsigned char needle)
{
    const uint8x16_t bit = vreinterpretq_u8_u64(vdupq_n_u64(UINT64_C(0x8040201008040201)));
    uint8x16_t part[4];
    for (int i = 0; i < 4; i++)
        part[i] = vandq_u8(vceqq_u8(bytes[i], vdupq_n_u8(needle)), bit);
    uint8x16_t sum = vpaddq_u8(vpaddq_u8(part[0], part[1]), vpaddq_u8(part[2], part[3]));
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sum, sum)), 0);
}

static bool add_neon(struct separators *s, const char *text, size_t to)
{
    for (; s->next < to; s->next += MASKS_BLOCK) {
        const uint8_t *at = (const uint8_t *)text + s->next;
        const uint8x16_t bytes[4] = {vld1q_u8(at), vld1q_u8(at + 16), vld1q_u8(at + 32),
                                     vld1q_u8(at + 48)};
        struct masks masks = {.delimiter = equal_neon(bytes, s->delimiter),
                              .quote = equal_neon(bytes, s->quote),
                              .cr = equal_neon(bytes, '\r'),
                              .lf = equal_neon(bytes, '\n')};
        masks.end = masks.cr | masks.lf;
        if (!add_block(s, &masks, parity_c(masks.quote), UINT64_MAX))
            return false;
    }
    return true;
}

static bool has_neon(void)
{
    return true;
}

#else

#define add_neon add_c

static bool has_neon(void)
{
    return false;
}

#endif

/* ---- choosing ---- */

bool weir__simd_runs(enum simd simd)
{
    return simd == SIMD_C || (simd == SIMD_AVX2 && has_avx2()) ||
           (simd == SIMD_AVX512 && has_avx512()) || (simd == SIMD_NEON && has_neon());
}

enum simd weir__simd_choose(void)
{
    static const char *const name[SIMD_COUNT] = {"c", "avx2", "avx512", "neon"};
    const char *wanted = getenv("WEIR_SIMD");
    enum simd best = SIMD_C;
    for (enum simd simd = SIMD_C; simd < SIMD_COUNT; simd++) {
        if (!weir__simd_runs(simd))
            continue;
        if (wanted != NULL && strcmp(wanted, name[simd]) == 0)
            return simd;
        best = simd;
    }
    return best;
}

/* ---- the index ---- */

/* What is kept of a row in work, and what a stretch adds; put_offsets writes up to eight more. */
bool weir__separators_init(struct separators *s, const struct rows *rows, size_t columns)
{
    s->capacity = columns + STRETCH + 2 * MASKS_BLOCK;
    s->simd = weir__simd_choose();
    s->delimiter = rows->delimiter;
    s->quote = rows->quote;
    s->at = malloc(s->capacity * sizeof(*s->at));
    s->begin = malloc((STRETCH + 2) * sizeof(*s->begin));
    s->last = malloc((STRETCH + 2) * sizeof(*s->last));
    return s->at != NULL && s->begin != NULL && s->last != NULL;
}

void weir__separators_release(struct separators *s)
{
    free(s->at);
    free(s->begin);
    free(s->last);
    s->at = s->begin = s->last = NULL;
}

void weir__separators_begin(struct separators *s, size_t offset)
{
    s->count = s->begins = s->rows = 0;
    s->next = offset;
    s->doubled = false;
    s->inside = s->after_quote = s->after_cr = 0;
    s->may_open = s->at_row = 1;
}

void weir__separators_drop(struct separators *s)
{
    if (s->rows == 0)
        return;
    size_t used = s->last[s->rows - 1] + (size_t)1;
    memmove(s->at, s->at + used, (s->count - used) * sizeof(*s->at));
    s->count -= used;
    s->begin[0] = s->begin[s->begins - 1];
    s->begins -= s->rows;
    s->rows = 0;
    s->doubled = s->begins > 0 && s->doubled;
}

bool weir__separators_more(struct separators *s, const char *text, size_t n)
{
    size_t left = n - s->next, bytes = left < STRETCH ? left : STRETCH;
    size_t to = s->next + bytes / MASKS_BLOCK * MASKS_BLOCK;
    if (s->count + STRETCH + MASKS_BLOCK > s->capacity)
        return false;
    bool regular = s->simd == SIMD_AVX512 ? add_avx512(s, text, to)
                   : s->simd == SIMD_AVX2 ? add_avx2(s, text, to)
                   : s->simd == SIMD_NEON ? add_neon(s, text, to)
                                          : add_c(s, text, to);
    if (!regular)
        return false;
    return n - s->next < MASKS_BLOCK && s->next < n ? add_rest(s, text, n) : s->next < n;
}
