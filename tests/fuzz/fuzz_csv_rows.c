/*
 * Each twin of the row scanner against the machine that goes byte by byte, and of the search for
 * spaces at edges against plain C. The first byte is the state to begin with, the second one where
 * the text is cut.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv/separators.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void fail_if(bool wrong, const char *what, enum simd simd)
{
    if (!wrong)
        return;
    fprintf(stderr, "twin %d: another %s\n", (int)simd, what);
    abort();
}

/* The scan that makes marks on its way. */
static void check_marks(const struct rows *rows, const struct rows_scan *from,
                        const struct rows_scan *behind, const char *text, size_t n)
{
    struct marks marks = {0};
    struct rows_scan scan = *from;
    weir__marks_scan(&marks, rows, &scan, text, n);
    weir__marks_release(&marks);
    fail_if(scan.state != behind->state || scan.lines != behind->lines ||
                scan.after_cr != behind->after_cr,
            "end, with marks", rows->simd);
}

static void check_piece(struct rows *rows, struct rows_scan *scan, const char *text, size_t n)
{
    const struct rows_scan from = *scan;
    size_t end = weir__rows_scan_bytes(rows, scan, text, n);
    for (enum simd simd = SIMD_C; simd < SIMD_COUNT; simd++) {
        struct rows_scan twin = from;
        if (!weir__simd_runs(simd))
            continue;
        rows->simd = simd;
        fail_if(weir__rows_scan(rows, &twin, text, n) != end, "row end", simd);
        fail_if(twin.state != scan->state, "state", simd);
        fail_if(twin.lines != scan->lines || twin.after_cr != scan->after_cr, "line", simd);
        check_marks(rows, &from, scan, text, n);
    }
}

static void check_edges(struct rows *rows, const char *text, size_t n)
{
    rows->simd = SIMD_C;
    size_t clean = weir__rows_without_edge_spaces(rows, text, n);
    for (rows->simd = SIMD_C; rows->simd < SIMD_COUNT; rows->simd++) {
        if (weir__simd_runs(rows->simd))
            fail_if(weir__rows_without_edge_spaces(rows, text, n) != clean, "edge", rows->simd);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n < 2)
        return 0;
    struct rows rows;
    struct rows_scan scan = {.state = (enum rows_state)(bytes[0] % 5),
                             .after_cr = bytes[0] / 5 % 2 == 1};
    size_t length = n - 2, cut = length == 0 ? 0 : bytes[1] * (size_t)97 % length;
    char *text = malloc(length + 1); /* a sanitizer sees what is read beyond it */
    if (text == NULL)
        return 0;
    memcpy(text + 1, bytes + 2, length);
    weir__rows_init(&rows, ',', '"');
    check_piece(&rows, &scan, text + 1, cut);
    check_piece(&rows, &scan, text + 1 + cut, length - cut);
    check_edges(&rows, text + 1, length);
    free(text);
    return 0;
}
