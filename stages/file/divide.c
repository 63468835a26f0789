/*
 * file.divide: many files, all of which are published or none.
 *
 * What a successor has to know of them stands in the seat's kept file, a note for each: its path, the
 * file itself, and how long it is. The length is there twice, each time with the number of the batch
 * behind which it was that. A batch writes over the older one, so that what was committed stays; a
 * successor forgets those of batches that were not. A note is there before its file, so that the files of
 * a batch that was not committed are found and removed; its path is there before the note.
 */
#include "file/divide.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file/kept.h"
#include "file/part.h"
#include "file/template.h"

#define FILES_MOST 100000
#define NOTE_ALIGN                                                                                 \
    64 /* a note stands in one page, so that it is written as a whole or not at all */

struct length {
    uint64_t batch; /* 0: not known */
    uint64_t bytes;
};

struct note {
    uint64_t device, inode;
    struct length length[2];
    uint64_t path_bytes; /* with its NUL; they follow */
};
_Static_assert(sizeof(struct note) <= NOTE_ALIGN, "a note in one page");

struct divide_state {
    uint64_t batch; /* the last that is committed; they count from 1 */
    uint64_t end;   /* of the notes */
    uint64_t files;
};

struct chunk {
    const char *bytes;
    uint32_t n;
    uint32_t next; /* of the same file; 0: none */
};

struct output {
    char *path;  /* first: that is what they are sorted by */
    uint64_t at; /* of the note */
    struct note note;
    struct part part;     /* fd -1: not open */
    uint32_t first, last; /* of the chunks; 0: none */
    struct output *next;  /* that the batch writes to */
    uint64_t used;        /* the batch that wrote to it */
};

struct divide {
    void *tree; /* of outputs, by path */
    struct output **output;
    size_t outputs, capacity;
    struct output **open;
    size_t opens, max_open;
    struct output *touched; /* by the batch */
    struct chunk *chunk;    /* the first is none */
    size_t chunks, chunk_capacity;
    char *scratch;
    size_t scratch_bytes;
};

static int no_memory(struct weir_stage *stage)
{
    return weir_fail(stage, WEIR_EOS, "no memory to write many files");
}

/* ---- the table ---- */

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct output *)a)->path, ((const struct output *)b)->path);
}

/* NULL: no memory. */
static struct output *add_output(struct divide *divide, const char *path)
{
    if (divide->outputs == divide->capacity) {
        size_t capacity = 2 * divide->capacity + 64;
        struct output **more = realloc(divide->output, capacity * sizeof(*more));
        if (more == NULL)
            return NULL;
        divide->output = more;
        divide->capacity = capacity;
    }
    struct output *output = calloc(1, sizeof(*output));
    if (output == NULL || (output->path = strdup(path)) == NULL ||
        tsearch(output, &divide->tree, by_path) == NULL) {
        if (output != NULL)
            free(output->path);
        free(output);
        return NULL;
    }
    output->part.fd = -1;
    divide->output[divide->outputs++] = output;
    return output;
}

static struct output *find_output(const struct divide *divide, const char *path)
{
    struct output key = {.path = (char *)(uintptr_t)path};
    struct output *const *found = tfind(&key, &divide->tree, by_path);
    return found == NULL ? NULL : *found;
}

static uint64_t note_bytes(const struct note *note)
{
    return (sizeof(*note) + note->path_bytes + NOTE_ALIGN - 1) / NOTE_ALIGN * NOTE_ALIGN;
}

static struct length *newest(struct note *note)
{
    return &note->length[note->length[1].batch > note->length[0].batch];
}

static int write_note(struct weir_stage *stage, const struct output *output)
{
    return weir__kept_write(stage, (const char *)&output->note, sizeof(output->note), output->at);
}

/* ---- files ---- */

static void close_one(struct divide *divide, size_t i)
{
    weir__part_release(&divide->open[i]->part);
    divide->open[i] = divide->open[--divide->opens];
}

/* Closes the file that was written to the longest time ago, if there may be no more. */
static void make_room(struct divide *divide)
{
    size_t oldest = 0;
    if (divide->opens < divide->max_open)
        return;
    for (size_t i = 1; i < divide->opens; i++)
        if (divide->open[i]->used < divide->open[oldest]->used)
            oldest = i;
    close_one(divide, oldest);
}

static int open_output(struct weir_stage *stage, struct output *output)
{
    struct divide *divide = stage->self;
    if (output->part.fd >= 0)
        return 0;
    make_room(divide);
    int rc = weir__part_reopen(stage, &output->part, output->path, (dev_t)output->note.device,
                               (ino_t)output->note.inode, newest(&output->note)->bytes);
    if (rc < 0)
        weir__part_release(&output->part);
    else
        divide->open[divide->opens++] = output;
    return rc;
}

