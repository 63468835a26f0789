/* pipelines.h - stage types that do nothing, and pipeline texts over them, for the tests of
 * lib/config. */
#ifndef WEIR_TESTS_PIPELINES_H
#define WEIR_TESTS_PIPELINES_H

#include <weir/engine.h>

static int toy_produce(struct weir_stage *stage, struct weir_output *out)
{
    (void)stage;
    (void)out;
    return WEIR_DONE;
}

static int toy_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                       struct weir_output *out)
{
    (void)stage;
    (void)in;
    (void)out;
    *cursor = UINT64_MAX;
    return 0;
}

#define TOY_ROW_END                                                                                \
    {                                                                                              \
        NULL, 0, NULL, NULL, false, NULL                                                           \
    }

static const struct weir_option toy_read_options[] = {
    {"path", WEIR_OPT_LIST, NULL, NULL, true, "the files to read"},
    {"delimiter", WEIR_OPT_CHAR, ",", NULL, false, "what stands between two fields"},
    {"comment", WEIR_OPT_CHAR, NULL, NULL, false, "what a comment begins with"},
    {"header", WEIR_OPT_BOOL, "true", NULL, false, "whether the first row has names"},
    {"types", WEIR_OPT_MAP, NULL, NULL, false, "the types of columns"},
    {"null_values", WEIR_OPT_LIST, NULL, NULL, false, "what is read as null"},
    TOY_ROW_END,
};

static const struct weir_option toy_map_options[] = {
    {"where", WEIR_OPT_EXPR, NULL, NULL, false, "which records stay"},
    {"set", WEIR_OPT_EXPR_MAP, NULL, NULL, false, "new columns"},
    {"select", WEIR_OPT_LIST, NULL, NULL, false, "the columns that stay"},
    {"limit", WEIR_OPT_COUNT, NULL, "1..", false, "how many records stay"},
    {"password", WEIR_OPT_SECRET, NULL, NULL, false, "never shown"},
    TOY_ROW_END,
};

static const struct weir_option toy_write_options[] = {
    {"path", WEIR_OPT_PATH, NULL, NULL, true, "the file to write"},
    {"quoting", WEIR_OPT_ENUM, "minimal", "minimal|all|none", false, "when a field is quoted"},
    TOY_ROW_END,
};

#define TOY(name_, options_, traits_)                                                              \
    .abi = WEIR_STAGE_ABI, .size = sizeof(struct weir_stage_type), .name = name_,                  \
    .summary = "for tests", .options = options_, .traits = traits_

static const struct weir_stage_type toy_read = {
    TOY("toy.read", toy_read_options, WEIR_SOURCE | WEIR_ONE_SEAT), .produce = toy_produce};
static const struct weir_stage_type toy_map = {TOY("toy.map", toy_map_options, WEIR_REJECTS),
                                               .process = toy_process};
static const struct weir_stage_type toy_write = {TOY("toy.write", toy_write_options, WEIR_SINK),
                                                 .process = toy_process};
static const struct weir_stage_type toy_drop = {TOY("drop", NULL, WEIR_SINK),
                                                .process = toy_process};

static const struct weir_stage_type toy_cut = {
    TOY("toy.rows.cut", NULL, WEIR_SOURCE | WEIR_ONE_SEAT | WEIR_INNER), .produce = toy_produce};
static const struct weir_stage_type toy_parse = {
    TOY("toy.rows.parse", NULL, WEIR_REJECTS | WEIR_INNER), .process = toy_process};
static const struct weir_stage_type *const toy_inner[] = {&toy_cut, &toy_parse, NULL};
static const struct weir_stage_type toy_rows = {TOY("toy.rows", NULL, 0), .inner = toy_inner};

static const struct weir_stage_type *const toy_types[] = {&toy_read, &toy_map,  &toy_write,
                                                          &toy_drop, &toy_rows, NULL};

#endif
