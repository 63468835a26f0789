#include "file/part.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TRIES 8

/* ---- names ---- */

/* Where the directory's part of a path ends. */
static size_t folder_bytes(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

/* The path behind a symbolic link at path, to be freed; NULL with errno (EINVAL: it is no link). */
static char *follow(const char *path)
{
    char link[PATH_MAX];
    ssize_t n = readlink(path, link, sizeof(link) - 1);
    if (n < 0)
        return NULL;
    link[n] = '\0';
    char *to = NULL;
    size_t folder = link[0] == '/' ? 0 : folder_bytes(path);
    if (asprintf(&to, "%.*s%s", (int)folder, path, link) < 0)
        return NULL;
    return to;
}

/* A link may lead to nothing yet, so realpath(3) will not do. */
static char *follow_all(const char *path)
{
    char *at = strdup(path);
    for (int i = 0; at != NULL && i < 40; i++) {
        char *next = follow(at);
        if (next == NULL && (errno == EINVAL || errno == ENOENT))
            return at; /* no link: a file, or nothing yet */
        free(at);
        if (next == NULL)
            return NULL;
        at = next;
    }
    if (at != NULL)
        errno = ELOOP;
    free(at);
    return NULL;
}

static int make_names(struct weir_stage *stage, struct part *part, const char *path)
{
    *part = (struct part){.fd = -1};
    part->target = follow_all(path);
    if (part->target == NULL)
        return weir_fail_errno(stage, WEIR_ECANTCREATE, "cannot write '%s'", path);
    size_t folder = folder_bytes(part->target);
    if (asprintf(&part->path, "%.*s.%s.part", (int)folder, part->target, part->target + folder) <
        0) {
        part->path = NULL;
        return weir_fail(stage, WEIR_EOS, "no memory for a path");
    }
    return 0;
}

void weir__part_release(struct part *part)
{
    if (part->fd >= 0)
        close(part->fd);
    free(part->target);
    free(part->path);
    *part = (struct part){.fd = -1};
}

/* ---- the lock ---- */

static struct flock whole_file(void)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

/* True if it is ours now. A file system without locks counts as ours. */
static bool take_lock(int fd)
{
    struct flock lock = whole_file();
    return TEMP_FAILURE_RETRY(fcntl(fd, F_SETLK, &lock)) == 0 ||
           (errno != EACCES && errno != EAGAIN);
}

/* The program that a worker belongs to: the one that a user started and may want to stop. */
static long parent_of(long pid)
{
    char path[64], line[512];
    snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    FILE *file = fopen(path, "re");
    size_t n = file == NULL ? 0 : fread(line, 1, sizeof(line) - 1, file);
    if (file != NULL)
        fclose(file);
    line[n] = '\0';
    const char *behind_name = strrchr(line, ')');
    long parent =
        behind_name != NULL && strlen(behind_name) > 4 ? strtol(behind_name + 4, NULL, 10) : 0;
    return parent > 1 ? parent : pid;
}

static int is_busy(struct weir_stage *stage, const struct part *part, int fd)
{
    struct flock lock = whole_file();
    struct statx st;
    char since[32] = "", pid[32] = "";
    if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0)
        snprintf(pid, sizeof(pid), "pid %ld", parent_of(lock.l_pid));
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &st) == 0 && (st.stx_mask & STATX_BTIME)) {
        time_t made = (time_t)st.stx_btime.tv_sec;
        struct tm local;
        if (localtime_r(&made, &local) != NULL)
            strftime(since, sizeof(since), "since %H:%M", &local);
    }
    bool both = pid[0] != '\0' && since[0] != '\0', any = pid[0] != '\0' || since[0] != '\0';
    return weir_fail(stage, WEIR_ETEMPFAIL,
                     "'%s' is being written by another run%s%s%s%s%s. Nothing was done",
                     part->target, any ? " (" : "", pid, both ? ", " : "", since, any ? ")" : "");
}

/* False with errno, ESTALE if another file is there. */
static bool is_at(const char *path, dev_t device, ino_t inode)
{
    struct stat st;
    if (lstat(path, &st) < 0)
        return false;
    errno = ESTALE;
    return st.st_dev == device && st.st_ino == inode;
}

/* Locks the file, and makes sure that it still has its name. */
static bool claim(struct part *part)
{
    struct stat st;
    if (!take_lock(part->fd) || fstat(part->fd, &st) < 0)
        return false;
    part->device = st.st_dev;
    part->inode = st.st_ino;
    return is_at(part->path, st.st_dev, st.st_ino);
}

/* ---- making it ---- */

/* Removes what a killed run left. Only who has the lock of a file may take its name away. */
static int remove_leftover(struct weir_stage *stage, const struct part *part)
{
    struct stat st;
    int rc = 0, fd = (int)TEMP_FAILURE_RETRY(open(part->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC));
    if (fd < 0 && errno != ENOENT)
        return weir_fail_errno(stage, WEIR_ECANTCREATE, "cannot open '%s'", part->path);
    if (fd < 0)
        return 0;
    if (!take_lock(fd))
        rc = is_busy(stage, part, fd);
    else if (fstat(fd, &st) == 0 && is_at(part->path, st.st_dev, st.st_ino) &&
             unlink(part->path) < 0)
        rc = weir_fail_errno(stage, WEIR_ECANTCREATE, "cannot remove '%s'", part->path);
    close(fd);
    return rc;
}

int weir__part_remove(struct weir_stage *stage, const char *path)
{
    struct part part;
    int rc = make_names(stage, &part, path);
    if (rc == 0)
        rc = remove_leftover(stage, &part);
    weir__part_release(&part);
    return rc;
}

