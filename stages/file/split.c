#include "file/split.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BEYOND    ((size_t)4 << 10)  /* read behind a piece, for the end of its last record */
#define RAW_BYTES ((size_t)64 << 10) /* of a rejected record that are kept */

/* ---- which piece a split is ---- */

static uint64_t pieces(const struct weir_stage *stage, const struct source_file *file)
{
    uint64_t each = weir_split_bytes(stage);
    uint64_t bytes = file->bytes > file->data_offset ? file->bytes - file->data_offset : 0;
    return bytes == 0 ? 1 : (bytes + each - 1) / each;
}

uint64_t weir__splits_count(const struct weir_stage *stage, const struct source_file *file,
                            size_t files)
{
    uint64_t count = 0;
    for (size_t f = 0; f < files; f++) {
        if (file[f].standard_input || file[f].bytes < file[f].data_offset || file[f].bytes == 0)
            return 0;
        count += pieces(stage, &file[f]);
    }
    return count;
}

int weir__splits_open(struct splits *splits, struct weir_stage *stage,
                      const struct split_format *format, void *context,
                      const struct source_file *file)
{
    size_t files = weir_probed_files(stage);
    *splits = (struct splits){.stage = stage,
                              .format = format,
                              .context = context,
                              .file = file,
                              .first = calloc(files + 1, sizeof(uint64_t)),
                              .input = {.fd = -1},
                              .opened = SIZE_MAX};
    if (splits->first == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory for the list of files");
    for (size_t f = 0; f < files; f++)
        splits->first[f + 1] = splits->first[f] + pieces(stage, &file[f]);
    return 0;
}

void weir__splits_close(struct splits *splits)
{
    if (splits->stage == NULL)
        return;
    weir__input_close(&splits->input);
    free(splits->first);
    free(splits->bytes);
    *splits = (struct splits){0};
}

/* One split while it is read. Places in bytes count from the piece's beginning. */
struct piece {
    uint32_t file;
    uint64_t offset;     /* of its beginning in the file */
    size_t n;            /* its size */
    size_t have;         /* what was read, behind its end as well */
    bool first;          /* of its file */
    uint64_t file_bytes; /* the file's size */
};

static struct piece piece_of(const struct splits *splits, uint64_t split)
{
    size_t low = 0, high = weir_probed_files(splits->stage);
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (splits->first[middle] <= split)
            low = middle;
        else
            high = middle;
    }
    const struct source_file *file = &splits->file[low];
    uint64_t each = weir_split_bytes(splits->stage);
    uint64_t offset = file->data_offset + (split - splits->first[low]) * each;
    uint64_t left = file->bytes > offset ? file->bytes - offset : 0;
    return (struct piece){.file = (uint32_t)low,
                          .offset = offset,
                          .n = (size_t)(left < each ? left : each),
                          .first = split == splits->first[low],
                          .file_bytes = file->bytes};
}

/* ---- reading ---- */

static const char *file_name(const struct splits *splits, uint32_t file)
{
    return weir_file_name(splits->stage, weir_first_file(splits->stage) + file);
}

static int open_file(struct splits *splits, uint32_t file)
{
    if (splits->opened == file)
        return 0;
    weir__input_close(&splits->input);
    splits->opened = SIZE_MAX;
    int rc = weir__input_open(splits->stage, file_name(splits, file), &splits->input);
    if (rc == 0)
        splits->opened = file;
    return rc;
}

static int read_at(struct splits *splits, const struct piece *piece, size_t at, char *to, size_t n)
{
    uint64_t offset = piece->offset + at;
    const char *name = file_name(splits, piece->file);
    ssize_t got = weir__input_pread(splits->input.fd, to, n, offset);
    if (got < 0)
        return weir_fail_errno(splits->stage, WEIR_EIO, "cannot read '%s' at byte %" PRIu64, name,
                               offset);
    if ((size_t)got < n)
        return weir_fail(splits->stage, WEIR_EIO,
                         "'%s' shrank while it was read: it was %" PRIu64
                         " bytes and ends at byte %" PRIu64 " now",
                         name, piece->file_bytes, offset + (uint64_t)got);
    return 0;
}

