/* A source's probe, in a process of its own: opening files and parsing their heads is work on
 * foreign data. */
#include "engine/plan.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* flow */
#include "flow/schema_text.h"
/* proc */
#include "proc/process.h"
/* stage */
#include "stage/node.h"

enum {
    NO_ROOM = 71, /* the process's exit code if its result cannot be kept */
    TRIES = 5
};

struct probing {
    struct draft *source;
    int result_fd; /* an error and the text of what was found */
    int head_fd;
};

/* ---- in the short-lived process ---- */

static void put(struct node *map, const char *key, const char *text)
{
    weir__node_append(map, key, weir__node_scalar(text));
}

static void found_text(const struct weir_probe *probe, struct buf *to)
{
    struct node *map = weir__node_map(), *files = weir__node_list();
    struct buf schema;
    char number[24];
    weir__buf_init(&schema);
    weir__schema_write(&probe->schema, &schema);
    for (size_t f = 0; f < probe->files; f++)
        put(files, NULL, probe->file[f]);
    snprintf(number, sizeof(number), "%" PRIu64, probe->bytes);
    put(map, "bytes", number);
    snprintf(number, sizeof(number), "%" PRIu64, probe->splits);
    put(map, "splits", number);
    put(map, "schema", schema.failed ? NULL : schema.data);
    if (probe->text != NULL)
        put(map, "text", probe->text);
    if (probe->guess != NULL)
        put(map, "guess", probe->guess);
    weir__node_append(map, "files", files);
    weir__node_write(map, to);
    weir__node_free(map);
    weir__buf_release(&schema);
}

static bool write_all(int fd, const void *bytes, size_t n)
{
    const char *at = bytes;
    while (n > 0) {
        ssize_t written = write(fd, at, n);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            at += written;
            n -= (size_t)written;
        }
    }
    return true;
}

static int probe_main(void *context)
{
    struct probing *probing = context;
    struct weir_stage *stage = &probing->source->handle;
    struct weir_err err = {0};
    struct weir_probe probe = {0};
    struct buf text;
    stage->runtime->err = &err;
    stage->runtime->errors = NULL;
    weir__process_title("weir probe");
    weir__process_keep_only((const int[]){probing->result_fd, probing->head_fd}, 2);
    int code = stage->type->probe(stage, &probe);
    if (code < 0 && err.code == 0)
        weir_err_set(&err, code, "stage '%s': cannot look at its input", stage->id);
    weir__buf_init(&text);
    if (code == 0)
        found_text(&probe, &text);
    bool written = write_all(probing->result_fd, &err, sizeof(err)) &&
                   write_all(probing->result_fd, text.data, text.len) &&
                   write_all(probing->head_fd, probe.head, probe.head_bytes);
    return written && !text.failed ? 0 : NO_ROOM;
}

/* ---- in the program ---- */

static int read_found(const struct node *map, struct weir_probe *ret)
{
    const struct node *text = weir__node_get(map, "text"), *guess = weir__node_get(map, "guess"),
                      *bytes = weir__node_get(map, "bytes"),
                      *splits = weir__node_get(map, "splits"),
                      *schema = weir__node_get(map, "schema"),
                      *files = weir__node_get(map, "files");
    if (bytes == NULL || splits == NULL || schema == NULL || files == NULL)
        return WEIR_EINTERNAL;
    ret->bytes = strtoull(bytes->text, NULL, 10);
    ret->splits = strtoull(splits->text, NULL, 10);
    if (text != NULL && (ret->text = strdup(text->text)) == NULL)
        return WEIR_EOS;
    if (guess != NULL && (ret->guess = strdup(guess->text)) == NULL)
        return WEIR_EOS;
    for (const struct node *n = files->child; n != NULL; n = n->next)
        if (weir_probe_add_file(ret, n->text) < 0)
            return WEIR_EOS;
    return weir__schema_read(schema->text, &ret->schema);
}

static bool read_all(int fd, void *to, size_t n, size_t offset)
{
    size_t done = 0;
    while (done < n) {
        ssize_t got = pread(fd, (char *)to + done, n - done, (off_t)(offset + done));
        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        done += got > 0 ? (size_t)got : 0;
    }
    return true;
}

static int cannot_read(struct weir_err *err)
{
    return weir_err_errno(err, WEIR_EOS, "cannot read what the probe of the input found");
}

static int read_result(int fd, struct weir_probe *ret, struct weir_err *err)
{
    struct stat status;
    struct weir_err found;
    if (fstat(fd, &status) < 0)
        return cannot_read(err);
    if ((size_t)status.st_size < sizeof(found))
        return weir_err_set(err, WEIR_EINTERNAL, "the probe of the input ended without a result");
    if (!read_all(fd, &found, sizeof(found), 0))
        return cannot_read(err);
    if (found.code != 0) {
        *err = found;
        return found.code;
    }
    size_t n = (size_t)status.st_size - sizeof(found);
    char *text = malloc(n + 1);
    if (text == NULL || !read_all(fd, text, n, sizeof(found))) {
        free(text);
        return cannot_read(err);
    }
    text[n] = '\0';
    const char *at = text;
    errno = 0;
    struct node *map = weir__node_read(&at);
    int code = map == NULL ? WEIR_EINTERNAL : read_found(map, ret);
    if (code < 0 && errno == ENOMEM)
        code = cannot_read(err);
    else if (code < 0)
        weir_err_set(err, code, "cannot read what the probe of the input found");
    weir__node_free(map);
    free(text);
    return code;
}

/* Says how a probe ended that did not do its work. */
static int probe_died(const struct process_end *end, struct weir_err *err)
{
    if (end->exit_code == NO_ROOM)
        return weir_err_set(err, WEIR_EOS,
                            "no room for what the probe of the input found: no memory, or a limit "
                            "on the size of files (ulimit -f)");
    if (end->signal == SIGKILL)
        return weir_err_set(err, WEIR_EOS,
                            "the probe of the input was killed (SIGKILL): by hand, or because "
                            "memory ran out");
    return weir_err_set(err, WEIR_EINTERNAL, "the probe of the input died (%s %d)",
                        end->signal != 0 ? "signal" : "exit",
                        end->signal != 0 ? end->signal : end->exit_code);
}

static int probe_once(struct draft *source, struct process_end *ret_end, struct weir_err *err)
{
    struct probing probing = {.source = source,
                              .result_fd = memfd_create("weir probe", MFD_CLOEXEC),
                              .head_fd = memfd_create("weir head", MFD_CLOEXEC)};
    struct process process = {0};
    int code = 0;
    *ret_end = (struct process_end){0};
    if (probing.result_fd < 0 || probing.head_fd < 0) {
        code = weir_err_errno(err, WEIR_EOS, "cannot make memory for the probe of the input");
        goto out;
    }
    if ((code = weir__process_fork(&process, probe_main, &probing, err)) < 0)
        goto out;
    weir__process_reap(&process, ret_end);
    code = ret_end->exit_code != 0 ? probe_died(ret_end, err)
                                   : read_result(probing.result_fd, &source->probe, err);
out:
    if (probing.result_fd >= 0)
        close(probing.result_fd);
    if (code == 0)
        source->head_fd = probing.head_fd;
    else if (probing.head_fd >= 0)
        close(probing.head_fd);
    return code;
}

/* One that was killed is made again, as any worker is, unless what it has read is gone with it. */
int weir__plan_probe(struct draft *source, struct weir_err *err)
{
    struct process_end end;
    int code, tries = source->handle.irreplaceable ? 1 : TRIES;
    do {
        code = probe_once(source, &end, err);
    } while (end.signal == SIGKILL && --tries > 0);
    return code;
}
