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

/* From a row's start on. */
static void check(struct pair *pair, const char *text, size_t from, size_t n)
{
    uint32_t row;
    pair_parse_exact(pair, text + from, n - from);
    for (enum simd simd = SIMD_C; simd < SIMD_COUNT; simd++) {
        if (!weir__simd_runs(simd))
            continue;
        pair->fast->separators.simd = pair->fast->rows.simd = simd;
        ck_assert_msg(pair_parse_same(pair, text + from, n - from, &row),
                      "twin %d: another row %u\n", (int)simd, row);
        ck_assert_msg(pair_parse_marked_same(pair, text, from, n, &row),
                      "twin %d, marked before: another row %u\n", (int)simd, row);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n < 2)
        return 0;
    struct pair *pair = pair_of(bytes[0] % PAIR_MIXES);
    struct rows_trace trace = {0};
    size_t used;
    char *text = malloc(--n); /* a sanitizer sees what is read beyond it */
    ck_assert_ptr_nonnull(text);
    memcpy(text, bytes + 1, n);
    check(pair, text, 0, n);
    if (weir__rows_next(&pair->fast->rows, &trace, text, n, &used) != ROWS_NONE && used < n)
        check(pair, text, used, n);
    free(text);
    return 0;
}
