/*
 * simd.h - which instructions CSV is looked at with.
 */
#ifndef WEIR_CSV_SIMD_H
#define WEIR_CSV_SIMD_H

#include <stdbool.h>

enum simd { SIMD_C, SIMD_AVX2, SIMD_AVX512, SIMD_NEON, SIMD_COUNT };

/* True if this processor can run it. */
bool weir__simd_runs(enum simd simd);
/* The best that runs; $WEIR_SIMD (c, avx2, avx512, neon) asks for another, for tests. */
enum simd weir__simd_choose(void);

#endif
