#include "file/write.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file/input.h"
#include "file/compress.h"
#include "file/part.h"
#include "file/template.h"
#include "file/text.h"

#define SYNC_BYTES                                                                                 \
    ((uint64_t)8 << 20) /* passed to the disk at a time, so that the last fsync is quick */
#define COPY_BYTES ((size_t)1 << 20)

enum if_exists { IF_EXISTS_REPLACE, IF_EXISTS_APPEND, IF_EXISTS_ERROR };

struct file_write {
    const char *path;
    enum if_exists if_exists;
    bool in_place; /* standard output, a device, a FIFO: no temporary file */
    bool headless; /* appends to records: no preamble */
    enum compression compression;
    int fd;
    struct part part;
    uint64_t synced;
};

static const struct weir_option options[] = {
    {"path", WEIR_OPT_PATH, NULL, NULL, true, "the file to write; \"-\" is standard output"},
    {"if_exists", WEIR_OPT_ENUM, "replace", "replace|append|error", false,
     "what to do with a file that is there already"},
    {0}};

static const char *shown(const struct file_write *file)
{
    return strcmp(file->path, "-") == 0 ? "(standard output)" : file->path;
}

/* ---- writing ---- */

static ssize_t write_some(const struct file_write *file, const char *bytes, size_t n,
                          uint64_t offset)
{
    return file->in_place ? write(file->fd, bytes, n) : pwrite(file->fd, bytes, n, (off_t)offset);
}

static int write_failed(struct weir_stage *stage, const struct file_write *file, uint64_t offset)
{
    char written[TEXT_FIGURE];
    int error = errno;
    if (error == EPIPE && file->in_place)
        return WEIR_ENOUGH;
    return weir_fail(stage, WEIR_EIO, "cannot write '%s': %s (%s bytes are written)", shown(file),
                     strerror(error), weir__text_count(offset, written));
}

/* 0, WEIR_ENOUGH if nobody reads what is written, or a code. */
static int write_all(struct weir_stage *stage, struct file_write *file, const char *bytes, size_t n)
{
    struct file_write_state *state = stage->state;
    for (size_t done = 0; done < n;) {
        ssize_t wrote = write_some(file, bytes + done, n - done, state->offset);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return write_failed(stage, file, state->offset);
        done += (size_t)wrote;
        state->offset += (uint64_t)wrote;
        stage->count.bytes += (uint64_t)wrote;
    }
    if (!file->in_place && state->offset - file->synced >= SYNC_BYTES) {
        sync_file_range(file->fd, (off_t)file->synced, (off_t)(state->offset - file->synced),
                        SYNC_FILE_RANGE_WRITE);
        file->synced = state->offset;
    }
    return 0;
}

/* Writes a member of its own. */
static int write_compressed(struct weir_stage *stage, struct file_write *file, const char *bytes,
                            size_t n)
{
    size_t capacity = 2 * n + (64 << 10), used;
    char *compressed = malloc(capacity);
    int rc = compressed == NULL
                 ? weir_fail(stage, WEIR_EOS, "no memory to compress")
                 : weir__compress(stage, file->compression, bytes, n, compressed, capacity, &used);
    if (rc == 0)
        rc = write_all(stage, file, compressed, used);
    free(compressed);
    return rc;
}

/* The first transaction of the stage writes the preamble. */
static int start(struct weir_stage *stage, struct file_write *file)
{
    struct file_write_state *state = stage->state;
    if (state->started)
        return 0;
    state->started = 1;
    state->device = (uint64_t)file->part.device;
    state->inode = (uint64_t)file->part.inode;
    if (file->headless || stage->in->preamble == NULL)
        return 0;
    return (file->compression == COMPRESS_NONE ? write_all : write_compressed)(
        stage, file, stage->in->preamble, stage->in->preamble_bytes);
}

static int file_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                        struct weir_output *out)
{
    struct file_write *file = stage->self;
    (void)out;
    int rc = start(stage, file);
    if (rc == 0)
        rc = write_all(stage, file, in->bytes, in->byte_count);
    *cursor = UINT64_MAX;
    return rc;
}

static int file_finish(struct weir_stage *stage, struct weir_output *out)
{
    struct file_write *file = stage->self;
    (void)out;
    int rc = start(stage, file);
    /* No file without a member in it can be unpacked. */
    if (rc == 0 && file->compression != COMPRESS_NONE &&
        ((struct file_write_state *)stage->state)->offset == 0)
        rc = write_compressed(stage, file, "", 0);
    if (rc == 0 && !file->in_place && TEMP_FAILURE_RETRY(fsync(file->fd)) < 0)
        return write_failed(stage, file, ((struct file_write_state *)stage->state)->offset);
    return rc == WEIR_ENOUGH ? 0 : rc;
}

/* ---- opening ---- */