/* Reads on, to so many bytes or the file's end. */
static int read_to(struct splits *splits, struct piece *piece, size_t want)
{
    uint64_t most = piece->file_bytes - piece->offset;
    if (want > most)
        want = (size_t)most;
    if (want <= piece->have)
        return 0;
    if (want > splits->capacity) {
        char *bytes = realloc(splits->bytes, want);
        if (bytes == NULL)
            return weir_fail(splits->stage, WEIR_EOS, "no memory to read '%s'",
                             file_name(splits, piece->file));
        splits->bytes = bytes;
        splits->capacity = want;
    }
    int rc = read_at(splits, piece, piece->have, splits->bytes + piece->have, want - piece->have);
    if (rc == 0)
        piece->have = want;
    return rc;
}

static bool has_all(const struct piece *piece)
{
    return piece->offset + piece->have == piece->file_bytes;
}

/* ---- the state, from split to split ---- */

static uint64_t state_word(const struct split_state *state)
{
    return state->lines << 4 | (uint64_t)state->machine << 1 | state->after_cr;
}

static struct split_state word_state(uint64_t word)
{
    return (struct split_state){
        .machine = (unsigned)(word >> 1) & 7, .after_cr = (word & 1) != 0, .lines = word >> 4};
}

/* Finds the states in which the piece begins and ends, and hands on the latter. */
static int pass_state(struct splits *splits, const struct piece *piece, struct split_state *begin,
                      struct split_state *end)
{
    const struct split_format *format = splits->format;
    const struct source_file *file = &splits->file[piece->file];
    const char *bytes = splits->bytes;
    struct split_state guess = {.lines = file->data_line};
    if (!piece->first)
        guess = (struct split_state){.machine = format->guess(splits->context, bytes, piece->n)};
    *end = guess;
    format->scan(splits->context, end, bytes, piece->n);
    uint64_t word;
    int rc = weir_split_receive(splits->stage, &word);
    if (rc != 0)
        return rc;
    *begin = piece->first ? guess : word_state(word);
    bool half = begin->after_cr && piece->n > 0 && bytes[0] == '\n';
    bool met = format->meet(splits->context, guess.machine, begin->machine, bytes, piece->n);
    if (!met) {
        *end = *begin;
        format->scan(splits->context, end, bytes, piece->n);
    } else if (!piece->first) {
        end->lines += begin->lines - half;
    }
    weir_split_hand_on(splits->stage, state_word(end));
    if (met && format->correct != NULL)
        format->correct(splits->context, begin, bytes);
    return 0;
}

/* ---- its records ---- */

/* What was found out about a piece's records. */
struct extent {
    size_t begin;         /* of the first; behind the piece if it has none */
    uint64_t lines;       /* before that */
    size_t end;           /* of the bytes that are passed on */
    size_t whole_at;      /* where a record begins that can't be taken */
    uint64_t whole_bytes; /* its size; 0: there is none */
};

static void find_begin(struct splits *splits, const struct piece *piece, struct split_state state,
                       struct extent *ret)
{
    const char *bytes = splits->bytes;
    ret->begin = state.machine == 0 && state.after_cr && piece->n > 0 && bytes[0] == '\n';
    if (state.machine != 0 &&
        !splits->format->next(splits->context, &state, bytes, piece->have, &ret->begin))
        ret->begin = piece->n;
    ret->lines = state.lines;
}

/* Where the record begins that the byte before `end` belongs to; `at` is where one begins. */
static size_t last_begin(struct splits *splits, size_t at, size_t end)
{
    struct split_state state = {0};
    size_t used;
    while (splits->format->next(splits->context, &state, splits->bytes + at, end - 1 - at, &used))
        at += used;
    return at;
}

/* Looks for the end of the record that goes on behind the piece, from *at on, as far as it may
 * matter. 1 if it was found, 0 if not, or a code. */
