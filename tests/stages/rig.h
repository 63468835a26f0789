/*
 * rig.h - drives one stage, or a chain of them, without the engine: in one process, one batch at a
 * time.
 *
 *     struct rig rig;
 *     rig_init(&rig);
 *     rig_add(&rig, &csv_read, rig_with("path", rig_write(&rig, "in.csv", "a,b\n1,\n"), NULL));
 *     ck_assert_int_eq(rig_run(&rig), 0);
 *     ck_assert_str_eq(rig.output.data, "1|~\n");
 *     rig_release(&rig);
 *
 * A type that expands is added as its inner stages. What comes out of the last stage is collected
 * in rig.output: bytes as they are (behind the schema's preamble), records as lines of fields with
 * '|' between them and "~" for null. A chain whose first stage is no source is fed by rig_table or
 * rig_bytes. On failure rig_error tells what was said.
 *
 * A transaction is one batch of the source (or one of those fed) pushed through the whole chain.
 * With kill_every set every n-th transaction is done, forgotten, and done again by stages that were
 * opened anew from the last committed states.
 */
#ifndef WEIR_TESTS_RIG_H
#define WEIR_TESTS_RIG_H

#include <ftw.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <check.h>
#include <weir/stage.h>

/* stage */
#include "stage/option.h"
#include "stage/runtime.h"

/* base */
#include "base/buf.h"

#define RIG_STAGES 12
#define RIG_STATE  1024

struct rig_stage {
    struct weir_stage stage;
    struct stage_runtime runtime;
    struct weir_schema out;
    bool *needed;
    _Alignas(16) char state[RIG_STATE];
    _Alignas(16) char committed[RIG_STATE];
    bool opened;
    int kept_fd;              /* of a type that keeps, else -1 */
    char *bytes, *large;      /* where a raw output goes */
    struct weir_counts total; /* committed */
    uint64_t rejected;        /* committed */
    uint64_t records;         /* that came out, committed */
    struct weir_counts now;   /* of the transaction that is going on */
    uint64_t rejected_now, records_now;
};

struct rig {
    /* Set between rig_init and rig_run. */
    size_t capacity; /* of raw outputs; 256 KiB */
    size_t reject_capacity;
    enum on_error on_error;
    const char *wanted;     /* the columns of the last output that are needed, "a|c"; NULL: all */
    uint32_t batch_records; /* rig_table feeds so many at a time; 0: all at once */
    unsigned kill_every;    /* 0: never */
    bool by_splits;         /* a source that can reads splits of facts.split_bytes */
    char between, end;      /* in output: '|' and '\n' */
    const char *null;       /* in output and in rig_table: "~" */
    struct run_facts facts;

    /* Results. */
    struct buf output;
    struct buf rejects;        /* the rows of rejected records of all stages, without the header */
    struct weir_err err;       /* a stage failed */
    struct weir_errors errors; /* planning said no */
    const char *published;
    bool enough; /* a stage needed no further input */
    unsigned transactions;
    unsigned kills;

    struct rig_stage stage[RIG_STAGES];
    size_t stages;
    struct node *with[RIG_STAGES]; /* owned */
    struct settings *settings[RIG_STAGES];
    size_t withs;
    struct weir_probe probe;
    bool probed;
    int head_fd;
    bool fresh;
    struct weir_schema input;
    struct weir_batch *fed; /* owned, with all that it points to */
    size_t fed_count;
    uint64_t handed, hands_on; /* from split to split */
    struct reject_room room;
    struct buf written; /* rejects of the transaction that is going on */
    char *dir;
    char paths[16][512]; /* what rig_path handed out last */
    unsigned path;
};

#define RIG_FN __attribute__((unused)) static

