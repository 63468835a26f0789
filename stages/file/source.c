#include "file/source.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define RAW_BYTES  ((size_t)64 << 10) /* of a rejected record that are kept */
#define PIPE_BYTES ((size_t)64 << 10) /* for one read */

enum {
    PIPE_WAIT_MS = 200, /* then the engine may look whether the run is to end */
    NOTHING_YET = -1000 /* no byte came in that time */
};

void weir__source_open(struct source *source, struct weir_stage *stage,
                       const struct source_format *format, void *context, struct source_file *file)
{
    *source = (struct source){.stage = stage,
                              .state = stage->state,
                              .format = format,
                              .context = context,
                              .file = file,
                              .input = {.fd = -1},
                              .opened = UINT32_MAX};
}

void weir__source_close(struct source *source)
{
    if (source->stage == NULL)
        return;
    weir__input_close(&source->input);
    free(source->hold.bytes);
    free(source->raw);
    *source = (struct source){0};
}

/* ---- files ---- */

static const char *file_name(const struct source *source)
{
    return weir_file_name(source->stage, weir_first_file(source->stage) + source->state->file);
}

/* 1 if there is a file to read, opened; 0 behind the last. */
static int at_file(struct source *source)
{
    struct source_state *state = source->state;
    if (state->file >= weir_probed_files(source->stage))
        return 0;
    const struct source_file *file = &source->file[state->file];
    if (source->opened != state->file) {
        weir__input_close(&source->input);
        const char *path = file->standard_input ? "-" : file_name(source);
        int rc = weir__input_open(source->stage, path, &source->input);
        if (rc < 0)
            return rc;
        source->opened = state->file;
        if (source->input.pipe &&
            !source->input.standard) { /* from its beginning on, whatever was read before */
            source->hold.head_done = true;
            source->hold.ended = false;
            source->hold.used = source->hold.offset = 0;
        }
    }
    if (!state->begun) {
        state->begun = 1;
        state->offset = file->data_offset;
        state->line = file->data_line;
        source->stage->count.bytes += file->data_offset;
    }
    return 1;
}

static void next_file(struct source *source)
{
    weir__input_close(&source->input);
    source->opened = UINT32_MAX;
    *source->state = (struct source_state){.file = source->state->file + 1};
}

/* ---- reading ---- */

static int read_failed(struct source *source, uint64_t offset)
{
    return weir_fail_errno(source->stage, WEIR_EIO, "cannot read '%s' at byte %" PRIu64,
                           file_name(source), offset);
}

static ssize_t read_file(struct source *source, uint64_t offset, char *to, size_t want,
                         bool *ret_ended)
{
    ssize_t got = weir__input_pread(source->input.fd, to, want, offset);
    if (got < 0)
        return read_failed(source, offset);
    uint64_t end = offset + (uint64_t)got;
    *ret_ended = (size_t)got < want;
    if (*ret_ended && end < source->input.bytes)
        return weir_fail(source->stage, WEIR_EIO,
                         "'%s' shrank while it was read: it was %" PRIu64
                         " bytes and ends at byte %" PRIu64 " now",
                         file_name(source), source->input.bytes, end);
    return got;
}

static bool hold_has_room(struct source_hold *hold)
{
    if (hold->capacity - hold->used >= PIPE_BYTES)
        return true;
    size_t capacity = 2 * hold->capacity + PIPE_BYTES;
    char *bytes = realloc(hold->bytes, capacity);
    if (bytes == NULL)
        return false;
    hold->bytes = bytes;
    hold->capacity = capacity;
    return true;
}

static bool more_comes(const struct source *source, int wait_ms)
{
    if (!source->input.standard)
        return true;
    struct pollfd poll_input = {.fd = source->input.fd, .events = POLLIN};
    return !source->hold.head_done || poll(&poll_input, 1, wait_ms) > 0;
}

/* One read, of what the probe has kept first. Waits a while if nothing is there. */
static int hold_more(struct source *source)
{
    struct source_hold *hold = &source->hold;
    if (!hold_has_room(hold))
        return weir_fail(source->stage, WEIR_EOS, "no memory to read '%s'", file_name(source));
    char *to = hold->bytes + hold->used;
    ssize_t got = 0;
    if (!hold->head_done) {
        got = weir_stdin_head(source->stage, to, PIPE_BYTES, hold->head);
        if (got < 0)
            return read_failed(source, hold->offset + hold->used);
        hold->head_done = got == 0;
        hold->head += (uint64_t)got;
    }
    if (hold->head_done) {
        if (!more_comes(source, PIPE_WAIT_MS))
            return NOTHING_YET;
        const char *path = source->input.standard ? "-" : file_name(source);
        got = weir__input_next(source->stage, &source->input, path, to, PIPE_BYTES);
        if (got < 0)
            return (int)got;
        hold->ended = got == 0;
    }
    hold->used += (size_t)got;
    return 0;
}

static void hold_drop(struct source_hold *hold, uint64_t offset)
{
    uint64_t behind = offset - hold->offset;
    size_t n = behind < hold->used ? (size_t)behind : hold->used;
    memmove(hold->bytes, hold->bytes + n, hold->used - n);
    hold->used -= n;
    hold->offset += n;
}

/* What stands at offset, at least one byte more than have, as much more of want as is there without
 * waiting. */
