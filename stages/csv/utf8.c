/*
 * csv.utf8: sets aside or repairs values that are not UTF-8. A batch without any is passed on as it
 * is. The cursor is the record to go on with.
 */
#include "file/utf8.h"

#include <stdlib.h>
#include <string.h>

#include "csv/read.h"

#define REPLACEMENT       "\xef\xbf\xbd" /* U+FFFD */
#define REPLACEMENT_BYTES 3

enum invalid_utf8 { INVALID_ERROR, INVALID_REPLACE, INVALID_KEEP };

/* What a column is made of whose values are not all as they came. */
struct repair {
    bool broken;     /* one of its values is not UTF-8 */
    uint64_t *entry; /* as many as `capacity` of struct utf8 */
    char *heap;      /* when values are replaced */
    size_t used, capacity;
};

struct utf8 {
    bool replace;
    const struct weir_batch *in; /* during a call and until the next: for locate */
    uint32_t from;               /* the record that the batch begins with */
    uint32_t *kept;              /* the records that are in the batch; NULL: all from there on */
    uint32_t *kept_room, capacity;
    uint32_t columns;
    struct weir_column *column;
    struct repair *repair;
};

static bool utf8_wanted(const struct weir_stage *stage)
{
    return weir_option_number(stage, "invalid_utf8") != INVALID_KEEP;
}

static int utf8_configure(struct weir_stage *stage)
{
    struct utf8 *self = calloc(1, sizeof(*self));
    stage->self = self;
    if (self == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    self->replace = weir_option_number(stage, "invalid_utf8") == INVALID_REPLACE;
    return 0;
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
    uint32_t at = self->kept != NULL ? self->kept[record] : self->from + record;
    self->in->locate(self->in, at, ret);
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
    free(self->kept_room);
    self->kept_room = malloc(records * sizeof(*self->kept_room));
    bool ok = self->kept_room != NULL;
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
        if (self->repair[c].broken && self->replace) {
            verdict = replace(stage, c, record, entry);
        } else if (self->repair[c].broken && is_broken(column, record)) {
            *entry = weir_entry_null();
            verdict = weir_reject(stage, self->in, record, stage->in->column[c].name,
                                  "the value is not UTF-8");
        }
    }
    return verdict;
}

/* Takes what it can of the records from self->from on. 0 with *ret_next, the record to go on with,
 * or a code. */
static int take_records(struct weir_stage *stage, uint32_t *ret_records, uint32_t *ret_next)
{
    struct utf8 *self = stage->self;
    uint32_t record = self->from, kept = 0;
    int verdict = WEIR_SKIP;
    if (!reserve_records(self, self->in->records))
        return weir_fail(stage, WEIR_EOS, "no memory for a batch of values");
    for (uint32_t c = 0; c < self->columns; c++)
        self->repair[c].used = 0;
    for (; record < self->in->records; record++) {
        verdict = take_record(stage, record, kept);
        if (verdict == WEIR_SET_NULL)
            self->kept_room[kept++] = record;
        else if (verdict != WEIR_SKIP)
            break;
    }
    /* What stands before a record that ends the run goes on first. */
    if (verdict < 0 && record == self->from)
        return verdict;
    self->kept = self->kept_room;
    *ret_records = kept;
    *ret_next = record;
    return 0;
}

/* ---- the stage ---- */

static void give_batch(struct utf8 *self, uint32_t records, struct weir_output *out)
{
    for (uint32_t c = 0; c < self->columns; c++) {
        const struct repair *repair = &self->repair[c];
        self->column[c] = self->in->column[c];
        if (self->column[c].entry == NULL)
            continue;
        if (self->kept == NULL) {
            self->column[c].entry += self->from;
            continue;
        }
        self->column[c].entry = repair->entry;
        if (repair->broken && self->replace) {
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
    self->kept = NULL;
    uint32_t records = in->records - self->from;
    if (find_broken(self)) {
        int rc = take_records(stage, &records, &next);
        if (rc < 0)
            return rc;
    }
    give_batch(self, records, out);
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
    free(self->kept_room);
    free(self);
    stage->self = NULL;
}

const struct weir_stage_type weir_csv_utf8 = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "csv.utf8",
    .summary = "sets aside or repairs values that are not UTF-8",
    .options = weir__csv_read_options,
    .traits = WEIR_REJECTS | WEIR_INNER | WEIR_SANDBOX_STRICT,
    .wanted = utf8_wanted,
    .configure = utf8_configure,
    .bind = utf8_bind,
    .needs = utf8_needs,
    .process = utf8_process,
    .close = utf8_close,
};
