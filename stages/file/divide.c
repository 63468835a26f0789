/*
 * file.divide: many files, all of which are published or none.
 *
 * What a successor has to know of them stands in the seat's kept file, a note for each: its path, the
 * file itself, and how far it is filled. That is there twice, each time with the number of the batch
 * behind which it was so. A batch writes over the older one, so that what was committed stays; a
 * successor forgets those of batches that were not. A note is there before its file, so that the files of
 * a batch that was not committed are found and removed; its path is there before the note.
 *
 * Text that is to be compressed waits behind its note until there is a member of it. There are two
 * places: a batch that makes a member leaves what remains in the other one, and so the text as it was
 * committed. Members are of one size, however the text came, and so the same bytes after any death.
 */
#include "file/divide.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file/compress.h"
#include "file/kept.h"
#include "file/part.h"
#include "file/template.h"

#define FILES_MOST 100000
#define NOTE_ALIGN                                                                                 \
    128 /* a note stands in one page, so that it is written as a whole or not at all */
#define MEMBER_BYTES ((size_t)256 << 10) /* of text, in a member of a compressed file */

struct filled {
    uint64_t batch; /* 0: not known */
    uint64_t bytes; /* of the file */
    uint64_t rows, text;
    uint64_t waiting, place; /* less than a member of text; 0 or 1 */
};

struct note {
    uint64_t device, inode;
    struct filled filled[2];
    uint64_t number;     /* of a split file; 0: it is not split */
    uint64_t path_bytes; /* as the records name it, with its NUL; they follow */
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
    char *base;  /* as the records name it: that is what they are sorted by */
    char *path;  /* with its number */
    uint64_t at; /* of the note */
    struct note note;
    uint64_t rows, text;  /* what it will hold behind the batch */
    struct part part;     /* fd -1: not open */
    uint32_t first, last; /* of the chunks; 0: none */
    struct output *next;  /* that the batch writes to */
    uint64_t used;        /* the batch that wrote to it */
};

struct divide {
    enum compression compression;
    uint64_t most_rows, most_text; /* of a split file; UINT64_MAX: any number */
    void *tree;                    /* of outputs, by base: the last of each */
    struct output **output;
    size_t outputs, capacity;
    struct output **open;
    size_t opens, max_open;
    struct output *touched; /* by the batch */
    struct chunk *chunk;    /* the first is none */
    size_t chunks, chunk_capacity;
    char *scratch; /* the text of one output */
    size_t scratch_bytes;
    char *member;
    char *shown; /* the path, for the receipt */
};

static int no_memory(struct weir_stage *stage)
{
    return weir_fail(stage, WEIR_EOS, "no memory to write many files");
}

/* ---- the table ---- */

static int by_base(const void *a, const void *b)
{
    return strcmp(((const struct output *)a)->base, ((const struct output *)b)->base);
}

static void free_output(struct output *output)
{
    weir__part_release(&output->part);
    free(output->base);
    free(output->path);
    free(output);
}

/* out-0001.csv.gz of out.csv.gz and -0001. To be freed. */
static char *mark_path(const struct divide *divide, const char *base, const char *mark)
{
    const char *slash = strrchr(base, '/'), *name = slash == NULL ? base : slash + 1;
    const char *suffix = weir__compress_suffix(divide->compression);
    size_t n = strlen(base), suffix_bytes = suffix == NULL ? 0 : strlen(suffix);
    char *path = NULL;
    if (suffix != NULL && strlen(name) > suffix_bytes &&
        strcmp(base + n - suffix_bytes, suffix) == 0)
        n -= suffix_bytes;
    const char *dot = memrchr(name, '.', (size_t)(base + n - name));
    if (dot != NULL && dot > name)
        n = (size_t)(dot - base);
    return asprintf(&path, "%.*s%s%s", (int)n, base, mark, base + n) < 0 ? NULL : path;
}

static char *numbered(const struct divide *divide, const char *base, uint64_t number)
{
    char mark[24];
    snprintf(mark, sizeof(mark), "-%04" PRIu64, number);
    return number == 0 ? strdup(base) : mark_path(divide, base, mark);
}

/* The newest of its base. NULL: no memory. */
static struct output *add_output(struct divide *divide, const char *base, uint64_t number)
{
    if (divide->outputs == divide->capacity) {
        size_t capacity = 2 * divide->capacity + 64;
        struct output **more = realloc(divide->output, capacity * sizeof(*more));
        if (more == NULL)
            return NULL;
        divide->output = more;
        divide->capacity = capacity;
    }
    struct output *output = calloc(1, sizeof(*output)), **node = NULL;
    if (output == NULL)
        return NULL;
    output->part.fd = -1;
    output->note.number = number;
    output->base = strdup(base);
    output->path = numbered(divide, base, number);
    if (output->base != NULL && output->path != NULL)
        node = tsearch(output, &divide->tree, by_base);
    if (node == NULL) {
        free_output(output);
        return NULL;
    }
    *node = output;
    divide->output[divide->outputs++] = output;
    return output;
}

