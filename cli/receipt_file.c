#include "receipt.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
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
    if (!there && errno != ENOENT)
        return weir_err_errno(err, WEIR_ECANTCREATE, "cannot write the receipt '%s'", path);
    if (there && !ret->in_place) {
        if (realpath(path, ret->path) == NULL)
            return weir_err_errno(err, WEIR_ECANTCREATE, "cannot write the receipt '%s'", path);
        return 0;
    }
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
    struct weir_json_writer json = {.to = file, .indented = true};
    weir_json_open(&json, NULL, '{');
    weir_receipt_members(&json, receipt, err);
    weir_json_close(&json, '}');
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

/* True once fd is the file at path, alone with us. A file system without locks has no other run to
 * wait for, as far as we can tell. */
static bool claim(int fd, const char *path)
{
    struct stat ours, there;
    (void)TEMP_FAILURE_RETRY(flock(fd, LOCK_EX));
    errno = ENOENT;
    return fstat(fd, &ours) == 0 && lstat(path, &there) == 0 && ours.st_dev == there.st_dev &&
           ours.st_ino == there.st_ino;
}

/* Opens the temporary file, empty. What a killed run left is used again; while another run writes
 * it we wait. */
static int open_temporary(const char *path)
{
    for (;;) {
        int fd =
            (int)TEMP_FAILURE_RETRY(open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666));
        if (fd < 0)
            return -1;
        bool claimed = claim(fd, path);
        if (claimed && TEMP_FAILURE_RETRY(ftruncate(fd, 0)) == 0)
            return fd;
        int saved = errno;
        close(fd);
        errno = saved;
        if (claimed || saved != ENOENT) /* else it was renamed meanwhile */
            return -1;
    }
}

static int replace(const char *path, const struct weir_receipt *receipt, const struct weir_err *err)
{
    char temporary[PATH_MAX];
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    snprintf(temporary, sizeof(temporary), "%.*s.%s.part", (int)(name - path), path, name);
    int fd = open_temporary(temporary);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (file == NULL) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    int result = write_to(file, receipt, err);
    if (result == 0)
        result = (int)TEMP_FAILURE_RETRY(fsync(fd));
    if (result == 0)
        result = rename(temporary, path);
    int saved = errno;
    if (result < 0)
        unlink(temporary);
    fclose(file); /* and gives up the lock, now that the file has its name */
    errno = saved;
    return result;
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