RIG_FN void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof(*rig));
    rig->capacity = 256 << 10;
    rig->reject_capacity = 256 << 10;
    rig->between = '|';
    rig->end = '\n';
    rig->null = "~";
    rig->facts.max_record = 16 << 20;
    rig->facts.split_bytes = 256 << 10;
    rig->facts.run_id = "7f3a";
    rig->head_fd = -1;
    rig->fresh = true;
    weir__buf_init(&rig->output);
    weir__buf_init(&rig->rejects);
    weir__buf_init(&rig->written);
}

/* ---- files ---- */

/* A path in a folder of the rig's own, which goes with it. Good for sixteen further calls. */
RIG_FN const char *rig_path(struct rig *rig, const char *name)
{
    if (rig->dir == NULL) {
        const char *tmp = getenv("TMPDIR");
        char *made = malloc(4096);
        ck_assert_ptr_nonnull(made);
        snprintf(made, 4096, "%s/weir-rig-XXXXXX", tmp == NULL ? "/tmp" : tmp);
        rig->dir = mkdtemp(made);
        ck_assert_ptr_nonnull(rig->dir);
    }
    char *path = rig->paths[rig->path++ % 16];
    snprintf(path, sizeof(rig->paths[0]), "%s/%s", rig->dir, name);
    return path;
}

