#include "expr/number_lanes.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)

typedef uint64_t lanes __attribute__((vector_size(8 * NUMBER_LANES)));
typedef uint8_t bytes __attribute__((vector_size(NUMBER_LANES)));

bool weir__number_lanes_run(void)
{
    const char *wanted = getenv("WEIR_SIMD");
    return (wanted == NULL || strcmp(wanted, "avx512") == 0) && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}

/* By a pointer: how vectors are passed depends on the processor. */
static inline __attribute__((always_inline)) bool any_bit(const lanes *bits)
{
    uint64_t all = 0;
    for (int i = 0; i < NUMBER_LANES; i++)
        all |= (*bits)[i];
    return all != 0;
}

/* Step by step what number_read_eight does, each step in all lanes; what it does only if a byte is
 * no digit changes nothing where all are. A comparison gives all ones, which is -1, or zero. */
__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))) bool
weir__number_read_lanes(const uint64_t *entries, const char *heap, uint32_t heap_bytes,
                        bool point_allowed, int64_t *ret_value, uint8_t *ret_scale)
{
    const uint64_t each = 0x0101010101010101;
    lanes entry, word;
    memcpy(&entry, entries, sizeof(entry));
    atomic_signal_fence(memory_order_seq_cst); /* loaded once: not again behind the checks */
    lanes length = entry >> WEIR_ENTRY_BITS, offset = entry & WEIR_ENTRY_MAX;
    lanes bad = (lanes)(length - 1 > 7) | (lanes)(offset + 8 > heap_bytes);
    if (any_bit(&bad))
        return false;
    for (int i = 0; i < NUMBER_LANES; i++) {
        uint64_t text;
        memcpy(&text, heap + offset[i], sizeof(text));
        word[i] = text;
    }
    lanes front = 64 - 8 * length;
    lanes negative = (lanes)((word & 0xFF) == '-');
    word = (word ^ each * '0') << front;
    word &= ~((negative & 0xFF) << front);
    lanes beside = word ^ each * ('.' ^ '0');
    lanes point = (beside - each) & ~beside & each << 7;
    lanes has_point = (lanes)(point != 0);
    lanes before = ((point & -point) - 1) >> 7;
    lanes closed = (word & ~(before << 8 | 0xFF)) | (word & before) << 8;
    word = (closed & has_point) | (word & ~has_point);
    bad = (lanes)(length + negative + has_point == 0) | (((word + each * 0x76) | word) & each << 7);
    if (!point_allowed)
        bad |= has_point;
    if (any_bit(&bad))
        return false;
    lanes bytes_before = (before & each) * each >> 56;
    bytes scale = __builtin_convertvector((7 - bytes_before) & has_point, bytes);
    word = word * 10 + (word >> 8);
    word = ((word & 0x000000FF000000FF) * 0x000F424000000064 +
            (word >> 16 & 0x000000FF000000FF) * 0x0000271000000001) >>
           32;
    word = (word ^ negative) - negative;
    memcpy(ret_value, &word, sizeof(word));
    memcpy(ret_scale, &scale, sizeof(scale));
    return true;
}

#else

bool weir__number_lanes_run(void)
{
    return false;
}

bool weir__number_read_lanes(const uint64_t *entries, const char *heap, uint32_t heap_bytes,
                             bool point_allowed, int64_t *ret_value, uint8_t *ret_scale)
{
    (void)entries, (void)heap, (void)heap_bytes, (void)point_allowed;
    (void)ret_value, (void)ret_scale;
    return false;
}

#endif