static int seek_end(struct splits *splits, struct piece *piece, struct split_state *state,
                    size_t *at)
{
    size_t most = piece->n + weir_max_record(splits->stage) + 1, used;
    for (;;) {
        bool found = splits->format->next(splits->context, state, splits->bytes + *at,
                                          piece->have - *at, &used);
        *at += used;
        bool half = found && *at == piece->have && splits->bytes[*at - 1] == '\r';
        if ((found && !half) || has_all(piece) || *at >= most)
            return found;
        size_t want = 2 * piece->have < most ? 2 * piece->have : most;
        int rc = read_to(splits, piece, half ? *at + 1 : want);
        if (rc < 0)
            return rc;
        if (half) {
            *at += splits->bytes[*at] == '\n';
            return 1;
        }
    }
}

/* Passes over the rest of a record that is too large, without keeping it. Returns how many bytes
 * that is, or a code. */
static int64_t pass_large(struct splits *splits, const struct piece *piece,
                          struct split_state *state)
{
    char *scratch = malloc(RAW_BYTES);
    size_t at = piece->have, used, n;
    bool found = scratch == NULL;
    int rc = scratch == NULL
                 ? weir_fail(splits->stage, WEIR_EOS, "no memory for a record that is too large")
                 : 0;
    while (rc == 0 && !found && piece->offset + at < piece->file_bytes) {
        uint64_t left = piece->file_bytes - piece->offset - at;
        n = left < RAW_BYTES ? (size_t)left : RAW_BYTES;
        rc = read_at(splits, piece, at, scratch, n);
        found = rc == 0 && splits->format->next(splits->context, state, scratch, n, &used);
        at += found ? used : n;
    }
    free(scratch);
    return rc < 0 ? rc : (int64_t)(at - piece->have);
}

/* Finds where the piece's last record ends, and whether it can be taken. */
static int find_end(struct splits *splits, struct piece *piece, struct split_state state,
                    struct extent *ret)
{
    size_t most = weir_max_record(splits->stage);
    int found = 1;
    ret->end = piece->n;
    if (state.machine != 0)
        found = seek_end(splits, piece, &state, &ret->end);
    else if (state.after_cr && piece->have > piece->n)
        ret->end += splits->bytes[piece->n] == '\n';
    if (found < 0)
        return found;
    bool unfinished = found == 0 && splits->format->unfinished(state.machine);
    if (ret->end - ret->begin <= most && !unfinished)
        return 0;
    ret->whole_at = last_begin(splits, ret->begin, piece->n);
    size_t size = ret->end - ret->whole_at;
    if (size <= most && !unfinished)
        return 0;
    int64_t rest = found == 0 && !has_all(piece) ? pass_large(splits, piece, &state) : 0;
    if (rest < 0)
        return (int)rest;
    ret->whole_bytes = size + (uint64_t)rest;
    if (ret->whole_bytes > most && size > RAW_BYTES)
        ret->end = ret->whole_at + RAW_BYTES;
    return 0;
}

int weir__splits_read(struct splits *splits, uint64_t split, struct weir_batch *ret)
{
    size_t each = weir_split_bytes(splits->stage);
    struct piece piece = piece_of(splits, split);
    struct split_state begin, end;
    struct extent extent = {0};
    if (splits->capacity > 4 * (each + BEYOND)) { /* a large record was there */
        free(splits->bytes);
        splits->bytes = NULL;
        splits->capacity = 0;
    }
    int rc = open_file(splits, piece.file);
    if (rc == 0)
        rc = read_to(splits, &piece, piece.n + BEYOND);
    if (rc == 0)
        rc = pass_state(splits, &piece, &begin, &end);
    if (rc != 0)
        return rc;
    splits->stage->count.bytes += piece.n + (piece.first ? piece.offset : 0);
    find_begin(splits, &piece, begin, &extent);
    if (extent.begin >= piece.n)
        return 0;
    rc = find_end(splits, &piece, end, &extent);
    if (rc < 0)
        return rc;
    *ret = (struct weir_batch){.bytes = splits->bytes + extent.begin,
                               .byte_count = extent.end - extent.begin,
                               .origin = {.file = weir_first_file(splits->stage) + piece.file,
                                          .offset = piece.offset + extent.begin,
                                          .line = extent.lines + 1},
                               .whole_bytes = extent.whole_bytes,
                               .whole_at =
                                   extent.whole_bytes == 0 ? 0 : extent.whole_at - extent.begin};
    return 0;
}
