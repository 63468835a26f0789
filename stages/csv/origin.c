/* csv.origin: adds columns that tell where each record came from, its file and its line. */
#include "csv/read.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MOST 20 /* digits of a line number */

/* One added column. */
struct values {
    uint64_t *entry;
    char *heap;
    size_t heap_bytes, heap_capacity;
};

static bool name_file(struct weir_stage *stage, const struct weir_batch *in, struct values *values);
static bool number_lines(struct weir_stage *stage, const struct weir_batch *in,
                         struct values *values);

/* Those that there may be, in their order. */
static const struct added {
    const char *option;
    enum weir_type type;
    bool (*fill)(struct weir_stage *stage, const struct weir_batch *in, struct values *values);
} added[] = {{"filename_column", WEIR_TEXT, name_file},
             {"line_column", WEIR_INTEGER, number_lines}};

#define ADDED (sizeof(added) / sizeof(added[0]))

struct origin {
    struct weir_column *column; /* those of the input, and what is added */
    struct values values[ADDED];
    uint32_t capacity; /* records that the entries have room for */
    const struct weir_batch *in;
};

static bool origin_wanted(const struct weir_stage *stage)
{
    return weir_option_given(stage, "filename_column") || weir_option_given(stage, "line_column");
}

static int no_memory(struct weir_stage *stage)
{
    return weir_fail(stage, WEIR_EOS, "out of memory");
}

static int origin_configure(struct weir_stage *stage)
{
    stage->self = calloc(1, sizeof(struct origin));
    return stage->self == NULL ? no_memory(stage) : 0;
}

static int origin_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    if (weir_schema_copy(ret, stage->in) < 0)
        return no_memory(stage);
    for (size_t i = 0; i < ADDED; i++) {
        const char *name = weir_option_string(stage, added[i].option);
        if (name == NULL)
            continue;
        if (weir_schema_find(ret, name) >= 0)
            return weir_option_error(stage, added[i].option, NULL, 0, 0, NULL,
                                     "there is a column '%s' already", name);
        if (weir_schema_add(ret, name, added[i].type) < 0)
            return no_memory(stage);
    }
    return 0;
}

static void origin_needs(struct weir_stage *stage, bool *in_needed)
{
    memcpy(in_needed, stage->needed, stage->in->columns * sizeof(*in_needed));
}

static int origin_open(struct weir_stage *stage)
{
    struct origin *origin = stage->self;
    origin->column = calloc(stage->out->columns + 1u, sizeof(*origin->column));
    return origin->column == NULL ? no_memory(stage) : 0;
}

static bool reserve_entries(struct origin *origin, uint32_t records)
{
    if (origin->capacity >= records)
        return true;
    origin->capacity = 0;
    for (size_t i = 0; i < ADDED; i++) {
        free(origin->values[i].entry);
        origin->values[i].entry = malloc(records * sizeof(uint64_t));
        if (origin->values[i].entry == NULL)
            return false;
    }
    origin->capacity = records;
    return true;
}

static bool reserve_heap(struct values *values, size_t bytes)
{
    values->heap_bytes = 0;
    if (values->heap_capacity >= bytes)
        return true;
    free(values->heap);
    values->heap = malloc(bytes);
    values->heap_capacity = values->heap == NULL ? 0 : bytes;
    return values->heap != NULL;
}

/* All records of a batch are of one file. */
static bool name_file(struct weir_stage *stage, const struct weir_batch *in, struct values *values)
{
    const char *name = weir_file_name(stage, in->origin.file);
    size_t bytes = strlen(name);
    if (!reserve_heap(values, bytes + 1))
        return false;
    memcpy(values->heap, name, bytes);
    values->heap_bytes = bytes;
    for (uint32_t record = 0; record < in->records; record++)
        values->entry[record] = weir_entry(0, (uint32_t)bytes);
    return true;
}

static bool number_lines(struct weir_stage *stage, const struct weir_batch *in,
                         struct values *values)
{
    (void)stage;
    if (!reserve_heap(values, (size_t)in->records * (LINE_MOST + 1) + 1))
        return false;
    for (uint32_t record = 0; record < in->records; record++) {
        struct weir_position position;
        in->locate(in, record, &position);
        int digits = sprintf(values->heap + values->heap_bytes, "%" PRIu64, position.line);
        values->entry[record] = weir_entry((uint32_t)values->heap_bytes, (uint32_t)digits);
        values->heap_bytes += (size_t)digits;
    }
    return true;
}

static void origin_locate(const struct weir_batch *batch, uint32_t record,
                          struct weir_position *ret)
{
    const struct origin *origin = batch->locate_context;
    origin->in->locate(origin->in, record, ret);
}

static int origin_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                          struct weir_output *out)
{
    struct origin *origin = stage->self;
    if (!reserve_entries(origin, in->records))
        return no_memory(stage);
    origin->in = in;
    memcpy(origin->column, in->column, in->columns * sizeof(*in->column));
    uint32_t columns = in->columns;
    for (size_t i = 0; i < ADDED; i++) {
        struct values *values = &origin->values[i];
        if (!weir_option_given(stage, added[i].option))
            continue;
        struct weir_column *column = &origin->column[columns];
        *column = (struct weir_column){0};
        if (!stage->needed[columns++])
            continue;
        if (!added[i].fill(stage, in, values))
            return no_memory(stage);
        *column = (struct weir_column){values->entry, values->heap, (uint32_t)values->heap_bytes};
    }
    out->batch = *in;
    out->batch.columns = columns;
    out->batch.column = origin->column;
    out->batch.locate = origin_locate;
    out->batch.locate_context = origin;
    *cursor = UINT64_MAX;
    return 0;
}

static void origin_close(struct weir_stage *stage)
{
    struct origin *origin = stage->self;
    if (origin == NULL)
        return;
    free(origin->column);
    for (size_t i = 0; i < ADDED; i++) {
        free(origin->values[i].entry);
        free(origin->values[i].heap);
    }
    free(origin);
    stage->self = NULL;
}

const struct weir_stage_type weir_csv_origin = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "csv.origin",
    .summary = "adds the file and the line that records came from",
    .traits = WEIR_INNER | WEIR_SANDBOX_STRICT,
    .wanted = origin_wanted,
    .configure = origin_configure,
    .bind = origin_bind,
    .needs = origin_needs,
    .open = origin_open,
    .process = origin_process,
    .close = origin_close,
};
