/*
 * manifest.put: file.write, which can put the lines in order first. They are kept in a file beside
 * the output until all have come, and are sorted in finish: a successor finds them there.
 */
#include "hash/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file/write.h"
#include "hash/sort.h"

#define SORT_BYTES ((size_t)1 << 20) /* the memory of a worker that stands alone is small */

struct put_state {
    struct file_write_state file; /* file.write's own, which takes it for the whole */
    uint64_t device, inode;       /* of the file of lines; 0: not made yet */
    uint64_t bytes;               /* in it */
    uint64_t sorted;              /* 1: it is of no use any more */
};

struct put {
    void *file; /* file.write's self */
    bool sort;
    int fd;     /* of the file of lines; -1: not open */
    char *path; /* NULL: it has no name */
};

/* Between these two the stage is file.write's. */
static struct put *begin_file(struct weir_stage *stage)
{
    struct put *put = stage->self;
    stage->self = put->file;
    return put;
}

static void end_file(struct weir_stage *stage, struct put *put)
{
    put->file = stage->self;
    stage->self = put;
}

static int put_configure(struct weir_stage *stage)
{
    struct put *put = calloc(1, sizeof(*put));
    if (put == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    put->fd = -1;
    put->sort = weir_option_number(stage, "sort") == 1;
    int rc = weir_file_write.configure(stage);
    end_file(stage, put);
    return rc;
}

/* ---- the file of lines ---- */

static int make_nameless(struct weir_stage *stage, struct put *put)
{
    const char *folder = getenv("TMPDIR");
    folder = folder == NULL || *folder == '\0' ? "/tmp" : folder;
    put->fd = (int)TEMP_FAILURE_RETRY(open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    return put->fd >= 0 ? 0
                        : weir_fail_errno(stage, WEIR_ECANTCREATE,
                                          "cannot make a file to sort lines in '%s'", folder);
}

static int name_lines(struct weir_stage *stage, struct put *put)
{
    const char *path = weir_option_string(stage, "path"), *slash = strrchr(path, '/');
    int folder = slash == NULL ? 0 : (int)(slash - path) + 1;
    if (asprintf(&put->path, "%.*s.%s.lines", folder, path, path + folder) < 0) {
        put->path = NULL;
        return weir_fail(stage, WEIR_EOS, "no memory for a path");
    }
    return 0;
}

/* file.write has the lock of the output by now: what is there was left by a run that was killed. */
static int make_lines(struct weir_stage *stage, struct put *put)
{
    struct put_state *state = stage->state;
    struct stat st;
    unlink(put->path);
    put->fd = (int)TEMP_FAILURE_RETRY(
        open(put->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (put->fd < 0 || fstat(put->fd, &st) < 0)
        return weir_fail_errno(stage, WEIR_ECANTCREATE, "cannot make '%s'", put->path);
    state->device = st.st_dev;
    state->inode = st.st_ino;
    return 0;
}

static bool is_ours(const struct put_state *state, const struct stat *st)
{
    return st->st_dev == state->device && st->st_ino == state->inode;
}

static int reopen_lines(struct weir_stage *stage, struct put *put)
{
    const struct put_state *state = stage->state;
    struct stat st;
    put->fd = (int)TEMP_FAILURE_RETRY(open(put->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC));
    if (put->fd < 0 || fstat(put->fd, &st) < 0)
        return weir_fail_errno(stage, WEIR_EIO, "cannot go on writing '%s'", put->path);
    if (!is_ours(state, &st))
        return weir_fail(stage, WEIR_EIO, "cannot go on writing '%s': it is another file now",
                         put->path);
    return 0;
}

static int open_lines(struct weir_stage *stage, struct put *put)
{
    const struct put_state *state = stage->state;
    if (stage->irreplaceable)
        return make_nameless(stage, put);
    int rc = name_lines(stage, put);
    if (rc < 0 || state->sorted)
        return rc;
    return state->inode == 0 ? make_lines(stage, put) : reopen_lines(stage, put);
}

static int put_open(struct weir_stage *stage)
{
    struct put *put = begin_file(stage);
    int rc = weir_file_write.open(stage);
    end_file(stage, put);
    return rc < 0 || !put->sort ? rc : open_lines(stage, put);
}

/* ---- working ---- */

static const char *shown(const struct put *put)
{
    return put->path == NULL ? "a temporary file" : put->path;
}

static int keep_lines(struct weir_stage *stage, const struct put *put, const char *bytes, size_t n)
{
    struct put_state *state = stage->state;
    while (n > 0) {
        ssize_t wrote = TEMP_FAILURE_RETRY(pwrite(put->fd, bytes, n, (off_t)state->bytes));
        if (wrote < 0)
            return weir_fail_errno(stage, WEIR_EIO, "cannot write '%s'", shown(put));
        state->bytes += (uint64_t)wrote;
        bytes += wrote;
        n -= (size_t)wrote;
    }
    return 0;
}

static int write_file(struct weir_stage *stage, const char *bytes, size_t n)
{
    const struct weir_batch text = {.bytes = bytes, .byte_count = n};
    struct weir_output none = {0};
    struct put *put = begin_file(stage);
    int rc = weir_file_write.process(stage, &text, &(uint64_t){0}, &none);
    end_file(stage, put);
    return rc;
}

static int put_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                       struct weir_output *out)
{
    const struct put *put = stage->self;
    (void)out;
    *cursor = UINT64_MAX;
    return put->sort ? keep_lines(stage, put, in->bytes, in->byte_count)
                     : write_file(stage, in->bytes, in->byte_count);
}

/* ---- the end ---- */

struct sorted {
    struct weir_stage *stage;
    char bytes[64 << 10];
    size_t used;
};

static int flush(struct sorted *sorted)
{
    size_t n = sorted->used;
    sorted->used = 0;
    return n == 0 ? 0 : write_file(sorted->stage, sorted->bytes, n);
}

static int take_sorted(void *context, const char *text, size_t n)
{
    struct sorted *sorted = context;
    int rc = sorted->used + n > sizeof(sorted->bytes) ? flush(sorted) : 0;
    if (rc != 0 || n > sizeof(sorted->bytes))
        return rc != 0 ? rc : write_file(sorted->stage, text, n);
    memcpy(sorted->bytes + sorted->used, text, n);
    sorted->used += n;
    return 0;
}

static int sort_lines(struct weir_stage *stage, const struct put *put)
{
    struct put_state *state = stage->state;
    struct sorted *sorted = malloc(sizeof(*sorted));
    if (sorted == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory to sort lines");
    sorted->stage = stage;
    sorted->used = 0;
    const struct sort sort = {.stage = stage,
                              .fd = put->fd,
                              .name = shown(put),
                              .memory = SORT_BYTES,
                              .put = take_sorted,
                              .context = sorted};
    int rc = weir__sort_run(&sort, state->bytes);
    if (rc == 0)
        rc = flush(sorted);
    free(sorted);
    state->sorted = 1;
    return rc == WEIR_ENOUGH ? 0 : rc; /* nobody reads standard output any more */
}

static int put_finish(struct weir_stage *stage, struct weir_output *out)
{
    struct put *put = stage->self;
    int rc = put->sort ? sort_lines(stage, put) : 0;
    if (rc < 0)
        return rc;
    begin_file(stage);
    rc = weir_file_write.finish(stage, out);
    end_file(stage, put);
    return rc;
}

static void remove_lines(const struct put *put, const struct put_state *state)
{
    struct stat st;
    if (put->path != NULL && lstat(put->path, &st) == 0 && is_ours(state, &st))
        unlink(put->path);
}

static int put_publish(struct weir_stage *stage, bool keep, const char **ret_path)
{
    *ret_path = NULL;
    if (stage->self == NULL)
        return 0;
    struct put *put = begin_file(stage);
    int rc = weir_file_write.publish(stage, keep, ret_path);
    end_file(stage, put);
    remove_lines(put, stage->state);
    return rc;
}

static void put_close(struct weir_stage *stage)
{
    struct put *put = stage->self;
    if (put == NULL)
        return;
    begin_file(stage);
    weir_file_write.close(stage);
    if (put->fd >= 0)
        close(put->fd);
    free(put->path);
    free(put);
    stage->self = NULL;
}

const struct weir_stage_type weir_manifest_put = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "manifest.put",
    .summary = "writes the lines of a manifest to a file, in order if need be",
    .options = weir__manifest_write_options,
    .traits = WEIR_SINK | WEIR_ONE_SEAT | WEIR_NO_FUSE | WEIR_INNER,
    .state_bytes = sizeof(struct put_state),
    .configure = put_configure,
    .open = put_open,
    .process = put_process,
    .finish = put_finish,
    .publish = put_publish,
    .close = put_close,
};
