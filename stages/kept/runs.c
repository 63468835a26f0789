#include "kept/runs.h"

#include <endian.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "file/kept.h"

enum { WRITE_BYTES = 1 << 20 };

struct row_head {
    uint32_t key_bytes, data_bytes;
};

struct row_order {
    uint64_t prefix; /* of the key: the most of what there is to compare */
    size_t offset;
    const struct rows *rows;
};

/* The key's first bytes as a number: where these differ they decide. */
static uint64_t prefix_of(const char *key, uint32_t bytes)
{
    uint64_t prefix = 0;
    memcpy(&prefix, key, bytes < sizeof(prefix) ? bytes : sizeof(prefix));
    return be64toh(prefix);
}

static int compare_keys(const struct row *a, const struct row *b)
{
    uint32_t n = a->key_bytes < b->key_bytes ? a->key_bytes : b->key_bytes;
    int order = memcmp(a->key, b->key, n);
    return order != 0 ? order : (a->key_bytes > b->key_bytes) - (a->key_bytes < b->key_bytes);
}

static struct row row_at(const char *at)
{
    struct row_head head;
    memcpy(&head, at, sizeof(head));
    const char *key = at + sizeof(head);
    return (struct row){key, key + head.key_bytes, head.key_bytes, head.data_bytes};
}

static size_t row_bytes(const struct row *row)
{
    return sizeof(struct row_head) + row->key_bytes + row->data_bytes;
}

/* ---- rows in memory ---- */

void weir__rows_release(struct rows *rows)
{
    free(rows->bytes.data);
    free(rows->order);
    *rows = (struct rows){0};
}

void weir__rows_clear(struct rows *rows)
{
    rows->bytes.used = 0;
    rows->bytes.failed = false;
    rows->count = 0;
}

void weir__rows_begin(struct rows *rows)
{
    struct row_head head = {0, 0};
    rows->begun = rows->bytes.used;
    bytes_add(&rows->bytes, &head, sizeof(head));
}

static void set_head(struct rows *rows, size_t field, size_t bytes)
{
    uint32_t value = (uint32_t)bytes;
    if (!rows->bytes.failed)
        memcpy(rows->bytes.data + rows->begun + field, &value, sizeof(value));
}

void weir__rows_end_key(struct rows *rows)
{
    set_head(rows, offsetof(struct row_head, key_bytes),
             rows->bytes.used - rows->begun - sizeof(struct row_head));
}

bool weir__rows_end(struct rows *rows)
{
    if (rows->bytes.failed)
        return false;
    struct row row = row_at(rows->bytes.data + rows->begun);
    set_head(rows, offsetof(struct row_head, data_bytes),
             rows->bytes.used - rows->begun - sizeof(struct row_head) - row.key_bytes);
    if (rows->count == rows->capacity) {
        uint32_t capacity = 2 * rows->capacity + 256;
        struct row_order *order = realloc(rows->order, capacity * sizeof(*order));
        if (order == NULL)
            return false;
        rows->order = order;
        rows->capacity = capacity;
    }
    rows->order[rows->count++] =
        (struct row_order){prefix_of(row.key, row.key_bytes), rows->begun, rows};
    return true;
}

static int compare_order(const void *left, const void *right)
{
    const struct row_order *a = left, *b = right;
    if (a->prefix != b->prefix)
        return a->prefix < b->prefix ? -1 : 1;
    struct row x = row_at(a->rows->bytes.data + a->offset),
               y = row_at(b->rows->bytes.data + b->offset);
    int order = compare_keys(&x, &y);
    return order != 0 ? order : (a->offset > b->offset) - (a->offset < b->offset);
}

/* ---- the file ---- */

/* Writes a run; its length stands before it, and is known at the end. */
struct run_writer {
    struct weir_stage *stage;
    struct bytes bytes;
    uint64_t begun, at;
    int code;
};

static void begin_run(struct run_writer *writer, struct weir_stage *stage, uint64_t at)
{
    uint64_t length = 0;
    *writer = (struct run_writer){.stage = stage, .begun = at, .at = at};
    bytes_add(&writer->bytes, &length, sizeof(length));
}

static void flush(struct run_writer *writer)
{
    if (writer->bytes.failed && writer->code == 0)
        writer->code = weir_fail(writer->stage, WEIR_EOS, "out of memory");
    if (writer->code == 0)
        writer->code =
            weir__kept_write(writer->stage, writer->bytes.data, writer->bytes.used, writer->at);
    writer->at += writer->bytes.used;
    writer->bytes.used = 0;
}

