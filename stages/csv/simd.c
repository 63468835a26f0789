#include "csv/simd.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
           __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi");
}

bool weir__simd_runs(enum simd simd)
{
    if (simd == SIMD_AVX512)
        return has_avx2() && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2");
    return simd == SIMD_C || (simd == SIMD_AVX2 && has_avx2());
}

#elif defined(__aarch64__) && defined(__ARM_NEON)

bool weir__simd_runs(enum simd simd)
{
    return simd == SIMD_C || simd == SIMD_NEON;
}

#else

bool weir__simd_runs(enum simd simd)
{
    return simd == SIMD_C;
}

#endif

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
