/*
 * The fast way of csv.parse with each of its twins against libcsv alone. The first byte chooses the
 * options.
 */
#include "stages/csv_pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static struct pair pairs[PAIR_MIXES];

static void close_all(void)
{
    for (size_t mix = 0; mix < PAIR_MIXES; mix++) {
        if (pairs[mix].fast != NULL)
            pair_close(&pairs[mix]);
    }
}

static struct pair *pair_of(size_t mix)
{
    static bool begun;
    if (!begun)
        atexit(close_all);
    begun = true;
    if (pairs[mix].fast == NULL)
        pair_open(&pairs[mix], mix);
    return &pairs[mix];
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n < 2)
        return 0;
    struct pair *pair = pair_of(bytes[0] % PAIR_MIXES);
    char *text = malloc(n); /* a sanitizer sees what is read beyond it */
    ck_assert_ptr_nonnull(text);
    memcpy(text, bytes + 1, n - 1);
    pair_parse_exact(pair, text, n - 1);
    for (enum simd simd = SIMD_C; simd < SIMD_COUNT; simd++) {
        uint32_t row;
        if (!weir__simd_runs(simd))
            continue;
        pair->fast->separators.simd = pair->fast->rows.simd = simd;
        ck_assert_msg(pair_parse_same(pair, text, n - 1, &row), "twin %d: another row %u\n",
                      (int)simd, row);
    }
    free(text);
    return 0;
}