static struct output *find_output(const struct divide *divide, const char *base)
{
    struct output key = {.base = (char *)(uintptr_t)base};
    struct output *const *found = tfind(&key, &divide->tree, by_base);
    return found == NULL ? NULL : *found;
}

/* Up to the text that waits. */
static uint64_t own_bytes(const struct note *note)
{
    return (sizeof(*note) + note->path_bytes + NOTE_ALIGN - 1) / NOTE_ALIGN * NOTE_ALIGN;
}

static uint64_t note_bytes(const struct divide *divide, const struct note *note)
{
    return own_bytes(note) + (divide->compression == COMPRESS_NONE ? 0 : 2 * MEMBER_BYTES);
}

static struct filled *newest(struct note *note)
{
    return &note->filled[note->filled[1].batch > note->filled[0].batch];
}

/* Where the batch says how far it has filled the file: over what is older than the committed. */
static struct filled *fill_next(const struct divide_state *state, struct note *note)
{
    struct filled *now = newest(note), was = *now;
    if (now->batch <= state->batch)
        now = &note->filled[now == &note->filled[0]];
    *now = was;
    now->batch = state->batch + 1;
    return now;
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
    output->note.filled[0] = (struct filled){.batch = output->used};
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
    return write_note(stage, output);
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

/* A file that begins with the header. */
static int new_output(struct weir_stage *stage, const char *base, uint64_t number,
                      struct output **ret)
{
    struct divide *divide = stage->self;
    struct divide_state *state = stage->state;
    if (divide->outputs == FILES_MOST)
        return weir_fail(stage, WEIR_EDATA, "the path '%s' makes more than %d files",
                         weir_option_string(stage, "path"), FILES_MOST);
    struct output *output = *ret = add_output(divide, base, number);
    if (output == NULL)
        return no_memory(stage);
    output->at = state->end;
    output->note.path_bytes = strlen(base) + 1;
    state->end += note_bytes(divide, &output->note);
    state->files++;
    output->text = stage->in->preamble_bytes;
    int rc =
        weir__kept_write(stage, base, output->note.path_bytes, output->at + sizeof(output->note));
    if (rc == 0)
        rc = write_note(stage, output);
    if (rc == 0)
        rc = make_file(stage, output);
    if (rc == 0)
        rc = add_chunk(stage, output, stage->in->preamble, (uint32_t)stage->in->preamble_bytes);
    return rc;
}

static bool is_split(const struct divide *divide)
{
    return divide->most_rows != UINT64_MAX || divide->most_text != UINT64_MAX;
}

/* Whether a record of so many bytes goes to the next file. */
static bool is_full(const struct divide *divide, const struct output *output, uint32_t bytes)
{
    return output->rows > 0 &&
           (output->rows >= divide->most_rows || bytes > divide->most_text - output->text ||
            output->text > divide->most_text);
}

/* The output of a record, which begins in a frame or goes on there. */
static int find_or_make(struct weir_stage *stage, const struct template_frame *frame,
                        const char *base, struct output **output)
{
    const struct divide *divide = stage->self;
    int rc = 0;
    if (*output == NULL || strcmp((*output)->base, base) != 0)
        *output = find_output(divide, base);
    if (*output == NULL)
        rc = new_output(stage, base, is_split(divide), output);
    else if (frame->record_bytes > 0 && is_full(divide, *output, frame->record_bytes))
        rc = new_output(stage, base, (*output)->note.number + 1, output);
    if (rc == 0) {
        (*output)->rows += frame->record_bytes > 0;
        (*output)->text += frame->bytes;
    }
    return rc;
}

/* Finds out what goes where. */
static int sort_out(struct weir_stage *stage, const struct weir_batch *in)
{
    struct output *output = NULL;
    for (size_t at = 0; at < in->byte_count;) {
        struct template_frame frame;
        size_t left = in->byte_count - at;
        if (left < sizeof(frame))
            return weir_fail(stage, WEIR_EINTERNAL, "its input is damaged");
        memcpy(&frame, in->bytes + at, sizeof(frame));
        left -= sizeof(frame);
        const char *path = in->bytes + at + sizeof(frame);
        if (frame.path_bytes == 0 || frame.path_bytes > left ||
            frame.bytes > left - frame.path_bytes || path[frame.path_bytes - 1] != '\0')
            return weir_fail(stage, WEIR_EINTERNAL, "its input is damaged");
        int rc = find_or_make(stage, &frame, path, &output);
        if (rc == 0)
            rc = add_chunk(stage, output, path + frame.path_bytes, frame.bytes);
        if (rc < 0)
            return rc;
        at += sizeof(frame) + frame.path_bytes + frame.bytes;
    }
    return 0;
}

/* Writes a member of n bytes of text. */
static int write_member(struct weir_stage *stage, struct output *output, struct filled *now,
                        const char *text, size_t n)
{
    struct divide *divide = stage->self;
    size_t used = 0;
    int rc = weir__compress(stage, divide->compression, text, n, divide->member, 2 * MEMBER_BYTES,
                            &used);
    if (rc == 0)
        rc = write_bytes(stage, output, divide->member, used, now->bytes);
    now->bytes += used;
    return rc;
}

static uint64_t waits_at(const struct output *output, const struct filled *now)
{
    return output->at + own_bytes(&output->note) + now->place * MEMBER_BYTES;
}

/* Reads what waits to the beginning of the scratch memory. */
static int read_waiting(struct weir_stage *stage, const struct output *output,
                        const struct filled *now)
{
    const struct divide *divide = stage->self;
    for (uint64_t n = 0; n < now->waiting;) {
        ssize_t got =
            TEMP_FAILURE_RETRY(pread(weir_kept(stage), divide->scratch + n, now->waiting - n,
                                     (off_t)(waits_at(output, now) + n)));
        if (got < 0)
            return weir_fail_errno(stage, WEIR_EIO, "cannot read the temporary file (TMPDIR)");
        if (got == 0)
            return weir_fail(stage, WEIR_EINTERNAL, "its notes are damaged");
        n += (uint64_t)got;
    }
    return 0;
}

/* n bytes stand in the scratch memory behind what waits. */
static int compress_text(struct weir_stage *stage, struct output *output, struct filled *now,
                         size_t n)
{
    struct divide *divide = stage->self;
    size_t done = 0, all = (size_t)now->waiting + n;
    if (all < MEMBER_BYTES) {
        int rc = weir__kept_write(stage, divide->scratch + now->waiting, n,
                                  waits_at(output, now) + now->waiting);
        now->waiting = all;
        return rc;
    }
    int rc = read_waiting(stage, output, now);
    for (; rc == 0 && all - done >= MEMBER_BYTES; done += MEMBER_BYTES)
        rc = write_member(stage, output, now, divide->scratch + done, MEMBER_BYTES);
    now->waiting = all - done;
    now->place ^= 1;
    return rc < 0 ? rc
                  : weir__kept_write(stage, divide->scratch + done, now->waiting,
                                     waits_at(output, now));
}

static int write_chunks(struct weir_stage *stage, struct output *output)
{
    struct divide *divide = stage->self;
    struct divide_state *state = stage->state;
    struct filled *now = fill_next(state, &output->note);
    char *text = divide->scratch + now->waiting;
    size_t n = 0;
    for (uint32_t i = output->first; i != 0; i = divide->chunk[i].next) {
        if (divide->chunk[i].n > 0)
            memcpy(text + n, divide->chunk[i].bytes, divide->chunk[i].n);
        n += divide->chunk[i].n;
    }
    int rc = open_output(stage, output);
    output->first = 0;
    output->used = state->batch + 1;
    now->rows = output->rows;
    now->text = output->text;
    if (rc == 0 && divide->compression != COMPRESS_NONE) {
        rc = compress_text(stage, output, now, n);
    } else if (rc == 0) {
        rc = write_bytes(stage, output, text, n, now->bytes);
        now->bytes += n;
    }
    return rc == 0 ? write_note(stage, output) : rc;
}

static int reserve_scratch(struct weir_stage *stage, size_t bytes)
{
    struct divide *divide = stage->self;
    bytes += stage->in->preamble_bytes + MEMBER_BYTES;
    if (divide->scratch_bytes >= bytes)
        return 0;
    free(divide->scratch);
    divide->scratch = malloc(bytes);
    divide->scratch_bytes = divide->scratch == NULL ? 0 : bytes;
    return divide->scratch == NULL ? no_memory(stage) : 0;
}

static int write_touched(struct weir_stage *stage)
{
    struct divide *divide = stage->self;
    int rc = 0;
    for (struct output *output = divide->touched; rc == 0 && output != NULL; output = output->next)
        rc = write_chunks(stage, output);
    divide->touched = NULL;
    divide->chunks = 1;
    return rc;
}

static int divide_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                          struct weir_output *out)
{
    struct divide_state *state = stage->state;
    (void)out;
    *cursor = UINT64_MAX;
    int rc = reserve_scratch(stage, in->byte_count);
    if (rc == 0)
        rc = sort_out(stage, in);
    if (rc == 0)
        rc = write_touched(stage);
    state->batch++;
    return rc;
}

