/* Pieces that fit memory are sorted and written as runs, which are then merged, some at a time. */
#include "hash/sort.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file/input.h"

enum { MERGED = 16, PIECE = 64 << 10 }; /* runs at a time, and the memory for each */

/* A part of the file that is read record by record. */
struct run {
    uint64_t at, end; /* what is not in the buffer yet */
    char *buffer;
    size_t done, used, capacity;
};

struct runs {
    struct run *run;
    size_t count, capacity;
};

static int no_memory(const struct sort *sort)
{
    return weir_fail(sort->stage, WEIR_EOS, "no memory to sort '%s'", sort->name);
}

/* ---- records ---- */

static struct sort_head head_at(const char *record)
{
    struct sort_head head;
    memcpy(&head, record, sizeof(head));
    return head;
}

static size_t record_bytes(const char *record)
{
    struct sort_head head = head_at(record);
    return sizeof(head) + head.key_bytes + head.text_bytes;
}

static int compare(const char *a, const char *b)
{
    struct sort_head a_head = head_at(a), b_head = head_at(b);
    uint32_t shorter = a_head.key_bytes < b_head.key_bytes ? a_head.key_bytes : b_head.key_bytes;
    int order = memcmp(a + sizeof(a_head), b + sizeof(b_head), shorter);
    return order != 0
               ? order
               : (a_head.key_bytes > b_head.key_bytes) - (a_head.key_bytes < b_head.key_bytes);
}

/* ---- reading ---- */

static bool is_whole(const struct run *run)
{
    size_t there = run->used - run->done;
    return there >= sizeof(struct sort_head) && there >= record_bytes(run->buffer + run->done);
}

/* Makes room for so much behind what has not been taken yet. */
static bool make_room(struct run *run, size_t room)
{
    if (run->used > 0)
        memmove(run->buffer, run->buffer + run->done, run->used - run->done);
    run->used -= run->done;
    run->done = 0;
    if (run->capacity - run->used >= room)
        return true;
    char *buffer = realloc(run->buffer, run->used + room);
    if (buffer == NULL)
        return false;
    run->buffer = buffer;
    run->capacity = run->used + room;
    return true;
}

/* Reads on until at least one record is there, or the run has ended. */
static int fill(const struct sort *sort, struct run *run, size_t piece)
{
    while (!is_whole(run) && run->at < run->end) {
        uint64_t rest = run->end - run->at;
        size_t want = rest < piece ? (size_t)rest : piece;
        if (!make_room(run, want))
            return no_memory(sort);
        ssize_t got = weir__input_pread(sort->fd, run->buffer + run->used, want, run->at);
        if (got < 0)
            return weir_fail_errno(sort->stage, WEIR_EIO, "cannot read '%s'", sort->name);
        if ((size_t)got < want)
            return weir_fail(sort->stage, WEIR_EIO, "'%s' has become shorter", sort->name);
        run->used += want;
        run->at += want;
    }
    return 0;
}

/* ---- writing ---- */

struct writer {
    const struct sort *sort;
    uint64_t at;
    char buffer[PIECE];
    size_t used;
};

static int write_all(struct writer *writer, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t wrote = TEMP_FAILURE_RETRY(pwrite(writer->sort->fd, bytes, n, (off_t)writer->at));
        if (wrote < 0)
            return weir_fail_errno(writer->sort->stage, WEIR_EIO, "cannot write '%s'",
                                   writer->sort->name);
        writer->at += (uint64_t)wrote;
        bytes += wrote;
        n -= (size_t)wrote;
    }
    return 0;
}

static int writer_flush(struct writer *writer)
{
    size_t n = writer->used;
    writer->used = 0;
    return write_all(writer, writer->buffer, n);
}

static int writer_put(struct writer *writer, const char *bytes, size_t n)
{
    int rc = writer->used + n > PIECE ? writer_flush(writer) : 0;
    if (rc < 0 || n > PIECE)
        return rc < 0 ? rc : write_all(writer, bytes, n);
    memcpy(writer->buffer + writer->used, bytes, n);
    writer->used += n;
    return 0;
}

static int add_run(struct runs *runs, uint64_t at, uint64_t end)
{
    if (runs->count == runs->capacity) {
        size_t capacity = 2 * runs->capacity + MERGED;
        struct run *run = realloc(runs->run, capacity * sizeof(*run));
        if (run == NULL)
            return -1;
        runs->run = run;
        runs->capacity = capacity;
    }
    runs->run[runs->count++] = (struct run){.at = at, .end = end};
    return 0;
}