void weir__run_add(struct run_writer *writer, const struct row *row)
{
    struct row_head head = {row->key_bytes, row->data_bytes};
    bytes_add(&writer->bytes, &head, sizeof(head));
    bytes_add(&writer->bytes, row->key, row->key_bytes);
    bytes_add(&writer->bytes, row->data, row->data_bytes);
    if (writer->bytes.used >= WRITE_BYTES || writer->bytes.failed)
        flush(writer);
}

/* A run that was not flushed yet is written at once, its length with it. */
static int end_run(struct run_writer *writer)
{
    uint64_t length = writer->at + writer->bytes.used - writer->begun - sizeof(length);
    bool whole = writer->at == writer->begun && !writer->bytes.failed;
    if (whole)
        memcpy(writer->bytes.data, &length, sizeof(length));
    flush(writer);
    if (writer->code == 0 && !whole)
        writer->code =
            weir__kept_write(writer->stage, (const char *)&length, sizeof(length), writer->begun);
    free(writer->bytes.data);
    return writer->code;
}

int weir__runs_append(struct weir_stage *stage, struct runs_state *state, struct rows *rows)
{
    struct run_writer writer;
    if (rows->count == 0)
        return 0;
    qsort(rows->order, rows->count, sizeof(*rows->order), compare_order);
    begin_run(&writer, stage, state->bytes);
    for (uint32_t r = 0; r < rows->count; r++) {
        struct row row = row_at(rows->bytes.data + rows->order[r].offset);
        weir__run_add(&writer, &row);
    }
    int code = end_run(&writer);
    state->bytes = writer.at;
    return code;
}

/* ---- merging ---- */

struct merge_source {
    uint64_t prefix;
    const char *at, *end;
    uint32_t rank; /* of its run: which comes first of one key */
};

static bool before(const struct merge_source *a, const struct merge_source *b)
{
    if (a->prefix != b->prefix)
        return a->prefix < b->prefix;
    struct row x = row_at(a->at), y = row_at(b->at);
    int order = compare_keys(&x, &y);
    return order != 0 ? order < 0 : a->rank < b->rank;
}

/* Checks the row at its front, which stands in a file, and takes its prefix. False at the end. */
static bool look_at_front(struct merge *merge, struct merge_source *source)
{
    size_t left = (size_t)(source->end - source->at);
    if (left == 0)
        return false;
    struct row row = {0};
    if (left >= sizeof(struct row_head))
        row = row_at(source->at);
    if (left < sizeof(struct row_head) ||
        left - sizeof(struct row_head) < (uint64_t)row.key_bytes + row.data_bytes) {
        merge->damaged = true;
        return false;
    }
    source->prefix = prefix_of(row.key, row.key_bytes);
    return true;
}

/* The source at i may come too early: down with it. */
static void sift_down(struct merge *merge, uint32_t i)
{
    struct merge_source moving = merge->source[i];
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= merge->sources)
            break;
        if (child + 1 < merge->sources && before(&merge->source[child + 1], &merge->source[child]))
            child++;
        if (!before(&merge->source[child], &moving))
            break;
        merge->source[i] = merge->source[child];
        i = child;
    }
    merge->source[i] = moving;
}

static void sift_up(struct merge *merge, uint32_t i)
{
    struct merge_source moving = merge->source[i];
    for (; i > 0 && before(&moving, &merge->source[(i - 1) / 2]); i = (i - 1) / 2)
        merge->source[i] = merge->source[(i - 1) / 2];
    merge->source[i] = moving;
}

static int add_source(struct weir_stage *stage, struct merge *merge, const char *at, size_t bytes)
{
    struct merge_source source = {.at = at, .end = at + bytes, .rank = merge->sources};
    if (merge->sources == merge->capacity) {
        uint32_t capacity = 2 * merge->capacity + 64;
        struct merge_source *grown = realloc(merge->source, capacity * sizeof(*grown));
        if (grown == NULL)
            return weir_fail(stage, WEIR_EOS, "out of memory");
        merge->source = grown;
        merge->capacity = capacity;
    }
    if (!look_at_front(merge, &source))
        return 0;
    merge->source[merge->sources++] = source;
    sift_up(merge, merge->sources - 1);
    return 0;
}

