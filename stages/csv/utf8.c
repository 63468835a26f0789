/*
 * csv.utf8: repairs values that are not UTF-8. A batch without any is passed on as it is. The cursor is
 * the record to go on with.
 */
#include "file/utf8.h"

#include <stdlib.h>
#include <string.h>

#include "csv/read.h"

#define REPLACEMENT       "\xef\xbf\xbd" /* U+FFFD */
#define REPLACEMENT_BYTES 3

/* What a column is made of whose values are not all as they came. */
struct repair {
    bool broken;     /* one of its values is not UTF-8 */
    uint64_t *entry; /* as many as `capacity` of struct utf8 */
    char *heap;
    size_t used, capacity;
};

struct utf8 {
    const struct weir_batch *in; /* during a call and until the next: for locate */
    uint32_t from;               /* the record that the batch begins with */
    uint32_t capacity;
    uint32_t columns;
    struct weir_column *column;
    struct repair *repair;
};

static bool utf8_wanted(const struct weir_stage *stage)
{
    return weir_option_number(stage, "invalid_utf8") == INVALID_UTF8_REPLACE;
}

static int utf8_configure(struct weir_stage *stage)
{
    stage->self = calloc(1, sizeof(struct utf8));
    return stage->self == NULL ? weir_fail(stage, WEIR_EOS, "no memory") : 0;
}

static int utf8_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    struct utf8 *self = stage->self;
    self->columns = stage->in->columns;
    self->column = calloc(self->columns + 1u, sizeof(*self->column));
    self->repair = calloc(self->columns + 1u, sizeof(*self->repair));
    if (self->column == NULL || self->repair == NULL || weir_schema_copy(ret, stage->in) != 0)
        return weir_fail(stage, WEIR_EOS, "no memory for the columns");
    return 0;
}

static void utf8_needs(struct weir_stage *stage, bool *in_needed)
{
    memcpy(in_needed, stage->needed, stage->in->columns * sizeof(*in_needed));
}

static void utf8_locate(const struct weir_batch *batch, uint32_t record, struct weir_position *ret)
{
    const struct utf8 *self = batch->locate_context;
    self->in->locate(self->in, self->from + record, ret);
}

/* ---- looking ---- */

static bool is_broken(const struct weir_column *column, uint32_t record)
{
    struct weir_value value = weir_value(column, record);
    return value.data != NULL && !weir__text_is_utf8(value.data, value.length);
}

/* Marks the columns that have a broken value from self->from on. True if there are any. */
static bool find_broken(struct utf8 *self)
{
    bool any = false;
    for (uint32_t c = 0; c < self->columns; c++) {
        const struct weir_column *column = &self->in->column[c];
        bool broken = false;
        for (uint32_t r = self->from; column->entry != NULL && !broken && r < self->in->records;
             r++)
            broken = is_broken(column, r);
        self->repair[c].broken = broken;
        any |= broken;
    }
    return any;
}

/* ---- repairing ---- */

static bool reserve_records(struct utf8 *self, uint32_t records)
{
    if (records <= self->capacity)
        return true;
    self->capacity = 0;
    bool ok = true;
    for (uint32_t c = 0; c < self->columns; c++) {
        free(self->repair[c].entry);
        self->repair[c].entry = malloc(records * sizeof(uint64_t));
        ok &= self->repair[c].entry != NULL;
    }
    self->capacity = ok ? records : 0;
    return ok;
}

static bool reserve_bytes(struct repair *repair, size_t n)
{
    if (repair->used + n <= repair->capacity)
        return true;
    size_t capacity = 2 * (repair->used + n);
    char *heap = realloc(repair->heap, capacity);
    if (heap == NULL)
        return false;
    repair->heap = heap;
    repair->capacity = capacity;
    return true;
}

/* Writes the text with each byte that is not part of a character replaced. Returns its length. */
static size_t put_replaced(char *to, const char *text, size_t n)
{
    char *begin = to;
    for (size_t at = 0, bytes; at < n; at += bytes) {
        bytes = weir__text_character(text + at, n - at);
        size_t length = bytes == 0 ? REPLACEMENT_BYTES : bytes;
        memcpy(to, bytes == 0 ? REPLACEMENT : text + at, length);
        to += length;
        bytes += bytes == 0;
    }
    return (size_t)(to - begin);
}

/* Copies a value of a broken column to the column's own heap. WEIR_FULL: there is no room for it in
 * this batch. */
