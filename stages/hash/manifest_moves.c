/* manifest.moves: a file that is missing and one that nobody expects, of the same digest, are one that was
 * moved. Both are held back until the input ends, in the kept file, and paired there. */
#include "hash/manifest.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "file/kept.h"
#include "file/record.h"

enum { CALL_RECORDS = 256 };
#define HELD_BYTES ((uint64_t)8 << 20) /* of the kept file */

enum column { PATH, EXPECTED, DIGEST, STATUS, MOVED_TO, COLUMNS };
static const char *const names[COLUMNS] = {"path", "expected", "digest", "status", "moved_to"};

struct moves_state {
    uint64_t bytes;   /* of the kept file */
    uint64_t held;    /* files in it */
    uint64_t told;    /* of these, at the end */
    uint64_t ignored; /* files that there was no room for */
};

/* Of a file in the kept file; its digest and its path stand behind it. */
struct held {
    uint32_t extra; /* else missing */
    uint32_t digest_bytes, path_bytes;
};

/* The same at the end. */
struct found {
    struct held head;
    const char *digest, *path;
    size_t order;
    struct found *partner;
};

struct moves {
    uint32_t place[STATUS]; /* in the input */
    int status, size;       /* the columns status and bytes; -1: not there */
    struct records records;
    struct line line; /* what a call adds to the kept file */
    const char *base; /* at the end: the kept file */
    struct found *found;
};

static int no_memory(struct weir_stage *stage)
{
    return weir_fail(stage, WEIR_EOS, "no memory to look for moved files");
}

static int moves_configure(struct weir_stage *stage)
{
    enum { LEAST_HELD = 44 };
    stage->self = calloc(1, sizeof(struct moves));
    stage->memory_bytes = HELD_BYTES / LEAST_HELD * (sizeof(struct found) + sizeof(void *));
    return stage->self == NULL ? no_memory(stage) : 0;
}

static int moves_bind(struct weir_stage *stage, struct weir_schema *schema)
{
    struct moves *moves = stage->self;
    int rc = 0;
    for (enum column c = 0; c < STATUS && rc == 0; c++)
        rc = weir__manifest_column(stage, names[c], &moves->place[c]);
    moves->status = weir_schema_find(stage->in, names[STATUS]);
    moves->size = weir_schema_find(stage->in, "bytes");
    for (enum column c = 0; c < COLUMNS && rc == 0; c++)
        if (weir_schema_add(schema, names[c], WEIR_TEXT) < 0)
            rc = no_memory(stage);
    return rc;
}

static void moves_needs(struct weir_stage *stage, bool *in_needed)
{
    const struct moves *moves = stage->self;
    for (enum column c = 0; c < STATUS; c++)
        in_needed[moves->place[c]] = true;
    if (moves->status >= 0)
        in_needed[moves->status] = true;
    if (moves->size >= 0)
        in_needed[moves->size] = true;
}

static int moves_open(struct weir_stage *stage)
{
    struct moves *moves = stage->self;
    return weir__records_init(&moves->records, COLUMNS, CALL_RECORDS) < 0 ? no_memory(stage) : 0;
}

/* ---- while the input lasts ---- */

static int set(struct records *records, enum column column, const struct weir_value *value)
{
    return value->data == NULL ? 0 : weir__records_set(records, column, value->data, value->length);
}

/* Files without content are all alike: none of them is another one. */
static bool is_empty(const struct moves *moves, const struct weir_batch *in, uint32_t record)
{
    struct weir_value size = {0};
    if (moves->size >= 0)
        size = weir_value(&in->column[moves->size], record);
    return size.length == 1 && *size.data == '0';
}

/* False if there is no room. */
static bool hold(struct weir_stage *stage, const struct weir_value *path,
                 const struct weir_value *digest, bool extra, int *ret_rc)
{
    struct moves *moves = stage->self;
    struct moves_state *state = stage->state;
    struct held held = {extra, digest->length, path->length};
    if (state->bytes + moves->line.used + sizeof(held) + digest->length + path->length >
        HELD_BYTES) {
        state->ignored++;
        return false;
    }
    if (!weir__line_add(&moves->line, (const char *)&held, sizeof(held)) ||
        !weir__line_add(&moves->line, digest->data, digest->length) ||
        !weir__line_add(&moves->line, path->data, path->length))
        *ret_rc = WEIR_EOS;
    state->held++;
    return true;
}

