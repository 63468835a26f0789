/*
 * quarantine.write: takes the frames of records that were set aside (two lengths, a line of JSON,
 * the record's bytes) and writes two files: PATH has the lines, PATH.raw the bytes as they arrived,
 * so that they can be put in again. Each line says where its bytes stand. A frame may come in
 * pieces; how far it has come is committed with the files' lengths.
 */
#include "file/quarantine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file/part.h"

enum { HEAD_BYTES = 16 };

/* Committed with each batch. */
struct quarantine_state {
    uint64_t started;
    struct {
        uint64_t device, inode, offset;
    } file[2];
    uint64_t head_bytes; /* of the frame's head, that have come */
    char head[HEAD_BYTES];
    uint64_t line_left, raw_left; /* of the frame */
    uint64_t begun;               /* its line has been begun */
};

enum { LINES, RAW };

struct quarantine {
    char *path[2];
    struct part part[2];
};

static const struct weir_option options[] = {
    {"path", WEIR_OPT_PATH, NULL, NULL, true, "where records go that killed their workers"}, {0}};

static int put(struct weir_stage *stage, int which, const char *bytes, size_t n)
{
    struct quarantine *self = stage->self;
    struct quarantine_state *state = stage->state;
    for (size_t done = 0; done < n;) {
        ssize_t wrote =
            pwrite(self->part[which].fd, bytes + done, n - done, (off_t)state->file[which].offset);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return weir_fail_errno(stage, WEIR_EIO, "cannot write '%s'", self->path[which]);
        done += (size_t)wrote;
        state->file[which].offset += (uint64_t)wrote;
        stage->count.bytes += (uint64_t)wrote;
    }
    return 0;
}

/* ---- frames ---- */

static size_t take_head(struct quarantine_state *state, const char *bytes, size_t n)
{
    size_t some = HEAD_BYTES - state->head_bytes;
    some = some < n ? some : n;
    memcpy(state->head + state->head_bytes, bytes, some);
    state->head_bytes += some;
    if (state->head_bytes == HEAD_BYTES) {
        memcpy(&state->line_left, state->head, 8);
        memcpy(&state->raw_left, state->head + 8, 8);
        state->begun = 0;
    }
    return some;
}

/* The line's own text begins with a brace: where its bytes stand goes behind that. */
static int take_line(struct weir_stage *stage, const char *bytes, size_t n)
{
    struct quarantine_state *state = stage->state;
    char where[96];
    int rc = 0;
    if (!state->begun) {
        int length =
            snprintf(where, sizeof(where), "{\"raw_at\":%" PRIu64 ",\"raw_bytes\":%" PRIu64 ",",
                     state->file[RAW].offset, state->raw_left);
        rc = put(stage, LINES, where, (size_t)length);
        bytes++;
        n--;
        state->line_left--;
        state->begun = 1;
    }
    state->line_left -= n;
    return rc < 0 ? rc : put(stage, LINES, bytes, n);
}

/* What is not ended by a line end gets one. */
static int take_raw(struct weir_stage *stage, const char *bytes, size_t n)
{
    struct quarantine_state *state = stage->state;
    char last = bytes[n - 1];
    state->raw_left -= n;
    int rc = put(stage, RAW, bytes, n);
    bool open = state->raw_left == 0 && last != '\n' && last != '\r';
    return rc == 0 && open ? put(stage, RAW, "\n", 1) : rc;
}

static size_t at_most(uint64_t wanted, size_t n)
{
    return wanted < n ? (size_t)wanted : n;
}

static int take(struct weir_stage *stage, const char *bytes, size_t n, size_t *ret_used)
{
    struct quarantine_state *state = stage->state;
    int rc = 0;
    if (state->head_bytes < HEAD_BYTES)
        *ret_used = take_head(state, bytes, n);
    else if (state->line_left > 0)
        rc = take_line(stage, bytes, *ret_used = at_most(state->line_left, n));
    else
        rc = take_raw(stage, bytes, *ret_used = at_most(state->raw_left, n));
    if (state->head_bytes == HEAD_BYTES && state->line_left == 0 && state->raw_left == 0)
        state->head_bytes = 0;
    return rc;
}