/* Writes the last member. Without any a file cannot be unpacked. */
static int end_text(struct weir_stage *stage, struct output *output)
{
    struct filled *now = newest(&output->note);
    if (now->waiting == 0 && now->bytes > 0)
        return 0;
    now = fill_next(stage->state, &output->note);
    int rc = read_waiting(stage, output, now);
    if (rc == 0)
        rc = write_member(stage, output, now, ((struct divide *)stage->self)->scratch,
                          (size_t)now->waiting);
    now->waiting = 0;
    return rc == 0 ? write_note(stage, output) : rc;
}

/* What is split gives a file in any case, as what is not split does. */
static int make_first(struct weir_stage *stage)
{
    const struct divide *divide = stage->self;
    struct output *output;
    if (divide->outputs > 0 || weir__template_given(stage))
        return 0;
    int rc = new_output(stage, weir_option_string(stage, "path"), 1, &output);
    return rc == 0 ? write_touched(stage) : rc;
}

static int divide_finish(struct weir_stage *stage, struct weir_output *out)
{
    struct divide *divide = stage->self;
    struct divide_state *state = stage->state;
    (void)out;
    int rc = reserve_scratch(stage, 0);
    if (rc == 0)
        rc = make_first(stage);
    for (size_t i = 0; rc == 0 && i < divide->outputs; i++) {
        struct output *output = divide->output[i];
        rc = open_output(stage, output);
        if (rc == 0 && divide->compression != COMPRESS_NONE)
            rc = end_text(stage, output);
        if (rc == 0 && TEMP_FAILURE_RETRY(fsync(output->part.fd)) < 0)
            rc = weir_fail_errno(stage, WEIR_EIO, "cannot write '%s'", output->path);
    }
    state->batch++;
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
            *ret_path = divide->shown;
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

static int take_up(struct weir_stage *stage, uint64_t at, const struct note *note, const char *base)
{
    const struct divide_state *state = stage->state;
    struct output *output = add_output(stage->self, base, note->number);
    if (output == NULL)
        return no_memory(stage);
    output->at = at;
    output->note = *note;
    for (int i = 0; i < 2; i++)
        if (note->filled[i].batch > state->batch)
            output->note.filled[i] = (struct filled){0};
    output->rows = newest(&output->note)->rows;
    output->text = newest(&output->note)->text;
    return write_note(stage, output);
}

/* Of a batch that was not committed. */
static int remove_noted(struct weir_stage *stage, const struct note *note, const char *base)
{
    char *path = numbered(stage->self, base, note->number);
    if (path == NULL)
        return no_memory(stage);
    remove_output(stage, path);
    free(path);
    return 0;
}

/* Takes up what is committed, and removes the files of a batch that was not. */
static int read_notes(struct weir_stage *stage)
{
    const struct divide_state *state = stage->state;
    struct note note;
    char *base = NULL;
    int rc = 0, found = 0;
    for (uint64_t at = 0; rc == 0 && (found = read_note(stage, at, &note, &base)) == 1;) {
        rc = at < state->end ? take_up(stage, at, &note, base) : remove_noted(stage, &note, base);
        free(base);
        at += note_bytes(stage->self, &note);
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
    divide->compression = weir__compress_chosen(stage);
    divide->most_rows = (uint64_t)weir_option_member(stage, "split", "rows");
    divide->most_text = (uint64_t)weir_option_member(stage, "split", "bytes");
    divide->chunks = 1;
    stage->memory_bytes = (uint64_t)FILES_MOST * (sizeof(struct output) + 200);
    if (divide->compression != COMPRESS_NONE)
        stage->memory_bytes += weir__compress_memory(divide->compression) + 3 * MEMBER_BYTES;
    return 0;
}

static int divide_open(struct weir_stage *stage)
{
    struct divide *divide = stage->self;
    struct stat st;
    const char *path = weir_option_string(stage, "path");
    if (is_split(divide) && stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return weir_fail(stage, WEIR_ECANTCREATE, "'%s' is no file, and cannot be split", path);
    divide->open = calloc(divide->max_open + 1, sizeof(struct output *));
    divide->member = malloc(2 * MEMBER_BYTES);
    divide->shown = is_split(divide) ? mark_path(divide, path, "-*") : strdup(path);
    if (divide->open == NULL || divide->member == NULL || divide->shown == NULL)
        return no_memory(stage);
    return read_notes(stage);
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
    for (size_t i = 0; i < divide->outputs; i++)
        free_output(divide->output[i]);
    free(divide->output);
    free(divide->open);
    free(divide->chunk);
    free(divide->scratch);
    free(divide->member);
    free(divide->shown);
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
    .wanted = weir__template_divides,
    .configure = divide_configure,
    .open = divide_open,
    .process = divide_process,
    .finish = divide_finish,
    .publish = divide_publish,
    .close = divide_close,
};