static int replace(struct weir_stage *stage, uint32_t column, uint32_t record, uint64_t *ret)
{
    struct utf8 *self = stage->self;
    struct repair *repair = &self->repair[column];
    struct weir_value value = weir_value(&self->in->column[column], record);
    size_t most = (size_t)REPLACEMENT_BYTES * value.length;
    *ret = weir_entry_null();
    if (value.data == NULL)
        return WEIR_SET_NULL;
    if (repair->used + most > WEIR_ENTRY_MAX)
        return repair->used > 0 ? WEIR_FULL
                                : weir_fail(stage, WEIR_EDATA,
                                            "a value of %u bytes is too large "
                                            "to be made UTF-8",
                                            value.length);
    if (!reserve_bytes(repair, most))
        return weir_fail(stage, WEIR_EOS, "no memory for a batch of values");
    size_t n = put_replaced(repair->heap + repair->used, value.data, value.length);
    *ret = weir_entry((uint32_t)repair->used, (uint32_t)n);
    repair->used += n;
    return WEIR_SET_NULL;
}

/* Takes a record as number `to` of the batch. WEIR_SET_NULL: it is in. */
static int take_record(struct weir_stage *stage, uint32_t record, uint32_t to)
{
    struct utf8 *self = stage->self;
    int verdict = WEIR_SET_NULL;
    for (uint32_t c = 0; c < self->columns && verdict == WEIR_SET_NULL; c++) {
        const struct weir_column *column = &self->in->column[c];
        uint64_t *entry = &self->repair[c].entry[to];
        if (column->entry == NULL)
            continue;
        *entry = column->entry[record];
        if (self->repair[c].broken)
            verdict = replace(stage, c, record, entry);
    }
    return verdict;
}

/* Takes what it can of the records from self->from on. 0 with *ret_next, the record to go on with,
 * or a code. */
static int take_records(struct weir_stage *stage, uint32_t *ret_records, uint32_t *ret_next)
{
    struct utf8 *self = stage->self;
    uint32_t record = self->from;
    if (!reserve_records(self, self->in->records))
        return weir_fail(stage, WEIR_EOS, "no memory for a batch of values");
    for (uint32_t c = 0; c < self->columns; c++)
        self->repair[c].used = 0;
    int verdict = WEIR_SET_NULL;
    for (; record < self->in->records && verdict == WEIR_SET_NULL;
         record += verdict == WEIR_SET_NULL)
        verdict = take_record(stage, record, record - self->from);
    /* What stands before a record that ends the run goes on first. */
    if (verdict < 0 && record == self->from)
        return verdict;
    *ret_records = record - self->from;
    *ret_next = record;
    return 0;
}

/* ---- the stage ---- */

static void give_batch(struct utf8 *self, uint32_t records, bool repaired, struct weir_output *out)
{
    for (uint32_t c = 0; c < self->columns; c++) {
        const struct repair *repair = &self->repair[c];
        self->column[c] = self->in->column[c];
        if (self->column[c].entry == NULL)
            continue;
        if (!repaired) {
            self->column[c].entry += self->from;
            continue;
        }
        self->column[c].entry = repair->entry;
        if (repair->broken) {
            self->column[c].heap = repair->heap;
            self->column[c].heap_bytes = (uint32_t)repair->used;
        }
    }
    out->batch = *self->in;
    out->batch.records = records;
    out->batch.column = self->column;
    out->batch.locate = self->in->locate == NULL ? NULL : utf8_locate;
    out->batch.locate_context = self;
}

static int utf8_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                        struct weir_output *out)
{
    struct utf8 *self = stage->self;
    uint32_t next = in->records;
    self->in = in;
    self->from = *cursor < in->records ? (uint32_t)*cursor : in->records;
    uint32_t records = in->records - self->from;
    bool repaired = find_broken(self);
    if (repaired) {
        int rc = take_records(stage, &records, &next);
        if (rc < 0)
            return rc;
    }
    give_batch(self, records, repaired, out);
    *cursor = next < in->records ? next : UINT64_MAX;
    return 0;
}

static void utf8_close(struct weir_stage *stage)
{
    struct utf8 *self = stage->self;
    if (self == NULL)
        return;
    for (uint32_t c = 0; self->repair != NULL && c < self->columns; c++) {
        free(self->repair[c].entry);
        free(self->repair[c].heap);
    }
    free(self->repair);
    free(self->column);
    free(self);
    stage->self = NULL;
}

const struct weir_stage_type weir_csv_utf8 = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "csv.utf8",
    .summary = "repairs values that are not UTF-8",
    .options = weir__csv_read_options,
    .traits = WEIR_INNER | WEIR_SANDBOX_STRICT,
    .wanted = utf8_wanted,
    .configure = utf8_configure,
    .bind = utf8_bind,
    .needs = utf8_needs,
    .process = utf8_process,
    .close = utf8_close,
};