static ssize_t read_pipe(struct source *source, uint64_t offset, char *to, size_t have, size_t want,
                         bool *ret_ended)
{
    struct source_hold *hold = &source->hold;
    for (;;) {
        if (hold->offset < offset && hold->used > 0)
            hold_drop(hold, offset);
        bool enough = hold->offset == offset && hold->used > have;
        if (hold->ended || (enough && (hold->used >= want || !more_comes(source, 0))))
            break;
        int rc = hold_more(source);
        if (rc < 0)
            return rc;
    }
    size_t n = hold->used < want ? hold->used : want;
    memcpy(to, hold->bytes, n);
    *ret_ended = hold->ended && n == hold->used;
    return (ssize_t)n;
}

static ssize_t read_at(struct source *source, uint64_t offset, char *to, size_t have, size_t want,
                       bool *ret_ended)
{
    if (source->input.pipe)
        return read_pipe(source, offset, to, have, want, ret_ended);
    return read_file(source, offset, to, want, ret_ended);
}

/* ---- batches ---- */

static void emit(struct source *source, struct weir_output *out, uint64_t bytes, uint64_t lines)
{
    struct source_state *state = source->state;
    out->origin = (struct weir_position){.file = weir_first_file(source->stage) + state->file,
                                         .offset = state->offset,
                                         .line = state->line + 1};
    state->offset += bytes;
    state->line += lines;
    source->stage->count.bytes += bytes;
}

static void keep_raw(struct source *source, const char *bytes, size_t n)
{
    size_t room = RAW_BYTES - source->raw_bytes;
    n = n < room ? n : room;
    memcpy(source->raw + source->raw_bytes, bytes, n);
    source->raw_bytes += n;
}

/* Passes over the record at the state's offset, which is too large, and puts out its beginning. */
static int skip_record(struct source *source, struct weir_output *out)
{
    uint64_t bytes = 0, lines = 0;
    if (source->raw == NULL)
        source->raw = malloc(RAW_BYTES);
    if (source->raw == NULL)
        return weir_fail(source->stage, WEIR_EOS, "no memory for a record that is too large");
    source->raw_bytes = 0;
    for (bool found = false, ended = false; !found && !ended;) {
        ssize_t got =
            read_at(source, source->state->offset + bytes, out->bytes, 0, out->capacity, &ended);
        if (got == NOTHING_YET)
            continue;
        if (got < 0)
            return (int)got;
        size_t used = 0;
        found = source->format->skip(source->context, out->bytes, (size_t)got, bytes == 0, &used,
                                     &lines);
        keep_raw(source, out->bytes, used);
        bytes += used;
        ended = ended && used == (size_t)got;
    }
    out->used = source->raw_bytes < out->capacity ? source->raw_bytes : out->capacity;
    out->whole_bytes = bytes;
    memcpy(out->bytes, source->raw, out->used);
    emit(source, out, bytes, lines);
    return 0;
}

/* The most bytes to look at: behind the largest record one more, which may be the LF of its CRLF, or
 * missing. */
static size_t most_bytes(const struct source *source)
{
    return weir_max_record(source->stage) + 1;
}

/* Makes room for a record that is larger than *want, unless there may not be more. 0, or what is to
 * be returned. */
static int grow(struct source *source, struct weir_output *out, size_t *want, int *ret_grown)
{
    size_t most = most_bytes(source);
    *ret_grown = 0;
    if (*want >= most)
        return 0;
    if (*want >= out->capacity) {
        int rc = weir_output_oversize(source->stage, out);
        if (rc != 0)
            return rc;
        most = most < out->capacity ? most : out->capacity;
    }
    *want = 2 * *want < most ? 2 * *want : most;
    *ret_grown = 1;
    return 0;
}

/* Puts out what was read, if a record ends in it, or the file. */
static bool put_records(struct source *source, struct weir_output *out, size_t n, bool ended)
{
    uint64_t lines;
    size_t end = source->format->cut(source->context, out->bytes, n, ended, &lines);
    if (end == most_bytes(source)) /* that byte is for looking only */
        end = source->format->cut(source->context, out->bytes, n - 1, ended = false, &lines);
    if (end == 0 && !ended)
        return false;
    if (end == 0) {
        /* The end of the last record is missing. It is the last: its lines need no count. */
        out->whole_bytes = n;
        end = n;
    }
    out->used = end;
    emit(source, out, end, lines);
    return true;
}

int weir__source_produce(struct source *source, struct weir_output *out)
{
    size_t most = most_bytes(source), have = 0;
    size_t want = out->capacity < most ? out->capacity : most;
    for (;;) {
        bool ended;
        int grown, rc = at_file(source);
        if (rc <= 0)
            return rc < 0 ? rc : WEIR_DONE;
        ssize_t got = read_at(source, source->state->offset, out->bytes, have, want, &ended);
        if (got < 0)
            return got == NOTHING_YET ? WEIR_MORE : (int)got;
        if (ended && got == 0) {
            next_file(source);
            have = 0;
            continue;
        }
        if (put_records(source, out, (size_t)got, ended))
            return WEIR_MORE;
        have = (size_t)got;
        if (have < want)
            continue; /* a pipe, which may bring more */
        if ((rc = grow(source, out, &want, &grown)) != 0)
            return rc;
        if (!grown)
            return (rc = skip_record(source, out)) < 0 ? rc : WEIR_MORE;
    }
}
