#include "receipt.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the receipt goes: the file that a symbolic link leads to, and whether it can be replaced by
 * rename. */
struct target {
    char path[PATH_MAX];
    bool in_place;
};

static int find_target(const char *path, struct target *ret, struct weir_err *err)
{
    struct stat status;
    bool there = stat(path, &status) == 0;
    if (there && S_ISDIR(status.st_mode))
        return weir_err_set(err, WEIR_ECANTCREATE, "cannot write the receipt '%s': Is a directory",
                            path);
    ret->in_place = there && !S_ISREG(status.st_mode);
    if (there && !ret->in_place && realpath(path, ret->path) != NULL)
        return 0;
    if (snprintf(ret->path, sizeof(ret->path), "%s", path) >= (int)sizeof(ret->path) - 16)
        return weir_err_set(err, WEIR_ECANTCREATE, "the receipt's path is too long");
    return 0;
}

int receipt_file_check(const char *path, struct weir_err *ret_err)
{
    struct target target;
    char folder[PATH_MAX];
    int result = find_target(path, &target, ret_err);
    if (result < 0)
        return result;
    memcpy(folder, target.path, sizeof(folder));
    if (access(target.in_place ? target.path : dirname(folder), W_OK) < 0)
        return weir_err_errno(ret_err, WEIR_ECANTCREATE, "cannot write the receipt '%s'", path);
    return 0;
}

static int write_to(FILE *file, const struct weir_receipt *receipt, const struct weir_err *err)
{
    struct json json = {.to = file, .indented = true};
    json_open(&json, NULL, '{');
    receipt_fields_json(&json, receipt, err);
    json_close(&json, '}');
    return fflush(file) != 0 || ferror(file) ? -1 : 0;
}

static int write_in_place(const char *path, const struct weir_receipt *receipt,
                          const struct weir_err *err)
{
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return -1;
    int result = write_to(file, receipt, err);
    return fclose(file) != 0 ? -1 : result;
}

/* mkostemp makes files that only their owner may read; a receipt is as readable as any file made
 * here. */
static void open_to_others(int fd)
{
    mode_t mask = umask(0);
    umask(mask);
    fchmod(fd, 0666 & ~mask);
}

/* Takes fd over. */
static int fill(int fd, const struct weir_receipt *receipt, const struct weir_err *err)
{
    FILE *file = fdopen(fd, "w");
    if (file == NULL) {
        close(fd);
        return -1;
    }
    open_to_others(fd);
    int result = write_to(file, receipt, err);
    if (result == 0)
        result = fsync(fd);
    return fclose(file) != 0 ? -1 : result;
}

static int replace(const char *path, const struct weir_receipt *receipt, const struct weir_err *err)
{
    char temporary[PATH_MAX];
    snprintf(temporary, sizeof(temporary), "%.*s.XXXXXX", PATH_MAX - 8, path);
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (fill(fd, receipt, err) == 0 && rename(temporary, path) == 0)
        return 0;
    int saved = errno;
    unlink(temporary);
    errno = saved;
    return -1;
}

int receipt_file_write(const char *path, const struct weir_receipt *receipt,
                       const struct weir_err *err, struct weir_err *ret_err)
{
    struct target target;
    int result = find_target(path, &target, ret_err);
    if (result < 0)
        return result;
    result = target.in_place ? write_in_place(target.path, receipt, err)
                             : replace(target.path, receipt, err);
    if (result < 0)
        return weir_err_errno(ret_err, WEIR_EIO, "cannot write the receipt '%s'", path);
    return 0;
}