/* The folders that values have named. */
static int make_folders(struct weir_stage *stage, const char *path)
{
    size_t least = weir__template_folder(weir_option_string(stage, "path"));
    char *folder = strdup(path);
    int rc = folder == NULL ? no_memory(stage) : 0;
    for (char *slash = folder; rc == 0 && (slash = strchr(slash + 1, '/')) != NULL;) {
        *slash = '\0';
        if ((size_t)(slash - folder) >= least && mkdir(folder, 0777) < 0 && errno != EEXIST)
            rc = weir_fail_errno(stage, WEIR_ECANTCREATE, "cannot make the folder '%s'", folder);
        *slash = '/';
    }
    free(folder);
    return rc;
}

/* Of a run that publishes nothing. Folders that are not empty stay. */
static void remove_output(struct weir_stage *stage, const char *path)
{
    size_t least = weir__template_folder(weir_option_string(stage, "path"));
    char *folder = strdup(path);
    weir__part_remove(stage, path);
    for (char *slash; folder != NULL && (slash = strrchr(folder, '/')) != NULL;) {
        *slash = '\0';
        if ((size_t)(slash - folder) < least || rmdir(folder) < 0)
            break;
    }
    free(folder);
}

static int write_bytes(struct weir_stage *stage, struct output *output, const char *bytes, size_t n,
                       uint64_t at)
{
    while (n > 0) {
        ssize_t wrote = TEMP_FAILURE_RETRY(pwrite(output->part.fd, bytes, n, (off_t)at));
        if (wrote < 0)
            return weir_fail_errno(stage, WEIR_EIO, "cannot write '%s'", output->path);
        bytes += wrote;
        n -= (size_t)wrote;
        at += (uint64_t)wrote;
        stage->count.bytes += (uint64_t)wrote;
    }
    return 0;
}

static int make_file(struct weir_stage *stage, struct output *output)
{
    struct divide *divide = stage->self;
    struct divide_state *state = stage->state;
    struct stat st;
    output->used = state->batch + 1;
    output->note.length[0] =
        (struct length){.batch = output->used, .bytes = stage->in->preamble_bytes};
    if (strcmp(weir_option_string(stage, "if_exists"), "error") == 0 &&
        lstat(output->path, &st) == 0)
        return weir_fail(stage, WEIR_ECANTCREATE, "'%s' is there already (if_exists: error)",
                         output->path);
    make_room(divide);
    int rc = make_folders(stage, output->path);
    if (rc == 0)
        rc = weir__part_create(stage, &output->part, output->path);
    if (rc < 0)
        return rc;
    divide->open[divide->opens++] = output;
    output->note.device = (uint64_t)output->part.device;
    output->note.inode = (uint64_t)output->part.inode;
    rc = write_note(stage, output);
    return rc < 0 ? rc
                  : write_bytes(stage, output, stage->in->preamble, stage->in->preamble_bytes, 0);
}

static int new_output(struct weir_stage *stage, const char *path, size_t path_bytes,
                      struct output **ret)
{
    struct divide *divide = stage->self;
    struct divide_state *state = stage->state;
    if (divide->outputs == FILES_MOST)
        return weir_fail(stage, WEIR_EDATA, "the path '%s' names more than %d files",
                         weir_option_string(stage, "path"), FILES_MOST);
    struct output *output = *ret = add_output(divide, path);
    if (output == NULL)
        return no_memory(stage);
    output->at = state->end;
    output->note.path_bytes = path_bytes;
    state->end += note_bytes(&output->note);
    state->files++;
    int rc = weir__kept_write(stage, path, path_bytes, output->at + sizeof(output->note));
    if (rc == 0)
        rc = write_note(stage, output);
    return rc == 0 ? make_file(stage, output) : rc;
}

/* ---- batches ---- */

static bool reserve_chunk(struct divide *divide)
{
    if (divide->chunks < divide->chunk_capacity)
        return true;
    size_t capacity = 2 * divide->chunk_capacity + 1024;
    struct chunk *more = realloc(divide->chunk, capacity * sizeof(*more));
    if (more == NULL)
        return false;
    divide->chunk = more;
    divide->chunk_capacity = capacity;
    return true;
}

