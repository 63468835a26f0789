/*
 * number_lanes.h - reading the numbers of a column eight at a time.
 */
#ifndef WEIR_EXPR_NUMBER_LANES_H
#define WEIR_EXPR_NUMBER_LANES_H

#include <weir/batch.h>

#define NUMBER_LANES 8

/* Whether the processor can (AVX-512), and $WEIR_SIMD, if it is set, does not ask for less. */
bool weir__number_lanes_run(void);

/*
 * number_read_eight for the values of NUMBER_LANES entries, one behind the other. False, with
 * nothing written, unless every one of them is of 1 to 8 bytes, stands where 8 bytes of the heap can
 * be read, and is read that way. Only where weir__number_lanes_run.
 */
bool weir__number_read_lanes(const uint64_t *entries, const char *heap, uint32_t heap_bytes,
                             bool point_allowed, int64_t *ret_value, uint8_t *ret_scale);

#endif