static int cannot_make(struct weir_stage *stage, const struct part *part)
{
    int folder = (int)folder_bytes(part->target);
    if (errno == ENAMETOOLONG && strlen(part->target + folder) <= NAME_MAX)
        return weir_fail(stage, WEIR_ECANTCREATE,
                         "cannot write '%s': the name is too long: .NAME.part stands beside it "
                         "while it is written, so it can have %zu bytes and has %zu",
                         part->target, NAME_MAX - strlen("..part"), strlen(part->target + folder));
    if (errno == ENOENT && folder == 0)
        return weir_fail(stage, WEIR_ECANTCREATE,
                         "cannot write '%s': the current folder does not exist any more",
                         part->target);
    if (errno == ENOENT)
        return weir_fail(stage, WEIR_ECANTCREATE,
                         "cannot write '%s': the folder '%.*s' does not exist", part->target,
                         folder > 1 ? folder - 1 : folder, part->target);
    return weir_fail_errno(stage, WEIR_ECANTCREATE, "cannot write '%s': cannot make '%s'",
                           part->target, part->path);
}

static void take_over(const struct part *part, const struct stat *old)
{
    struct stat st;
    if (fstat(part->fd, &st) == 0 && (st.st_uid != old->st_uid || st.st_gid != old->st_gid)) {
        /* Only root may give files away; the group at least, where we are in it. */
        if (fchown(part->fd, old->st_uid, old->st_gid) < 0 &&
            fchown(part->fd, (uid_t)-1, old->st_gid) < 0)
            errno = 0;
    }
    if (fchmod(part->fd, old->st_mode & 0777) < 0)
        errno = 0;
}

static int check_target(struct weir_stage *stage, const struct part *part, const struct stat *old)
{
    if (S_ISDIR(old->st_mode))
        return weir_fail(stage, WEIR_ECANTCREATE, "cannot write '%s': it is a directory",
                         part->target);
    if (faccessat(AT_FDCWD, part->target, W_OK, AT_EACCESS) < 0)
        return weir_fail_errno(stage, WEIR_ECANTCREATE, "cannot write '%s'", part->target);
    return 0;
}

int weir__part_create(struct weir_stage *stage, struct part *part, const char *path)
{
    struct stat old;
    int rc = make_names(stage, part, path);
    if (rc < 0)
        return rc;
    bool exists = stat(part->target, &old) == 0;
    if (!exists && errno != ENOENT)
        return weir_fail_errno(stage, WEIR_ECANTCREATE, "cannot write '%s'", part->target);
    if (exists && (rc = check_target(stage, part, &old)) < 0)
        return rc;
    for (int i = 0; i < TRIES; i++) {
        part->fd = (int)TEMP_FAILURE_RETRY(open(
            part->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, exists ? 0600 : 0666));
        if (part->fd >= 0 && claim(part)) {
            if (exists)
                take_over(part, &old);
            return 0;
        }
        if (part->fd >= 0)
            close(part->fd);
        else if (errno != EEXIST)
            return cannot_make(stage, part);
        part->fd = -1;
        if ((rc = remove_leftover(stage, part)) < 0)
            return rc;
    }
    return weir_fail(stage, WEIR_ETEMPFAIL, "'%s' is wanted by several runs at once", part->target);
}

int weir__part_reopen(struct weir_stage *stage, struct part *part, const char *path, dev_t device,
                      ino_t inode, uint64_t bytes)
{
    int rc = make_names(stage, part, path);
    if (rc < 0)
        return rc;
    /* It may have its name already: then the worker died after publishing. */
    const char *at = is_at(part->path, device, inode) ? part->path : part->target;
    part->fd = (int)TEMP_FAILURE_RETRY(open(at, O_RDWR | O_CLOEXEC));
    if (part->fd < 0)
        return weir_fail_errno(stage, WEIR_EIO, "cannot go on writing '%s'", part->path);
    struct stat st;
    if (fstat(part->fd, &st) < 0 || st.st_dev != device || st.st_ino != inode)
        return weir_fail(stage, WEIR_EIO, "cannot go on writing '%s': it is another file now",
                         part->path);
    part->device = device;
    part->inode = inode;
    if (!take_lock(part->fd))
        return is_busy(stage, part, part->fd);
    if (TEMP_FAILURE_RETRY(ftruncate(part->fd, (off_t)bytes)) < 0)
        return weir_fail_errno(stage, WEIR_EIO, "cannot cut '%s'", part->path);
    return 0;
}

/* ---- its end ---- */

static void sync_folder(const char *path)
{
    size_t n = folder_bytes(path);
    char *folder = n == 0 ? strdup(".") : strndup(path, n);
    int fd = folder == NULL ? -1 : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd); /* not every file system can; then nothing better is to be had */
        close(fd);
    }
    free(folder);
}

static int give_name(const struct part *part, bool replace)
{
    if (!replace) {
        if (renameat2(AT_FDCWD, part->path, AT_FDCWD, part->target, RENAME_NOREPLACE) == 0)
            return 0;
        if (errno != EINVAL && errno != ENOSYS)
            return -1;
    }
    return rename(part->path, part->target);
}

int weir__part_publish(struct weir_stage *stage, const struct part *part, bool replace)
{
    if (!is_at(part->target, part->device, part->inode)) {
        if (!is_at(part->path, part->device, part->inode))
            return weir_fail_errno(stage, WEIR_EIO, "cannot publish '%s': cannot find '%s'",
                                   part->target, part->path);
        if (give_name(part, replace) < 0)
            return weir_fail_errno(stage, WEIR_ECANTCREATE, "cannot publish '%s'", part->target);
    }
    sync_folder(part->target);
    return 0;
}

void weir__part_discard(const struct part *part)
{
    if (is_at(part->path, part->device, part->inode))
        unlink(part->path);
}