/* Copies the old file into the new one, piece by piece where the file system cannot do it alone. */
static int copy_old(struct weir_stage *stage, struct file_write *file, int old)
{
    struct file_write_state *state = stage->state;
    ssize_t got;
    do {
        got = copy_file_range(old, NULL, file->fd, NULL, COPY_BYTES, 0);
        state->offset += got > 0 ? (uint64_t)got : 0;
    } while (got > 0);
    char *piece = malloc(COPY_BYTES);
    if (piece == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory to copy '%s'", file->path);
    int rc = 0;
    while (rc == 0 && (got = weir__input_pread(old, piece, COPY_BYTES, state->offset)) > 0) {
        rc = write_all(stage, file, piece, (size_t)got);
        stage->count.bytes = 0; /* it was there before */
    }
    if (rc == 0 && got < 0)
        rc = weir_fail_errno(stage, WEIR_EIO, "cannot read '%s'", file->path);
    free(piece);
    return rc;
}

/* A last line without its end gets one: what is appended is a line of its own. */
static int end_last_line(struct weir_stage *stage, struct file_write *file)
{
    const struct file_write_state *state = stage->state;
    char last = '\n';
    if (state->offset > 0 && weir__input_pread(file->fd, &last, 1, state->offset - 1) < 0)
        return weir_fail_errno(stage, WEIR_EIO, "cannot read '%s'", file->part.path);
    return last == '\n' || last == '\r' ? 0 : write_all(stage, file, "\n", 1);
}

static int append_to(struct weir_stage *stage, struct file_write *file)
{
    struct file_write_state *state = stage->state;
    int old = (int)TEMP_FAILURE_RETRY(open(file->path, O_RDONLY | O_CLOEXEC));
    if (old < 0 && errno == ENOENT)
        return 0;
    if (old < 0)
        return weir_fail_errno(stage, WEIR_ECANTCREATE, "cannot read '%s' to append to it",
                               file->path);
    int rc = copy_old(stage, file, old);
    close(old);
    if (rc == 0)
        rc = end_last_line(stage, file);
    file->headless = state->offset > 0;
    return rc;
}

static int open_fresh(struct weir_stage *stage, struct file_write *file)
{
    struct stat st;
    if (file->if_exists == IF_EXISTS_ERROR && lstat(file->path, &st) == 0)
        return weir_fail(stage, WEIR_ECANTCREATE, "'%s' is there already (if_exists: error)",
                         file->path);
    int rc = weir__part_create(stage, &file->part, file->path);
    file->fd = file->part.fd;
    if (rc == 0 && file->if_exists == IF_EXISTS_APPEND)
        rc = append_to(stage, file);
    if (rc < 0 && file->part.fd >= 0)
        weir__part_discard(&file->part);
    return rc;
}

static int open_in_place(struct weir_stage *stage, struct file_write *file)
{
    file->fd = STDOUT_FILENO;
    if (strcmp(file->path, "-") != 0)
        file->fd = (int)TEMP_FAILURE_RETRY(open(file->path, O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (file->fd < 0)
        return weir_fail_errno(stage, WEIR_ECANTCREATE, "cannot write '%s'", file->path);
    return 0;
}

static bool is_in_place(const char *path)
{
    struct stat st;
    return strcmp(path, "-") == 0 ||
           (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode));
}

static int file_open(struct weir_stage *stage)
{
    struct file_write *file = stage->self;
    const struct file_write_state *state = stage->state;
    stage->irreplaceable = file->in_place = is_in_place(file->path);
    if (file->in_place)
        return open_in_place(stage, file);
    if (!state->started)
        return open_fresh(stage, file);
    int rc = weir__part_reopen(stage, &file->part, file->path, (dev_t)state->device,
                               (ino_t)state->inode, state->offset);
    file->fd = file->part.fd;
    file->synced = state->offset;
    return rc;
}

/* ---- the end ---- */

static int file_publish(struct weir_stage *stage, bool keep, const char **ret_path)
{
    struct file_write *file = stage->self;
    *ret_path = NULL;
    if (file == NULL || file->part.fd < 0)
        return 0;
    if (!keep) {
        weir__part_discard(&file->part);
        return 0;
    }
    int rc = weir__part_publish(stage, &file->part, file->if_exists != IF_EXISTS_ERROR);
    if (rc == 0)
        *ret_path = file->path;
    return rc;
}

static int file_configure(struct weir_stage *stage)
{
    struct file_write *file = calloc(1, sizeof(*file));
    stage->self = file;
    if (file == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    file->fd = file->part.fd = -1;
    file->path = weir_option_string(stage, "path");
    file->compression = weir__compress_chosen(stage);
    stage->memory_bytes = weir__compress_memory(file->compression);
    int64_t if_exists = weir_option_number(stage, "if_exists");
    file->if_exists = if_exists < 0 ? IF_EXISTS_REPLACE : (enum if_exists)if_exists;
    return 0;
}

static bool file_wanted(const struct weir_stage *stage)
{
    return !weir__template_divides(stage);
}

static void file_close(struct weir_stage *stage)
{
    struct file_write *file = stage->self;
    if (file == NULL)
        return;
    if (file->in_place && file->fd > STDERR_FILENO)
        close(file->fd);
    weir__part_release(&file->part);
    free(file);
    stage->self = NULL;
}

const struct weir_stage_type weir_file_write = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "file.write",
    .summary = "writes bytes to a file",
    .options = options,
    .traits = WEIR_SINK | WEIR_ONE_SEAT | WEIR_NO_FUSE | WEIR_INNER | WEIR_SANDBOX_FILES,
    .state_bytes = sizeof(struct file_write_state),
    .wanted = file_wanted,
    .configure = file_configure,
    .open = file_open,
    .process = file_process,
    .finish = file_finish,
    .publish = file_publish,
    .close = file_close,
};
