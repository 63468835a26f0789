/* manifest.report: file.write that counts what the lines of a report say, and says it at the end. */
#include "hash/manifest.h"

#include <inttypes.h>
#include <string.h>

#include "file/write.h"

enum { TAIL = 32 };

struct report_state {
    struct file_write_state file; /* file.write's own, which takes it for the whole */
    uint64_t unreadable, differing, moved, extra;
    char tail[TAIL]; /* the last bytes of what came so far: lines may come in pieces */
};

/* The byte so many before bytes[at]. */
static char byte_before(const struct report_state *state, const char *bytes, size_t at, size_t back)
{
    return back <= at ? bytes[at - back] : state->tail[TAIL - (back - at)];
}

/* A line's verdict is its end, whatever stands in the name. */
static bool ends_with(const struct report_state *state, const char *bytes, size_t at,
                      const char *verdict)
{
    size_t n = strlen(verdict);
    for (size_t i = 0; i < n; i++)
        if (byte_before(state, bytes, at, n - i) != verdict[i])
            return false;
    return true;
}

static void keep_tail(struct report_state *state, const char *bytes, size_t n)
{
    size_t kept = n < TAIL ? n : TAIL;
    memmove(state->tail, state->tail + kept, TAIL - kept);
    memcpy(state->tail + TAIL - kept, bytes + n - kept, kept);
}

static void count_verdicts(struct report_state *state, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != '\n')
            continue;
        state->unreadable += ends_with(state, bytes, i + 1, MANIFEST_UNREADABLE);
        state->differing += ends_with(state, bytes, i + 1, MANIFEST_DIFFERS);
        state->moved += ends_with(state, bytes, i + 1, MANIFEST_MOVED);
        state->extra += ends_with(state, bytes, i + 1, MANIFEST_EXTRA);
    }
    keep_tail(state, bytes, n);
}

static int report_configure(struct weir_stage *stage)
{
    return weir_file_write.configure(stage);
}

static int report_open(struct weir_stage *stage)
{
    return weir_file_write.open(stage);
}

static int report_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                          struct weir_output *out)
{
    count_verdicts(stage->state, in->bytes, in->byte_count);
    return weir_file_write.process(stage, in, cursor, out);
}

void weir__manifest_warn(uint64_t count, const char *one, const char *several)
{
    if (count > 0)
        fprintf(stderr, "WARNING: %" PRIu64 " %s\n", count, count == 1 ? one : several);
}

static int report_finish(struct weir_stage *stage, struct weir_output *out)
{
    const struct report_state *state = stage->state;
    weir__manifest_warn(state->unreadable, "listed file could not be read",
                        "listed files could not be read");
    weir__manifest_warn(state->differing, "computed checksum did NOT match",
                        "computed checksums did NOT match");
    weir__manifest_warn(state->moved, "listed file was moved", "listed files were moved");
    weir__manifest_warn(state->extra, "file is not listed", "files are not listed");
    return weir_file_write.finish(stage, out);
}

static int report_publish(struct weir_stage *stage, bool keep, const char **ret_path)
{
    return weir_file_write.publish(stage, keep, ret_path);
}

static void report_close(struct weir_stage *stage)
{
    weir_file_write.close(stage);
}

const struct weir_stage_type weir_manifest_report = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "manifest.report",
    .summary = "writes a report and says what it comes to",
    .options = weir__manifest_check_options,
    .traits = WEIR_SINK | WEIR_ONE_SEAT | WEIR_NO_FUSE | WEIR_INNER | WEIR_SANDBOX_FILES,
    .state_bytes = sizeof(struct report_state),
    .configure = report_configure,
    .open = report_open,
    .process = report_process,
    .finish = report_finish,
    .publish = report_publish,
    .close = report_close,
};