RIG_FN const char *rig_write_bytes(struct rig *rig, const char *name, const void *bytes, size_t n)
{
    const char *path = rig_path(rig, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    ck_assert_int_ge(fd, 0);
    for (size_t done = 0; done < n;) {
        ssize_t got = write(fd, (const char *)bytes + done, n - done);
        ck_assert_int_gt(got, 0);
        done += (size_t)got;
    }
    close(fd);
    return path;
}

RIG_FN const char *rig_write(struct rig *rig, const char *name, const char *text)
{
    return rig_write_bytes(rig, name, text, strlen(text));
}

/* The whole of a file; released by the caller. */
RIG_FN struct buf rig_read(const char *path)
{
    struct buf buf;
    weir__buf_init(&buf);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_msg(fd >= 0, "no file %s", path);
    char piece[65536];
    ssize_t got;
    while ((got = read(fd, piece, sizeof(piece))) > 0)
        weir__buf_add(&buf, piece, (size_t)got);
    ck_assert_int_eq(got, 0);
    close(fd);
    return buf;
}

/* ---- options ---- */

/* A map of scalars: pairs of strings, NULL at the end. */
RIG_FN struct node *rig_with(const char *key, ...)
{
    struct node *map = weir__node_map();
    va_list args;
    va_start(args, key);
    for (; key != NULL; key = va_arg(args, const char *))
        ck_assert_int_eq(weir__node_append(map, key, weir__node_scalar(va_arg(args, const char *))),
                         0);
    va_end(args);
    return map;
}

/* A list of strings, NULL at the end. */
RIG_FN struct node *rig_list(const char *item, ...)
{
    struct node *list = weir__node_list();
    va_list args;
    va_start(args, item);
    for (; item != NULL; item = va_arg(args, const char *))
        ck_assert_int_eq(weir__node_append(list, NULL, weir__node_scalar(item)), 0);
    va_end(args);
    return list;
}

/* Puts a list or map into a map. Returns the map. */
RIG_FN struct node *rig_put(struct node *with, const char *key, struct node *value)
{
    ck_assert_int_eq(weir__node_append(with, key, value), 0);
    return with;
}

/* ---- building the chain ---- */

RIG_FN int rig_oversize(struct weir_stage *stage, struct weir_output *out)
{
    struct rig *rig = stage->runtime->engine;
    struct rig_stage *mine =
        (struct rig_stage *)(void *)((char *)stage - offsetof(struct rig_stage, stage));
    if (mine->large == NULL)
        mine->large = malloc(rig->facts.max_record + 1);
    ck_assert_ptr_nonnull(mine->large);
    out->bytes = mine->large;
    out->capacity = rig->facts.max_record + 1;
    return 0;
}

RIG_FN int rig_receive(struct weir_stage *stage, uint64_t *ret)
{
    *ret = ((struct rig *)stage->runtime->engine)->handed;
    return 0;
}

RIG_FN void rig_hand_on(struct weir_stage *stage, uint64_t word)
{
    ck_assert_uint_eq(word >> 56, 0);
    ((struct rig *)stage->runtime->engine)->hands_on = word;
}

RIG_FN void rig_add_one(struct rig *rig, const struct weir_stage_type *type,
                        const struct settings *settings)
{
    ck_assert_uint_lt(rig->stages, RIG_STAGES);
    struct rig_stage *stage = &rig->stage[rig->stages++];
    bool keeps = (type->traits & WEIR_KEEPS) != 0;
    stage->kept_fd = keeps ? memfd_create("kept", MFD_CLOEXEC) : -1;
    ck_assert(!keeps || stage->kept_fd >= 0);
    stage->stage = (struct weir_stage){
        .type = type, .id = "it", .state = stage->state, .runtime = &stage->runtime};
    stage->runtime = (struct stage_runtime){.settings = settings,
                                            .facts = &rig->facts,
                                            .head_fd = -1,
                                            .kept_fd = stage->kept_fd,
                                            .fresh = true,
                                            .err = &rig->err,
                                            .errors = &rig->errors,
                                            .oversize = rig_oversize,
                                            .receive = rig_receive,
                                            .hand_on = rig_hand_on,
                                            .engine = rig};
    ck_assert_uint_le(type->state_bytes, RIG_STATE);
}

/* Appends a stage with its options (owned from here on; NULL: none). Returns 0, or the code of an
 * option's error. */
RIG_FN int rig_add(struct rig *rig, const struct weir_stage_type *type, struct node *with)
{
    rig->with[rig->withs] = with;
    int rc = weir__settings_read(type->options, with, &rig->errors, &rig->settings[rig->withs]);
    ck_assert_ptr_nonnull(rig->settings[rig->withs]);
    const struct settings *settings = rig->settings[rig->withs++];
    if (type->inner == NULL) {
        rig_add_one(rig, type, settings);
        return rc;
    }
    if (type->configure != NULL) {
        rig_add_one(rig, type, settings);
        struct weir_stage *outer = &rig->stage[--rig->stages].stage;
        int configured = type->configure(outer);
        rc = rc < 0 ? rc : configured;
        if (type->close != NULL)
            type->close(outer);
    }
    for (size_t i = 0; type->inner[i] != NULL; i++) {
        rig_add_one(rig, type->inner[i], settings);
        if (type->inner[i]->wanted != NULL &&
            !type->inner[i]->wanted(&rig->stage[rig->stages - 1].stage))
            rig->stages--;
    }
    return rc;
}

/* ---- what a chain without a source is fed ---- */

RIG_FN void rig_schema(struct weir_schema *schema, const char *text)
{
    char *copy = strdup(text), *save = NULL;
    for (char *name = strtok_r(copy, "|", &save); name != NULL; name = strtok_r(NULL, "|", &save)) {
        char *colon = strchr(name, ':');
        int type = WEIR_UNTYPED;
        if (colon != NULL) {
            *colon = '\0';
            type = weir_type_find(colon + 1);
            ck_assert_int_ge(type, 0);
        }
        ck_assert_int_eq(weir_schema_add(schema, name, (enum weir_type)type), 0);
    }
    free(copy);
}

RIG_FN void rig_locate(const struct weir_batch *batch, uint32_t record, struct weir_position *ret)
{
    /* Record r of a table stands in line r + 2, behind a header, each line being ten bytes wide. */
    uint64_t first = *(const uint64_t *)batch->locate_context;
    *ret = (struct weir_position){
        .file = 0, .line = first + record + 2, .offset = (first + record + 1) * 10};
}

RIG_FN struct weir_batch *rig_feed(struct rig *rig)
{
    rig->fed = realloc(rig->fed, (rig->fed_count + 1) * sizeof(*rig->fed));
    ck_assert_ptr_nonnull(rig->fed);
    struct weir_batch *batch = &rig->fed[rig->fed_count++];
    memset(batch, 0, sizeof(*batch));
    return batch;
}

RIG_FN void rig_table_batch(struct rig *rig, uint64_t first, const char **rows, uint32_t records)
{
    uint32_t columns = rig->input.columns;
    struct weir_column *column = calloc(columns, sizeof(*column));
    struct buf *heap = calloc(columns, sizeof(*heap));
    uint64_t *entry = calloc((size_t)records * columns + 1, sizeof(*entry));
    uint64_t *context = malloc(sizeof(*context));
    ck_assert(column != NULL && heap != NULL && entry != NULL && context != NULL);
    for (uint32_t c = 0; c < columns; c++)
        weir__buf_init(&heap[c]);
    for (uint32_t r = 0; r < records; r++) {
        const char *at = rows[r];
        for (uint32_t c = 0; c < columns; c++) {
            size_t n = strcspn(at, "|\n");
            uint64_t *to = &entry[(size_t)c * records + r];
            if (n == strlen(rig->null) && memcmp(at, rig->null, n) == 0) {
                *to = weir_entry_null();
            } else {
                *to = weir_entry((uint32_t)heap[c].len, (uint32_t)n);
                weir__buf_add(&heap[c], at, n);
            }
            at += n;
            ck_assert_msg(c + 1 == columns ? *at != '|' : *at == '|', "row %u of the table", r);
            at += *at == '|';
        }
    }
    for (uint32_t c = 0; c < columns; c++) {
        column[c] = (struct weir_column){.entry = entry + (size_t)c * records,
                                         .heap_bytes = (uint32_t)heap[c].len};
        column[c].heap = weir__buf_detach(&heap[c]);
    }
    free(heap);
    *context = first;
    *rig_feed(rig) = (struct weir_batch){.records = records,
                                         .columns = columns,
                                         .column = column,
                                         .locate = rig_locate,
                                         .locate_context = context};
    if (columns == 0)
        free(entry);
}

/* Records for the first stage: columns "a|b:integer", rows "1|2\n3|~\n". After batch_records was
 * set. */
RIG_FN void rig_table(struct rig *rig, const char *columns, const char *rows)
{
    rig_schema(&rig->input, columns);
    size_t lines = 0;
    for (const char *at = rows; *at != '\0'; at++)
        lines += *at == '\n';
    const char **row = calloc(lines + 1, sizeof(*row));
    ck_assert_ptr_nonnull(row);
    for (size_t i = 0; i < lines; i++) {
        row[i] = rows;
        rows = strchr(rows, '\n') + 1;
    }
    size_t step = rig->batch_records == 0 ? lines : rig->batch_records;
    for (size_t i = 0; i < lines; i += step)
        rig_table_batch(rig, i, row + i, (uint32_t)(lines - i < step ? lines - i : step));
    free(row);
}

/* A batch of raw bytes for the first stage (copied). Schema as in rig_table; the first call's
 * counts. */
RIG_FN void rig_bytes(struct rig *rig, const char *columns, const void *bytes, size_t n)
{
    if (rig->fed_count == 0)
        rig_schema(&rig->input, columns);
    rig->input.raw = true;
    char *copy = malloc(n + 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, n);
    *rig_feed(rig) =
        (struct weir_batch){.bytes = copy, .byte_count = n, .origin = {.file = 0, .line = 1}};
}

/* ---- the life of the chain ---- */

RIG_FN void rig_close(struct rig *rig)
{
    for (size_t i = 0; i < rig->stages; i++) {
        struct rig_stage *stage = &rig->stage[i];
        if (stage->stage.type->close != NULL)
            stage->stage.type->close(&stage->stage);
        stage->stage.self = NULL;
        weir_schema_release(&stage->out);
        free(stage->needed);
        stage->needed = NULL;
        stage->stage.needed = NULL;
        stage->stage.in = stage->stage.out = NULL;
    }
}

RIG_FN bool rig_is_wanted(const struct rig *rig, const char *name)
{
    const char *at = rig->wanted;
    size_t n = strlen(name);
    for (; at != NULL && *at != '\0'; at += strcspn(at, "|"), at += *at == '|') {
        if (strcspn(at, "|") == n && memcmp(at, name, n) == 0)
            return true;
    }
    return rig->wanted == NULL;
}

RIG_FN void rig_needs(struct rig *rig)
{
    for (size_t i = rig->stages; i-- > 0;) {
        struct rig_stage *stage = &rig->stage[i];
        stage->needed = calloc(stage->out.columns + 1u, sizeof(bool));
        ck_assert_ptr_nonnull(stage->needed);
        stage->stage.needed = stage->needed;
        struct rig_stage *next = i + 1 < rig->stages ? stage + 1 : NULL;
        if (next == NULL) {
            for (uint32_t c = 0; c < stage->out.columns; c++)
                stage->needed[c] = rig_is_wanted(rig, stage->out.column[c].name);
        } else if (next->stage.type->needs != NULL) {
            next->stage.type->needs(&next->stage, stage->needed);
        } else {
            memset(stage->needed, true, stage->out.columns);
        }
    }
}

/* configure, probe (once), bind, needs: what planning and each worker do. */
RIG_FN int rig_bind(struct rig *rig)
{
    for (size_t i = 0; i < rig->stages; i++) {
        struct weir_stage *stage = &rig->stage[i].stage;
        int rc = stage->type->configure == NULL ? 0 : stage->type->configure(stage);
        if (rc < 0)
            return rc;
    }
    struct weir_stage *first = &rig->stage[0].stage;
    if (first->type->probe != NULL && !rig->probed) {
        int rc = first->type->probe(first, &rig->probe);
        if (rc < 0)
            return rc;
        rig->probed = true;
        rig->facts.file = rig->probe.file;
        rig->facts.files = rig->probe.files;
        rig->head_fd = memfd_create("head", MFD_CLOEXEC);
        ck_assert_int_eq(write(rig->head_fd, rig->probe.head, rig->probe.head_bytes),
                         (ssize_t)rig->probe.head_bytes);
    }
    for (size_t i = 0; i < rig->stages; i++) {
        rig->stage[i].runtime.probed = rig->probe.text;
        rig->stage[i].runtime.files = (uint32_t)rig->probe.files;
    }
    first->runtime->head_fd = rig->head_fd;
    const struct weir_schema *in = &rig->input;
    if (first->type->traits & WEIR_SOURCE) {
        in = NULL;
        ck_assert_int_eq(weir_schema_copy(&rig->stage[0].out, &rig->probe.schema), 0);
    }
    for (size_t i = 0; i < rig->stages; i++) {
        struct rig_stage *stage = &rig->stage[i];
        stage->stage.in = in;
        int rc = stage->stage.type->bind == NULL
                     ? 0
                     : stage->stage.type->bind(&stage->stage, &stage->out);
        if (rc < 0)
            return rc;
        stage->stage.out = in = &stage->out;
    }
    rig_needs(rig);
    return rig->errors.count > 0 ? rig->errors.list[0].code : 0;
}

/* Planning alone. 0 or a code. */
RIG_FN int rig_plan(struct rig *rig)
{
    if (rig->errors.count > 0)
        return rig->errors.list[0].code;
    int rc = rig_bind(rig);
    if (rc < 0)
        rig_close(rig);
    return rc;
}

RIG_FN int rig_open(struct rig *rig)
{
    for (size_t i = 0; i < rig->stages; i++) {
        struct rig_stage *stage = &rig->stage[i];
        stage->runtime.fresh = rig->fresh;
        if (i > 0 && stage[-1].kept_fd >= 0) {
            stage->runtime.kept_before = &stage[-1].kept_fd;
            stage->runtime.kept_befores = 1;
        }
        stage->runtime.on_error = rig->on_error;
        stage->runtime.rejects = &rig->room;
        stage->runtime.errors = NULL;
        if (stage->bytes == NULL)
            stage->bytes = malloc(rig->capacity);
        ck_assert_ptr_nonnull(stage->bytes);
        memcpy(stage->state, stage->committed, RIG_STATE);
        int rc = stage->stage.type->open == NULL ? 0 : stage->stage.type->open(&stage->stage);
        if (rc < 0)
            return rc;
    }
    if (rig->room.bytes == NULL)
        rig->room.bytes = malloc(rig->reject_capacity);
    rig->room.capacity = rig->reject_capacity;
    return 0;
}

/* ---- transactions ---- */

RIG_FN void rig_collect(struct rig *rig, const struct weir_schema *schema,
                        const struct weir_output *out)
{
    if (schema->raw) {
        weir__buf_add(&rig->output, out->bytes, out->used);
        return;
    }
    for (uint32_t r = 0; r < out->batch.records; r++) {
        const char *between = "";
        for (uint32_t c = 0; c < out->batch.columns; c++) {
            if (out->batch.column[c].entry == NULL)
                continue;
            struct weir_value value = weir_value(&out->batch.column[c], r);
            weir__buf_add(&rig->output, &rig->between, *between != '\0');
            weir__buf_add(&rig->output, value.data == NULL ? rig->null : value.data,
                          value.data == NULL ? strlen(rig->null) : value.length);
            between = "|";
        }
        weir__buf_add(&rig->output, &rig->end, 1);
    }
}

RIG_FN void rig_begin_call(struct rig *rig, struct rig_stage *stage, struct weir_output *out)
{
    memset(out, 0, sizeof(*out));
    out->bytes = stage->bytes;
    out->capacity = rig->capacity;
    rig->room.used = rig->room.rows = 0;
    stage->runtime.rejected = 0;
    stage->stage.count = (struct weir_counts){0};
}

/* Adds up what a call has counted; true if it put something out. */
RIG_FN bool rig_end_call(struct rig *rig, struct rig_stage *stage, const struct weir_output *out)
{
    const struct weir_counts *count = &stage->stage.count;
    stage->now.in += count->in;
    stage->now.dropped += count->dropped;
    stage->now.null_dropped += count->null_dropped;
    stage->now.failed += count->failed;
    stage->now.bytes += count->bytes;
    stage->rejected_now += stage->runtime.rejected;
    weir__buf_add(&rig->written, rig->room.bytes, rig->room.used);
    if (stage->stage.type->traits & WEIR_SINK)
        return false;
    stage->records_now += stage->out.raw ? out->records : out->batch.records;
    return stage->out.raw ? out->used > 0 : out->batch.records > 0;
}

RIG_FN int rig_push(struct rig *rig, size_t i, const struct weir_batch *in);

RIG_FN int rig_pass_on(struct rig *rig, size_t i, const struct weir_output *out)
{
    const struct weir_schema *schema = &rig->stage[i].out;
    if (i + 1 == rig->stages) {
        rig_collect(rig, schema, out);
        return 0;
    }
    if (!schema->raw)
        return rig_push(rig, i + 1, &out->batch);
    struct weir_batch batch = {.records = out->records,
                               .bytes = out->bytes,
                               .byte_count = out->used,
                               .origin = out->origin,
                               .whole_bytes = out->whole_bytes};
    return rig_push(rig, i + 1, &batch);
}

RIG_FN int rig_push(struct rig *rig, size_t i, const struct weir_batch *in)
{
    struct rig_stage *stage = &rig->stage[i];
    uint64_t cursor = 0;
    int rc = 0;
    while (rc == 0 && cursor != UINT64_MAX) {
        struct weir_output out;
        rig_begin_call(rig, stage, &out);
        rc = stage->stage.type->process(&stage->stage, in, &cursor, &out);
        if (rc < 0)
            return rc;
        if (rc == WEIR_ENOUGH)
            rig->enough = true;
        if (rig_end_call(rig, stage, &out)) {
            int passed = rig_pass_on(rig, i, &out);
            rc = passed != 0 ? passed : rc;
        }
    }
    return rc;
}

RIG_FN int rig_read_split(struct rig *rig, uint64_t split)
{
    struct rig_stage *first = &rig->stage[0];
    struct weir_output ignored;
    struct weir_batch batch = {0};
    rig_begin_call(rig, first, &ignored);
    int rc = first->stage.type->read_split(&first->stage, split, &batch);
    if (rc < 0)
        return rc;
    ck_assert_int_eq(rc, 0);
    first->now.bytes += first->stage.count.bytes;
    if (batch.byte_count > 0 && (rc = rig_push(rig, 1, &batch)) != 0)
        return rc;
    return split + 1 < rig->probe.splits;
}

/* One step of the source or one batch fed. 1: there is more, 0: that was the last, negative:
 * failed. */
RIG_FN int rig_step(struct rig *rig, size_t fed)
{
    struct rig_stage *first = &rig->stage[0];
    if (!(first->stage.type->traits & WEIR_SOURCE)) {
        if (fed >= rig->fed_count)
            return 0;
        int rc = rig_push(rig, 0, &rig->fed[fed]);
        return rc != 0 ? rc : fed + 1 < rig->fed_count;
    }
    if (rig->by_splits && rig->probe.splits > 0)
        return rig_read_split(rig, fed);
    struct weir_output out;
    rig_begin_call(rig, first, &out);
    int more = first->stage.type->produce(&first->stage, &out);
    if (more < 0)
        return more;
    int rc = rig_end_call(rig, first, &out) ? rig_pass_on(rig, 0, &out) : 0;
    return rc != 0 ? rc : more;
}

RIG_FN void rig_forget(struct rig *rig, size_t output, bool commit)
{
    for (size_t i = 0; i < rig->stages; i++) {
        struct rig_stage *stage = &rig->stage[i];
        if (commit) {
            memcpy(stage->committed, stage->state, RIG_STATE);
            stage->total.in += stage->now.in;
            stage->total.dropped += stage->now.dropped;
            stage->total.null_dropped += stage->now.null_dropped;
            stage->total.failed += stage->now.failed;
            stage->total.bytes += stage->now.bytes;
            stage->rejected += stage->rejected_now;
            stage->records += stage->records_now;
        }
        stage->now = (struct weir_counts){0};
        stage->rejected_now = stage->records_now = 0;
    }
    if (commit) {
        rig->fresh = false;
        rig->transactions++;
        weir__buf_add(&rig->rejects, rig->written.data, rig->written.len);
    } else {
        weir__buf_truncate(&rig->output, output);
    }
    weir__buf_truncate(&rig->written, 0);
}

RIG_FN int rig_transaction(struct rig *rig, size_t fed)
{
    size_t output = rig->output.len;
    for (size_t i = 0; i < rig->stages; i++)
        rig->stage[i].runtime.number = fed;
    int rc = rig_step(rig, fed);
    if (rc >= 0 && rig->kill_every != 0 && (rig->transactions + 1) % rig->kill_every == 0) {
        rig->kills++;
        rig_forget(rig, output, false);
        rig_close(rig);
        rc = rig_bind(rig);
        rc = rc < 0 ? rc : rig_open(rig);
        rc = rc < 0 ? rc : rig_step(rig, fed);
    }
    rig->handed = rig->hands_on;
    rig_forget(rig, output, true);
    return rc;
}

RIG_FN int rig_finish(struct rig *rig)
{
    int rc = 0;
    for (size_t i = 0; i < rig->stages && rc == 0; i++) {
        struct rig_stage *stage = &rig->stage[i];
        if (stage->stage.type->finish == NULL)
            continue;
        do {
            struct weir_output out;
            rig_begin_call(rig, stage, &out);
            rc = stage->stage.type->finish(&stage->stage, &out);
            if (rc >= 0 && rig_end_call(rig, stage, &out)) {
                int passed = rig_pass_on(rig, i, &out);
                rc = passed < 0 ? passed : rc;
            }
            if (rc == WEIR_MORE && rig->kill_every != 0) {
                rig_forget(rig, rig->output.len, true);
                rig_close(rig);
                int again = rig_bind(rig);
                again = again < 0 ? again : rig_open(rig);
                rc = again < 0 ? again : rc;
            }
        } while (rc == WEIR_MORE);
    }
    rig_forget(rig, rig->output.len, true);
    return rc;
}

RIG_FN int rig_publish(struct rig *rig, bool keep)
{
    int rc = 0;
    for (size_t i = 0; i < rig->stages; i++) {
        struct weir_stage *stage = &rig->stage[i].stage;
        if (stage->type->publish == NULL)
            continue;
        const char *path = NULL;
        int published = stage->type->publish(stage, keep, &path);
        rc = rc < 0 ? rc : published;
        rig->published = path == NULL ? NULL : strcpy(rig->paths[rig->path++ % 16], path);
    }
    return rc;
}

/* The whole life: 0, or the code of what failed. Outputs are published if nothing failed, else
 * discarded. */
RIG_FN int rig_run(struct rig *rig)
{
    int rc = rig_plan(rig);
    if (rc < 0)
        return rc;
    rig_close(rig);
    rc = rig_bind(rig);
    rc = rc < 0 ? rc : rig_open(rig);
    const struct rig_stage *last = &rig->stage[rig->stages - 1];
    if (rc == 0 && last->out.preamble != NULL)
        weir__buf_add(&rig->output, last->out.preamble, last->out.preamble_bytes);
    if (rc == 0) {
        size_t fed = 0;
        do
            rc = rig_transaction(rig, fed++);
        while (rc == 1 && !rig->enough);
        rc = rc < 0 ? rc : rig_finish(rig);
    }
    int published = rig_publish(rig, rc == 0);
    rc = rc < 0 ? rc : published;
    rig_close(rig);
    return rc;
}

/* What was said when something failed: the first error of planning, else the stage's. */
RIG_FN const char *rig_error(const struct rig *rig)
{
    return rig->errors.count > 0 ? rig->errors.list[0].text : rig->err.text;
}

RIG_FN int rig_remove(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

RIG_FN void rig_release(struct rig *rig)
{
    for (size_t i = 0; i < RIG_STAGES; i++) {
        free(rig->stage[i].bytes);
        free(rig->stage[i].large);
        if (rig->stage[i].stage.type != NULL && rig->stage[i].kept_fd >= 0)
            close(rig->stage[i].kept_fd);
    }
    for (size_t i = 0; i < rig->withs; i++) {
        weir__settings_free(rig->settings[i]);
        weir__node_free(rig->with[i]);
    }
    for (size_t i = 0; i < rig->fed_count; i++) {
        struct weir_batch *batch = &rig->fed[i];
        for (uint32_t c = 0; c < batch->columns; c++)
            free((void *)(uintptr_t)batch->column[c].heap);
        if (batch->columns > 0)
            free((void *)(uintptr_t)batch->column[0].entry);
        free((void *)(uintptr_t)batch->column);
        free((void *)(uintptr_t)batch->locate_context);
        free((void *)(uintptr_t)batch->bytes);
    }
    free(rig->fed);
    for (size_t i = 0; i < rig->probe.files; i++)
        free(rig->probe.file[i]);
    free(rig->probe.file);
    free(rig->probe.text);
    free(rig->probe.head);
    weir_schema_release(&rig->probe.schema);
    weir_schema_release(&rig->input);
    weir_errors_release(&rig->errors);
    weir__buf_release(&rig->output);
    weir__buf_release(&rig->rejects);
    weir__buf_release(&rig->written);
    free(rig->room.bytes);
    if (rig->head_fd >= 0)
        close(rig->head_fd);
    if (rig->dir != NULL)
        nftw(rig->dir, rig_remove, 16, FTW_DEPTH | FTW_PHYS);
    free(rig->dir);
}

#endif