static int add_chunk(struct weir_stage *stage, struct output *output, const char *bytes, uint32_t n)
{
    struct divide *divide = stage->self;
    if (!reserve_chunk(divide))
        return no_memory(stage);
    uint32_t chunk = (uint32_t)divide->chunks++;
    divide->chunk[chunk] = (struct chunk){.bytes = bytes, .n = n};
    if (output->first == 0) {
        output->first = chunk;
        output->next = divide->touched;
        divide->touched = output;
    } else {
        divide->chunk[output->last].next = chunk;
    }
    output->last = chunk;
    return 0;
}

/* Finds out what goes where. */
static int sort_out(struct weir_stage *stage, const struct weir_batch *in)
{
    struct divide *divide = stage->self;
    struct output *output = NULL;
    divide->chunks = 1;
    for (size_t at = 0; at < in->byte_count;) {
        struct template_frame frame;
        size_t left = in->byte_count - at;
        int rc = 0;
        if (left < sizeof(frame))
            return weir_fail(stage, WEIR_EINTERNAL, "its input is damaged");
        memcpy(&frame, in->bytes + at, sizeof(frame));
        left -= sizeof(frame);
        const char *path = in->bytes + at + sizeof(frame);
        if (frame.path_bytes == 0 || frame.path_bytes > left ||
            frame.bytes > left - frame.path_bytes || path[frame.path_bytes - 1] != '\0')
            return weir_fail(stage, WEIR_EINTERNAL, "its input is damaged");
        if (output == NULL || strcmp(output->path, path) != 0)
            output = find_output(divide, path);
        if (output == NULL)
            rc = new_output(stage, path, frame.path_bytes, &output);
        if (rc == 0)
            rc = add_chunk(stage, output, path + frame.path_bytes, frame.bytes);
        if (rc < 0)
            return rc;
        at += sizeof(frame) + frame.path_bytes + frame.bytes;
    }
    return 0;
}

static int write_chunks(struct weir_stage *stage, struct output *output)
{
    struct divide *divide = stage->self;
    struct divide_state *state = stage->state;
    size_t n = 0;
    for (uint32_t i = output->first; i != 0; i = divide->chunk[i].next) {
        memcpy(divide->scratch + n, divide->chunk[i].bytes, divide->chunk[i].n);
        n += divide->chunk[i].n;
    }
    int rc = open_output(stage, output);
    output->first = 0;
    output->used = state->batch + 1;
    struct length *now = newest(&output->note);
    uint64_t bytes = now->bytes;
    if (now->batch <= state->batch) /* which is committed, and so stays */
        now = &output->note.length[now == &output->note.length[0]];
    *now = (struct length){.batch = state->batch + 1, .bytes = bytes + n};
    if (rc == 0)
        rc = write_bytes(stage, output, divide->scratch, n, bytes);
    return rc == 0 ? write_note(stage, output) : rc;
}

static int divide_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                          struct weir_output *out)
{
    struct divide *divide = stage->self;
    struct divide_state *state = stage->state;
    (void)out;
    *cursor = UINT64_MAX;
    if (divide->scratch_bytes < in->byte_count) {
        free(divide->scratch);
        divide->scratch = malloc(in->byte_count);
        divide->scratch_bytes = divide->scratch == NULL ? 0 : in->byte_count;
        if (divide->scratch == NULL)
            return no_memory(stage);
    }
    int rc = sort_out(stage, in);
    for (struct output *output = divide->touched; rc == 0 && output != NULL; output = output->next)
        rc = write_chunks(stage, output);
    divide->touched = NULL;
    state->batch++;
    return rc;
}

static int divide_finish(struct weir_stage *stage, struct weir_output *out)
{
    struct divide *divide = stage->self;
    int rc = 0;
    (void)out;
    for (size_t i = 0; rc == 0 && i < divide->outputs; i++) {
        struct output *output = divide->output[i];
        rc = open_output(stage, output);
        if (rc == 0 && TEMP_FAILURE_RETRY(fsync(output->part.fd)) < 0)
            rc = weir_fail_errno(stage, WEIR_EIO, "cannot write '%s'", output->path);
    }
    return rc;
}

static int divide_publish(struct weir_stage *stage, bool keep, const char **ret_path)
{
    struct divide *divide = stage->self;
    bool replace = strcmp(weir_option_string(stage, "if_exists"), "error") != 0;
    int rc = 0;
    *ret_path = NULL;
    if (divide == NULL)
        return 0;
    while (!keep && divide->opens > 0)
        close_one(divide, 0);
    for (size_t i = 0; i < divide->outputs && rc == 0; i++) {
        struct output *output = divide->output[i];
        if (!keep) {
            remove_output(stage, output->path);
            continue;
        }
        rc = open_output(stage, output);
        if (rc == 0)
            rc = weir__part_publish(stage, &output->part, replace);
        if (rc == 0)
            *ret_path = weir_option_string(stage, "path");
    }
    return rc;
}

