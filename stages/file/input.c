#include "file/input.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

int weir__input_open(struct weir_stage *stage, const char *path, struct input *ret)
{
    bool standard = strcmp(path, "-") == 0;
    *ret = (struct input){.fd = STDIN_FILENO, .pipe = standard, .standard = standard};
    if (standard)
        return 0;
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
    if (rc < 0)
        weir__input_close(ret);
    return rc;
}

ssize_t weir__input_next(struct weir_stage *stage, struct input *input, const char *path, void *to,
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

void weir__input_close(struct input *input)
{
    weir__unpack_close(input->unpack);
    input->unpack = NULL;
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