static int take(struct weir_stage *stage, const struct weir_batch *in, uint32_t record)
{
    struct moves *moves = stage->self;
    struct weir_value value[MOVED_TO] = {0};
    int rc = 0;
    for (enum column c = 0; c < STATUS; c++)
        value[c] = weir_value(&in->column[moves->place[c]], record);
    if (moves->status >= 0)
        value[STATUS] = weir_value(&in->column[moves->status], record);
    bool missing = value[EXPECTED].data != NULL && value[STATUS].data == NULL;
    bool extra =
        value[EXPECTED].data == NULL && value[DIGEST].data != NULL && !is_empty(moves, in, record);
    if (moves->status >= 0 && (missing || extra) && value[PATH].data != NULL &&
        hold(stage, &value[PATH], &value[extra ? DIGEST : EXPECTED], extra, &rc))
        return rc;
    for (enum column c = 0; c < MOVED_TO; c++)
        rc |= set(&moves->records, c, &value[c]);
    weir__records_end(&moves->records);
    return rc;
}

static void put_out(struct weir_stage *stage, struct weir_output *out)
{
    struct moves *moves = stage->self;
    out->batch =
        (struct weir_batch){.records = moves->records.count,
                            .columns = COLUMNS,
                            .column = weir__records_columns(&moves->records, stage->needed),
                            .origin = {.file = UINT32_MAX}};
}

static int moves_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                         struct weir_output *out)
{
    struct moves *moves = stage->self;
    struct moves_state *state = stage->state;
    uint32_t record = (uint32_t)*cursor;
    weir__records_clear(&moves->records);
    moves->line.used = 0;
    for (; record < in->records && moves->records.count < CALL_RECORDS; record++)
        if (take(stage, in, record) < 0)
            return no_memory(stage);
    int rc = weir__kept_write(stage, moves->line.bytes, moves->line.used, state->bytes);
    if (rc < 0)
        return rc;
    state->bytes += moves->line.used;
    put_out(stage, out);
    *cursor = record < in->records ? record : UINT64_MAX;
    return 0;
}

/* ---- the end ---- */

static int damaged(struct weir_stage *stage)
{
    return weir_fail(stage, WEIR_EINTERNAL, "the temporary file is damaged");
}