/* ---- a successor ---- */

/* Reads the note at that place. 1; 0 if there is none, or not all of it; or a code. */
static int read_note(struct weir_stage *stage, uint64_t at, struct note *note, char **ret_path)
{
    ssize_t got = TEMP_FAILURE_RETRY(pread(weir_kept(stage), note, sizeof(*note), (off_t)at));
    if (got < 0)
        return weir_fail_errno(stage, WEIR_EIO, "cannot read the temporary file (TMPDIR)");
    if ((size_t)got < sizeof(*note) || note->path_bytes == 0 || note->path_bytes > 1 << 20)
        return 0;
    size_t n = (size_t)note->path_bytes;
    *ret_path = malloc(n);
    if (*ret_path == NULL)
        return no_memory(stage);
    got = TEMP_FAILURE_RETRY(pread(weir_kept(stage), *ret_path, n, (off_t)(at + sizeof(*note))));
    if (got == (ssize_t)n && (*ret_path)[n - 1] == '\0')
        return 1;
    free(*ret_path);
    return 0;
}

static int take_up(struct weir_stage *stage, uint64_t at, const struct note *note, const char *path)
{
    const struct divide_state *state = stage->state;
    struct output *output = add_output(stage->self, path);
    if (output == NULL)
        return no_memory(stage);
    output->at = at;
    output->note = *note;
    for (int i = 0; i < 2; i++)
        if (note->length[i].batch > state->batch)
            output->note.length[i] = (struct length){0};
    return write_note(stage, output);
}

/* Takes up what is committed, and removes the files of a batch that was not. */
static int read_notes(struct weir_stage *stage)
{
    const struct divide_state *state = stage->state;
    struct note note;
    char *path = NULL;
    int rc = 0, found = 0;
    for (uint64_t at = 0; rc == 0 && (found = read_note(stage, at, &note, &path)) == 1;) {
        if (at < state->end)
            rc = take_up(stage, at, &note, path);
        else
            remove_output(stage, path);
        free(path);
        at += note_bytes(&note);
    }
    if (rc < 0 || found < 0)
        return rc < 0 ? rc : found;
    if (((struct divide *)stage->self)->outputs != state->files)
        return weir_fail(stage, WEIR_EINTERNAL, "its notes are damaged");
    if (TEMP_FAILURE_RETRY(ftruncate(weir_kept(stage), (off_t)state->end)) < 0)
        return weir_fail_errno(stage, WEIR_EIO, "cannot cut the temporary file (TMPDIR)");
    return 0;
}

/* ---- the stage ---- */

static int divide_configure(struct weir_stage *stage)
{
    struct divide *divide = calloc(1, sizeof(*divide));
    stage->self = divide;
    if (divide == NULL)
        return no_memory(stage);
    divide->max_open = (size_t)weir_option_number(stage, "max_open");
    stage->memory_bytes = (uint64_t)FILES_MOST * (sizeof(struct output) + 200);
    return 0;
}

static int divide_open(struct weir_stage *stage)
{
    struct divide *divide = stage->self;
    divide->open = calloc(divide->max_open + 1, sizeof(struct output *));
    return divide->open == NULL ? no_memory(stage) : read_notes(stage);
}

static void keep_node(void *node)
{
    (void)node;
}

static void divide_close(struct weir_stage *stage)
{
    struct divide *divide = stage->self;
    if (divide == NULL)
        return;
    tdestroy(divide->tree, keep_node);
    for (size_t i = 0; i < divide->outputs; i++) {
        weir__part_release(&divide->output[i]->part);
        free(divide->output[i]->path);
        free(divide->output[i]);
    }
    free(divide->output);
    free(divide->open);
    free(divide->chunk);
    free(divide->scratch);
    free(divide);
    stage->self = NULL;
}

const struct weir_stage_type weir_file_divide = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "file.divide",
    .summary = "writes bytes to many files",
    .traits = WEIR_SINK | WEIR_ONE_SEAT | WEIR_NO_FUSE | WEIR_INNER | WEIR_KEEPS,
    .state_bytes = sizeof(struct divide_state),
    .wanted = weir__template_given,
    .configure = divide_configure,
    .open = divide_open,
    .process = divide_process,
    .finish = divide_finish,
    .publish = divide_publish,
    .close = divide_close,
};
