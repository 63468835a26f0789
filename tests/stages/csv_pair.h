/*
 * csv_pair.h - csv.parse opened twice with the same options: the fast way, and libcsv alone.
 */
#ifndef WEIR_TESTS_CSV_PAIR_H
#define WEIR_TESTS_CSV_PAIR_H

#include "stages/rig.h"

#include "csv/parse.h"

static const struct {
    uint32_t columns;
    const char *strict; /* NULL: what can be taken is taken */
    const char *null_value;
    const char *wanted;
    const char *option, *value; /* one more; or NULL */
} pair_mixes[] = {
    {1, "error", "", NULL, NULL, NULL},
    {2, "error", "", NULL, NULL, NULL},
    {3, NULL, "a", NULL, NULL, NULL},
    {1, NULL, "a", NULL, "blank_lines", "skip"},
    {3, "error", "", "c|a", NULL, NULL},
    {2, NULL, "", "b", "blank_lines", "keep"},
    /* of two columns, where everything is a record */
    {2, NULL, "", NULL, NULL, NULL},
    {2, NULL, "", NULL, "comment", "a"},
};
enum { PAIR_MIXES = 6, PAIR_PLAIN = 6, PAIR_COMMENTS = 7 };

struct pair {
    struct rig auto_rig, libcsv_rig;
    struct parse *fast, *exact;
    struct marks marks;
};

RIG_FN struct parse *pair_open_one(struct rig *rig, size_t mix, const char *parser)
{
    static const char *const names[] = {"a", "b", "c"};
    const char *strict = pair_mixes[mix].strict;
    struct node *list = rig_list("a", NULL), *with;
    rig_init(rig);
    rig->wanted = pair_mixes[mix].wanted;
    for (uint32_t c = 1; c < pair_mixes[mix].columns; c++)
        ck_assert_int_eq(weir__node_append(list, NULL, weir__node_scalar(names[c])), 0);
    with = rig_with("path", rig_write(rig, "in.csv", "a\n"), "header", "false", "parser", parser,
                    "missing_columns", strict != NULL ? strict : "null_fill", "extra_columns",
                    strict != NULL ? strict : "ignore", "stray_quotes",
                    strict != NULL ? strict : "keep", NULL);
    rig_put(with, "names", list);
    if (*pair_mixes[mix].null_value != '\0')
        rig_put(with, "null_values", rig_list(pair_mixes[mix].null_value, NULL));
    if (pair_mixes[mix].option != NULL)
        rig_put(with, pair_mixes[mix].option, weir__node_scalar(pair_mixes[mix].value));
    ck_assert_int_eq(rig_add(rig, &weir_csv_read, with), 0);
    ck_assert_msg(rig_bind(rig) == 0 && rig_open(rig) == 0, "%s", rig_error(rig));
    return rig->stage[1].stage.self;
}

RIG_FN void pair_open(struct pair *pair, size_t mix)
{
    pair->marks = (struct marks){0};
    pair->fast = pair_open_one(&pair->auto_rig, mix, "auto");
    pair->exact = pair_open_one(&pair->libcsv_rig, mix, "libcsv");
    pair->exact->endless = pair->fast->endless = true;
    ck_assert(pair->fast->fast && !pair->exact->fast);
}

RIG_FN void pair_close(struct pair *pair)
{
    rig_close(&pair->auto_rig);
    rig_close(&pair->libcsv_rig);
    weir__marks_release(&pair->marks);
    rig_release(&pair->auto_rig);
    rig_release(&pair->libcsv_rig);
}

RIG_FN void pair_parse_one(struct rig *rig, struct parse *parse, const struct weir_batch *batch)
{
    size_t end = batch->byte_count;
    int rc = weir__parse_text(&rig->stage[1].stage, parse, batch, 0, &end);
    if (rc < 0 || end != batch->byte_count) /* an assertion costs a write(2) */
        ck_abort_msg("%d, %zu of %zu bytes", rc, end, batch->byte_count);
}

RIG_FN void pair_parse_exact(struct pair *pair, const char *text, size_t n)
{
    struct weir_batch batch = {.bytes = text, .byte_count = n, .origin = {.line = 1}};
    pair_parse_one(&pair->libcsv_rig, pair->exact, &batch);
}

RIG_FN bool pair_parse_batch_same(struct pair *pair, const struct weir_batch *batch,
                                  uint32_t *ret_row)
{
    pair_parse_one(&pair->auto_rig, pair->fast, batch);
    *ret_row = 0;
    return weir__parse_same(pair->fast, pair->exact, ret_row) &&
           pair->fast->rows_seen == pair->exact->rows_seen;
}

/* Parses the fast way. True if that gives what libcsv has given; else *ret_row is the first row
 * that differs. */
RIG_FN bool pair_parse_same(struct pair *pair, const char *text, size_t n, uint32_t *ret_row)
{
    struct weir_batch batch = {.bytes = text, .byte_count = n, .origin = {.line = 1}};
    return pair_parse_batch_same(pair, &batch, ret_row);
}

/* The same from a row's start on, in a text of which csv.cut has made marks. */
RIG_FN bool pair_parse_marked_same(struct pair *pair, const char *text, size_t from, size_t n,
                                   uint32_t *ret_row)
{
    struct rows rows = pair->fast->rows;
    struct rows_scan scan = {0};
    rows.simd = pair->fast->separators.simd;
    weir__marks_scan(&pair->marks, &rows, &scan, text, n);
    weir__marks_begin(&pair->marks, from);
    struct weir_batch batch = {
        .bytes = text + from, .byte_count = n - from, .origin = {.line = 1}, .notes = &pair->marks};
    return pair_parse_batch_same(pair, &batch, ret_row);
}

#endif