/* ---- the files ---- */

static int make_files(struct weir_stage *stage)
{
    struct quarantine *self = stage->self;
    struct quarantine_state *state = stage->state;
    for (int i = 0; i < 2; i++) {
        int rc = weir__part_create(stage, &self->part[i], self->path[i]);
        if (rc < 0)
            return rc; /* publish discards what was made */
        state->file[i].device = (uint64_t)self->part[i].device;
        state->file[i].inode = (uint64_t)self->part[i].inode;
    }
    state->started = 1;
    return 0;
}

static int quarantine_process(struct weir_stage *stage, const struct weir_batch *in,
                              uint64_t *cursor, struct weir_output *out)
{
    const struct quarantine_state *state = stage->state;
    int rc = state->started ? 0 : make_files(stage);
    (void)out;
    for (size_t at = 0, used; rc == 0 && at < in->byte_count; at += used)
        rc = take(stage, in->bytes + at, in->byte_count - at, &used);
    *cursor = UINT64_MAX;
    return rc;
}

static int quarantine_finish(struct weir_stage *stage, struct weir_output *out)
{
    const struct quarantine *self = stage->self;
    (void)out;
    for (int i = 0; i < 2; i++)
        if (self->part[i].fd >= 0 && TEMP_FAILURE_RETRY(fsync(self->part[i].fd)) < 0)
            return weir_fail_errno(stage, WEIR_EIO, "cannot write '%s'", self->path[i]);
    return 0;
}

static int quarantine_open(struct weir_stage *stage)
{
    struct quarantine *self = stage->self;
    const struct quarantine_state *state = stage->state;
    for (int i = 0; state->started && i < 2; i++) {
        int rc =
            weir__part_reopen(stage, &self->part[i], self->path[i], (dev_t)state->file[i].device,
                              (ino_t)state->file[i].inode, state->file[i].offset);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int quarantine_publish(struct weir_stage *stage, bool keep, const char **ret_path)
{
    struct quarantine *self = stage->self;
    *ret_path = NULL;
    for (int i = RAW; self != NULL && i >= LINES; i--) {
        if (self->part[i].fd < 0)
            continue;
        if (!keep) {
            weir__part_discard(&self->part[i]);
            continue;
        }
        int rc = weir__part_publish(stage, &self->part[i], true);
        if (rc < 0)
            return rc;
        *ret_path = self->path[i];
    }
    return 0;
}

static int quarantine_configure(struct weir_stage *stage)
{
    struct quarantine *self = calloc(1, sizeof(*self));
    stage->self = self;
    if (self == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    self->part[LINES].fd = self->part[RAW].fd = -1;
    const char *path = weir_option_string(stage, "path");
    self->path[LINES] = strdup(path);
    if (self->path[LINES] == NULL || asprintf(&self->path[RAW], "%s.raw", path) < 0)
        return weir_fail(stage, WEIR_EOS, "no memory");
    return 0;
}

static void quarantine_close(struct weir_stage *stage)
{
    struct quarantine *self = stage->self;
    if (self == NULL)
        return;
    for (int i = 0; i < 2; i++) {
        weir__part_release(&self->part[i]);
        free(self->path[i]);
    }
    free(self);
    stage->self = NULL;
}

const struct weir_stage_type weir_quarantine_write = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "quarantine.write",
    .summary = "writes records that killed their workers",
    .options = options,
    .traits = WEIR_SINK | WEIR_ONE_SEAT | WEIR_NO_FUSE | WEIR_INNER | WEIR_SANDBOX_FILES,
    .state_bytes = sizeof(struct quarantine_state),
    .configure = quarantine_configure,
    .open = quarantine_open,
    .process = quarantine_process,
    .finish = quarantine_finish,
    .publish = quarantine_publish,
    .close = quarantine_close,
};