static int compare_bytes(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    int order = memcmp(a, b, a_bytes < b_bytes ? a_bytes : b_bytes);
    return order != 0 ? order : (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

static int compare_digests(const struct found *a, const struct found *b)
{
    return compare_bytes(a->digest, a->head.digest_bytes, b->digest, b->head.digest_bytes);
}

static int compare_found(const void *left, const void *right)
{
    const struct found *a = *(struct found *const *)left, *b = *(struct found *const *)right;
    int order = compare_digests(a, b);
    return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

/* The first missing file of a digest has become the first extra one of it, and so on. */
static void pair_alike(struct found **sorted, size_t n)
{
    size_t end;
    for (size_t begin = 0; begin < n; begin = end) {
        size_t extra = begin;
        for (end = begin; end < n && compare_digests(sorted[begin], sorted[end]) == 0; end++)
            ;
        for (size_t i = begin; i < end; i++) {
            if (sorted[i]->head.extra)
                continue;
            while (extra < end && !sorted[extra]->head.extra)
                extra++;
            if (extra == end)
                break;
            sorted[i]->partner = sorted[extra];
            sorted[extra++]->partner = sorted[i];
        }
    }
}

static int read_held(struct weir_stage *stage, struct found **sorted)
{
    struct moves *moves = stage->self;
    const struct moves_state *state = stage->state;
    uint64_t at = 0;
    for (size_t i = 0; i < state->held; i++) {
        struct found *found = sorted[i] = &moves->found[i];
        if (state->bytes - at < sizeof(found->head))
            return damaged(stage);
        memcpy(&found->head, moves->base + at, sizeof(found->head));
        at += sizeof(found->head);
        uint64_t bytes = (uint64_t)found->head.digest_bytes + found->head.path_bytes;
        if (state->bytes - at < bytes)
            return damaged(stage);
        found->digest = moves->base + at;
        found->path = found->digest + found->head.digest_bytes;
        found->order = i;
        at += bytes;
    }
    qsort(sorted, state->held, sizeof(struct found *), compare_found);
    pair_alike(sorted, state->held);
    return 0;
}

static int find_moves(struct weir_stage *stage)
{
    struct moves *moves = stage->self;
    const struct moves_state *state = stage->state;
    moves->found = calloc(state->held + 1, sizeof(*moves->found));
    struct found **sorted = calloc(state->held + 1, sizeof(struct found *));
    int rc = moves->found == NULL || sorted == NULL ? no_memory(stage) : 0;
    if (rc == 0 && state->held > 0) {
        void *base = mmap(NULL, state->bytes, PROT_READ, MAP_SHARED, weir_kept(stage), 0);
        if (base == MAP_FAILED)
            rc = weir_fail_errno(stage, WEIR_EOS, "cannot read the temporary file");
        else
            moves->base = base;
    }
    if (rc == 0 && state->held > 0)
        rc = read_held(stage, sorted);
    free(sorted);
    return rc;
}

/* A move is told where the missing file stood. */
static int tell(struct records *records, const struct found *found)
{
    static const struct weir_value ok = {"ok", 2};
    struct weir_value path = {found->path, found->head.path_bytes};
    struct weir_value digest = {found->digest, found->head.digest_bytes};
    bool extra = found->head.extra;
    if (extra && found->partner != NULL)
        return 0;
    int rc = set(records, PATH, &path);
    rc |= set(records, extra ? DIGEST : EXPECTED, &digest);
    if (found->partner != NULL)
        rc |= set(records, DIGEST, &digest) |
              weir__records_set(records, MOVED_TO, found->partner->path,
                                found->partner->head.path_bytes);
    if (extra || found->partner != NULL)
        rc |= set(records, STATUS, &ok);
    weir__records_end(records);
    return rc;
}

static int moves_finish(struct weir_stage *stage, struct weir_output *out)
{
    struct moves *moves = stage->self;
    struct moves_state *state = stage->state;
    int rc = moves->found == NULL ? find_moves(stage) : 0;
    if (rc < 0)
        return rc;
    weir__records_clear(&moves->records);
    for (; state->told < state->held && moves->records.count < CALL_RECORDS; state->told++)
        if (tell(&moves->records, &moves->found[state->told]) < 0)
            return no_memory(stage);
    put_out(stage, out);
    if (state->told < state->held)
        return WEIR_MORE;
    weir__manifest_warn(state->ignored, "file that is missing or not listed may have been moved",
                        "files that are missing or not listed may have been moved");
    return 0;
}

static void moves_close(struct weir_stage *stage)
{
    struct moves *moves = stage->self;
    const struct moves_state *state = stage->state;
    if (moves == NULL)
        return;
    if (moves->base != NULL)
        munmap((void *)(uintptr_t)moves->base, state->bytes);
    weir__records_release(&moves->records);
    free(moves->line.bytes);
    free(moves->found);
    free(moves);
    stage->self = NULL;
}

static bool moves_wanted(const struct weir_stage *stage)
{
    return strcmp(weir_option_string(stage, "extra"), "ignore") != 0;
}

const struct weir_stage_type weir_manifest_moves = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "manifest.moves",
    .summary = "finds files that were moved",
    .options = weir__manifest_check_options,
    .traits = WEIR_ONE_SEAT | WEIR_KEEPS | WEIR_INNER | WEIR_SANDBOX_STRICT,
    .state_bytes = sizeof(struct moves_state),
    .wanted = moves_wanted,
    .configure = moves_configure,
    .bind = moves_bind,
    .needs = moves_needs,
    .open = moves_open,
    .process = moves_process,
    .finish = moves_finish,
    .close = moves_close,
};