static const char *map(struct weir_stage *stage, struct merge *merge, int fd, uint64_t bytes)
{
    struct mapping *mapping =
        realloc(merge->mapping, (merge->mappings + 1) * sizeof(*merge->mapping));
    if (mapping == NULL) {
        weir_fail(stage, WEIR_EOS, "out of memory");
        return NULL;
    }
    merge->mapping = mapping;
    void *base = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) {
        weir_fail_errno(stage, WEIR_EOS, "cannot read the temporary file");
        return NULL;
    }
    merge->mapping[merge->mappings++] = (struct mapping){base, bytes};
    return base;
}

static int damaged(struct weir_stage *stage)
{
    return weir_fail(stage, WEIR_EINTERNAL, "the temporary file is damaged");
}

/* All runs of the seat's own file. */
static int add_own(struct weir_stage *stage, struct merge *merge, uint64_t bytes)
{
    const char *base = bytes == 0 ? NULL : map(stage, merge, weir_kept(stage), bytes);
    int code = bytes > 0 && base == NULL ? WEIR_EOS : 0;
    for (uint64_t at = 0, length; at < bytes && code == 0; at += length) {
        if (bytes - at < sizeof(length))
            return damaged(stage);
        memcpy(&length, base + at, sizeof(length));
        at += sizeof(length);
        if (length > bytes - at)
            return damaged(stage);
        code = add_source(stage, merge, base + at, length);
    }
    return code;
}

int weir__merge_add_gathered(struct weir_stage *stage, struct merge *merge,
                             const struct runs_gathered *gathered)
{
    int code = 0;
    for (uint32_t seat = 0; seat < sizeof(gathered->run) / sizeof(gathered->run[0]) && code == 0;
         seat++) {
        uint64_t at = gathered->run[seat] - 1, length;
        int fd = weir_kept_before(stage, seat);
        if (gathered->run[seat] == 0)
            continue;
        if (TEMP_FAILURE_RETRY(pread(fd, &length, sizeof(length), (off_t)at)) != sizeof(length))
            return damaged(stage);
        at += sizeof(length);
        const char *base = map(stage, merge, fd, at + length);
        code = base == NULL ? WEIR_EOS : add_source(stage, merge, base + at, length);
    }
    return code;
}

bool weir__merge_next(struct merge *merge, struct row *ret)
{
    if (merge->moved) {
        struct merge_source *first = &merge->source[0];
        struct row row = row_at(first->at);
        first->at += row_bytes(&row);
        if (!look_at_front(merge, first))
            *first = merge->source[--merge->sources];
        if (merge->sources > 1)
            sift_down(merge, 0);
    }
    merge->moved = merge->sources > 0;
    if (merge->sources == 0 || merge->damaged)
        return false;
    *ret = row_at(merge->source[0].at);
    return true;
}

void weir__merge_release(struct merge *merge)
{
    for (uint32_t m = 0; m < merge->mappings; m++)
        munmap(merge->mapping[m].base, merge->mapping[m].bytes);
    free(merge->mapping);
    free(merge->source);
    *merge = (struct merge){0};
}

/* ---- a seat's end ---- */

struct place {
    uint64_t seat, offset;
};

int weir__runs_finish(struct weir_stage *stage, const struct runs_state *state,
                      int (*each)(struct weir_stage *stage, const struct row *row,
                                  struct run_writer *writer),
                      struct weir_output *out)
{
    struct merge merge = {0};
    struct run_writer writer;
    struct row row;
    const struct place place = {weir_seat(stage), state->bytes};
    if (state->bytes == 0)
        return 0;
    begin_run(&writer, stage, state->bytes);
    int code = add_own(stage, &merge, state->bytes);
    while (code == 0 && writer.code == 0 && weir__merge_next(&merge, &row))
        code = each(stage, &row, &writer);
    if (code == 0 && merge.damaged)
        code = damaged(stage);
    if (code == 0)
        code = each(stage, NULL, &writer);
    int written = end_run(&writer);
    weir__merge_release(&merge);
    memcpy(out->bytes, &place, sizeof(place));
    out->used = sizeof(place);
    return code < 0 ? code : written;
}

int weir__runs_gather(struct weir_stage *stage, struct runs_gathered *gathered,
                      const struct weir_batch *in)
{
    struct place place;
    if (in->byte_count != sizeof(place))
        return damaged(stage);
    memcpy(&place, in->bytes, sizeof(place));
    if (place.seat >= sizeof(gathered->run) / sizeof(gathered->run[0]))
        return damaged(stage);
    gathered->run[place.seat] = place.offset + 1;
    return 0;
}