/* ---- sorting what fits memory ---- */

static int compare_records(const void *a, const void *b)
{
    const char *const *record_a = a, *const *record_b = b;
    int order = compare(*record_a, *record_b);
    return order != 0 ? order : (*record_a > *record_b) - (*record_a < *record_b);
}

/* Takes the whole records of the buffer. To be freed; NULL: no memory. */
static const char **take_records(struct run *run, size_t *ret_count)
{
    size_t count = 0, done = run->done;
    for (; is_whole(run); run->done += record_bytes(run->buffer + run->done))
        count++;
    const char **record = malloc((count + 1) * sizeof(*record));
    for (size_t i = 0; record != NULL && i < count; i++) {
        record[i] = run->buffer + done;
        done += record_bytes(record[i]);
    }
    *ret_count = count;
    return record;
}

static int make_run(const struct sort *sort, struct run *from, struct writer *writer)
{
    size_t count;
    const char **record = take_records(from, &count);
    if (record == NULL)
        return no_memory(sort);
    qsort(record, count, sizeof(*record), compare_records);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = writer_put(writer, record[i], record_bytes(record[i]));
    free(record);
    return rc == 0 ? writer_flush(writer) : rc;
}

static int make_runs(const struct sort *sort, uint64_t bytes, struct writer *writer,
                     struct runs *runs)
{
    struct run all = {.end = bytes};
    int rc;
    while ((rc = fill(sort, &all, sort->memory)) == 0 && is_whole(&all)) {
        uint64_t begin = writer->at;
        rc = make_run(sort, &all, writer);
        if (rc == 0 && add_run(runs, begin, writer->at) < 0)
            rc = no_memory(sort);
        if (rc < 0)
            break;
    }
    free(all.buffer);
    return rc;
}

/* ---- merging ---- */

/* The run whose next record is the first, of several the earliest; count: all have ended. */
static size_t find_first(const struct run *run, size_t count)
{
    size_t first = count;
    for (size_t i = 0; i < count; i++)
        if (is_whole(&run[i]) &&
            (first == count ||
             compare(run[i].buffer + run[i].done, run[first].buffer + run[first].done) < 0))
            first = i;
    return first;
}

static int put_text(const struct sort *sort, const char *record)
{
    struct sort_head head = head_at(record);
    return sort->put(sort->context, record + sizeof(head) + head.key_bytes, head.text_bytes);
}

/* Into the writer, or if that is NULL to where the texts go. */
static int merge(const struct sort *sort, struct run *run, size_t count, struct writer *writer)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = fill(sort, &run[i], PIECE);
    for (size_t i; rc == 0 && (i = find_first(run, count)) < count;) {
        const char *record = run[i].buffer + run[i].done;
        size_t n = record_bytes(record);
        rc = writer == NULL ? put_text(sort, record) : writer_put(writer, record, n);
        run[i].done += n;
        if (rc == 0)
            rc = fill(sort, &run[i], PIECE);
    }
    for (size_t i = 0; i < count; i++) {
        free(run[i].buffer);
        run[i].buffer = NULL;
    }
    return rc == 0 && writer != NULL ? writer_flush(writer) : rc;
}

/* Each MERGED runs become one. */
static int merge_some(const struct sort *sort, struct writer *writer, struct runs *runs)
{
    size_t made = 0;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < runs->count; i += MERGED) {
        size_t rest = runs->count - i, count = rest < MERGED ? rest : MERGED;
        uint64_t begin = writer->at;
        rc = merge(sort, &runs->run[i], count, writer);
        runs->run[made++] = (struct run){.at = begin, .end = writer->at};
    }
    runs->count = made;
    return rc;
}

int weir__sort_run(const struct sort *sort, uint64_t bytes)
{
    struct runs runs = {0};
    struct writer *writer = malloc(sizeof(*writer));
    if (writer == NULL)
        return no_memory(sort);
    writer->sort = sort;
    writer->at = bytes;
    writer->used = 0;
    int rc = make_runs(sort, bytes, writer, &runs);
    while (rc == 0 && runs.count > MERGED)
        rc = merge_some(sort, writer, &runs);
    if (rc == 0)
        rc = merge(sort, runs.run, runs.count, NULL);
    free(runs.run);
    free(writer);
    return rc;
}
