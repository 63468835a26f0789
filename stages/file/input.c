#include "file/input.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file/decode.h"
#include "file/text.h"
#include "file/unpack.h"

ssize_t weir__input_read(int fd, void *to, size_t n)
{
    ssize_t got;
    do
        got = read(fd, to, n);
    while (got < 0 && errno == EINTR);
    return got;
}

ssize_t weir__input_pread(int fd, void *to, size_t n, uint64_t offset)
{
    size_t done = 0;
    while (done < n) {
        ssize_t got = pread(fd, (char *)to + done, n - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

static int check_kind(struct weir_stage *stage, const char *path, mode_t mode)
{
    if (S_ISDIR(mode))
        return weir_fail(stage, WEIR_ENOINPUT,
                         "'%s' is a directory; for the files in it write '%s/*'", path, path);
    if (!S_ISREG(mode))
        return weir_fail(stage, WEIR_ENOINPUT,
                         "'%s' is not a regular file; read it as standard input: path: \"-\"",
                         path);
    return 0;
}

static int unpack_if_packed(struct weir_stage *stage, const char *path, struct input *input)
{
    char magic[UNPACK_MAGIC];
    const char *why;
    ssize_t got = weir__input_pread(input->fd, magic, sizeof(magic), 0);
    if (got < 0)
        return weir_fail_errno(stage, WEIR_EIO, "cannot read '%s'", path);
    if (!weir__unpack_is_packed(magic, (size_t)got))
        return 0;
    input->unpack = weir__unpack_open(input->fd, &why);
    if (input->unpack == NULL)
        return weir_fail(stage, WEIR_EOS, "cannot unpack '%s': %s", path, why);
    input->pipe = true;
    input->bytes = 0;
    return 0;
}

/* ---- other encodings ---- */

#define RAW_BYTES ((size_t)64 << 10)

struct recode {
    struct decode decode;
    size_t used, have; /* of raw */
    bool ended;
    char raw[RAW_BYTES];
};

static int recode_if_needed(struct weir_stage *stage, const char *path, struct input *input)
{
    int64_t choice = weir_option_number(stage, "encoding");
    if (choice <= ENCODING_UTF8) /* or the stage has no such option */
        return 0;
    if (input->standard)
        return weir_fail(stage, WEIR_ECONFIG,
                         "standard input must be UTF-8: let iconv -f %s -t UTF-8 go before",
                         weir_option_string(stage, "encoding"));
    struct recode *recode = malloc(sizeof(*recode));
    if (recode == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory to read '%s'", path);
    *recode = (struct recode){.decode = {.encoding = (enum encoding)choice}};
    ssize_t got = 0;
    if (choice == ENCODING_AUTO && !input->pipe) {
        got = weir__input_pread(input->fd, recode->raw, sizeof(recode->raw), 0);
        if (got >= 0)
            recode->decode.encoding = weir__decode_guess(recode->raw, (size_t)got);
    }
    if (got < 0 || recode->decode.encoding == ENCODING_UTF8) {
        free(recode);
        return got < 0 ? weir_fail_errno(stage, WEIR_EIO, "cannot read '%s'", path) : 0;
    }
    input->recode = recode;
    input->pipe = true;
    input->bytes = 0;
    return 0;
}

static ssize_t next_raw(struct weir_stage *stage, struct input *input, const char *path, void *to,
                        size_t n)
{
    ssize_t got = input->unpack != NULL ? weir__unpack_read(input->unpack, to, n)
                                        : weir__input_read(input->fd, to, n);
    if (got < 0 && input->unpack != NULL)
        return weir_fail(stage, WEIR_EDATA, "cannot unpack '%s': %s", path,
                         weir__unpack_error(input->unpack));
    if (got < 0)
        return weir_fail_errno(stage, WEIR_EIO, "cannot read %s", weir__text_input(path));
    return got;
}

/* Fills up what is to be decoded. A guess is made of as much as there is room for. */
static int fill_raw(struct weir_stage *stage, struct input *input, const char *path)
{
    struct recode *recode = input->recode;
    memmove(recode->raw, recode->raw + recode->used, recode->have - recode->used);
    recode->have -= recode->used;
    recode->used = 0;
    while (!recode->ended && recode->have < RAW_BYTES) {
        ssize_t got =
            next_raw(stage, input, path, recode->raw + recode->have, RAW_BYTES - recode->have);
        if (got < 0)
            return (int)got;
        recode->ended = got == 0;
        recode->have += (size_t)got;
    }
    return 0;
}

static ssize_t next_recoded(struct weir_stage *stage, struct input *input, const char *path,
                            char *to, size_t n)
{
    struct recode *recode = input->recode;
    if (recode->have - recode->used < DECODE_MOST) {
        int rc = fill_raw(stage, input, path);
        if (rc < 0)
            return rc;
    }
    long made = weir__decode(&recode->decode, recode->raw, recode->have, recode->ended,
                             &recode->used, to, n);
    if (made < 0)
        return weir_fail(stage, WEIR_EDATA, "'%s': what stands at byte %" PRIu64 " is no UTF-16",
                         path, recode->decode.offset);
    return made;
}

int weir__input_open(struct weir_stage *stage, const char *path, struct input *ret)
{
    bool standard = strcmp(path, "-") == 0;
    *ret = (struct input){.fd = STDIN_FILENO, .pipe = standard, .standard = standard};
    if (standard)
        return recode_if_needed(stage, path, ret);
    /* A FIFO without a writer must not hold us up: it is refused below. */
    int fd = (int)TEMP_FAILURE_RETRY(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (fd < 0)
        return weir_fail_errno(stage, WEIR_ENOINPUT, "cannot open '%s'", path);
    struct stat st;
    int rc;
    if (fstat(fd, &st) < 0)
        rc = weir_fail_errno(stage, WEIR_EIO, "cannot look at '%s'", path);
    else
        rc = check_kind(stage, path, st.st_mode);
    if (rc < 0) {
        close(fd);
        ret->fd = -1;
        return rc;
    }
    posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    ret->fd = fd;
    ret->bytes = (uint64_t)st.st_size;
    rc = unpack_if_packed(stage, path, ret);
    if (rc == 0)
        rc = recode_if_needed(stage, path, ret);
    if (rc < 0)
        weir__input_close(ret);
    return rc;
}

ssize_t weir__input_next(struct weir_stage *stage, struct input *input, const char *path, void *to,
                         size_t n)
{
    return input->recode != NULL ? next_recoded(stage, input, path, to, n)
                                 : next_raw(stage, input, path, to, n);
}

void weir__input_close(struct input *input)
{
    weir__unpack_close(input->unpack);
    input->unpack = NULL;
    free(input->recode);
    input->recode = NULL;
    if (input->fd > STDIN_FILENO)
        close(input->fd);
    input->fd = -1;
}

/* ---- finding ---- */

bool weir__input_is_standard(const struct weir_stage *stage)
{
    const char *const *path;
    size_t paths = weir_option_list(stage, "path", &path);
    bool found = false;
    for (size_t i = 0; i < paths; i++)
        found |= strcmp(path[i], "-") == 0;
    return found;
}

static bool is_pattern(const char *path)
{
    struct stat st;
    return strpbrk(path, "*?[") != NULL && lstat(path, &st) < 0;
}

static int add_file(struct weir_stage *stage, struct weir_probe *probe, const char *path)
{
    for (size_t i = 0; strcmp(path, "-") == 0 && i < probe->files; i++) {
        if (strcmp(probe->file[i], "-") == 0)
            return weir_fail(stage, WEIR_ECONFIG, "standard input ('-') can be read only once");
    }
    if (weir_probe_add_file(probe, path) < 0)
        return weir_fail(stage, WEIR_EOS, "no memory for the list of files");
    return 0;
}

static int add_matches(struct weir_stage *stage, struct weir_probe *probe, const char *pattern)
{
    glob_t found = {0};
    int rc = 0;
    switch (glob(pattern, GLOB_ERR, NULL, &found)) {
    case 0: break;
    case GLOB_NOMATCH: rc = weir_fail(stage, WEIR_ENOINPUT, "no file matches '%s'", pattern); break;
    case GLOB_NOSPACE: rc = weir_fail(stage, WEIR_EOS, "no memory to expand '%s'", pattern); break;
    default:
        rc = weir_fail_errno(stage, WEIR_ENOINPUT, "cannot read a folder of '%s'", pattern);
        break;
    }
    for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++)
        rc = add_file(stage, probe, found.gl_pathv[i]);
    globfree(&found);
    return rc;
}

int weir__input_find(struct weir_stage *stage, struct weir_probe *probe)
{
    const char *const *path;
    size_t paths = weir_option_list(stage, "path", &path);
    for (size_t i = 0; i < paths; i++) {
        int rc = is_pattern(path[i]) ? add_matches(stage, probe, path[i])
                                     : add_file(stage, probe, path[i]);
        if (rc < 0)
            return rc;
    }
    return 0;
}
