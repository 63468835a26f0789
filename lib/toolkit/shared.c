#include <weir/shared.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* shm */
#include "shm/segment.h"

/* ---- names ---- */

struct names {
    int folder;
};

static int check_name(const char *name, struct weir_err *err)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    if (n == 0 || n >= sizeof(((struct weir_shared *)NULL)->name) || name[n] != '\0' ||
        name[0] == '.')
        return weir_err_set(err, WEIR_EUSAGE, "'%s' cannot be the name of shared memory", name);
    return 0;
}

/* Opens this user's folder of names, and keeps others out of it until it is closed. */
static int open_names(struct names *names, struct weir_err *err)
{
    char path[64];
    struct stat stat;
    snprintf(path, sizeof(path), "/dev/shm/weir-%u", (unsigned)geteuid());
    mkdir(path, 0700);
    names->folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (names->folder < 0)
        return weir_err_errno(err, WEIR_ECANTCREATE, "cannot open '%s'", path);
    if (fstat(names->folder, &stat) < 0 || stat.st_uid != geteuid()) {
        close(names->folder);
        return weir_err_set(err, WEIR_ECANTCREATE, "'%s' belongs to somebody else", path);
    }
    while (flock(names->folder, LOCK_EX) < 0 && errno == EINTR)
        ;
    return 0;
}

static void close_names(struct names *names)
{
    close(names->folder);
}

static void link_target(char *ret, size_t size, pid_t pid, int fd)
{
    snprintf(ret, size, "/proc/%d/fd/%d", (int)pid, fd);
}

/* What /proc shows for the memory of that name. */
static void memory_label(char *ret, size_t size, const char *name)
{
    snprintf(ret, size, "weir-%s", name);
}

/* Opens what a link leads to, or returns -1: its creator is gone, and whatever now has that number
 * of process and descriptor is something else. */
static int open_linked(const char *target, const char *name)
{
    char label[128], expected[160], found[160] = "";
    memory_label(label, sizeof(label), name);
    snprintf(expected, sizeof(expected), "/memfd:%s (deleted)", label);
    if (readlink(target, found, sizeof(found) - 1) < 0 || strcmp(found, expected) != 0)
        return -1;
    return open(target, O_RDWR | O_CLOEXEC);
}

/* Returns a descriptor, or -1: nobody has that name. */
static int open_named(const struct names *names, const char *name)
{
    char target[64] = "";
    if (readlinkat(names->folder, name, target, sizeof(target) - 1) >= 0)
        return open_linked(target, name);
    return openat(names->folder, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
}

static int check_free(const struct names *names, const char *name, struct weir_err *err)
{
    int taken = open_named(names, name);
    if (taken < 0)
        return 0;
    close(taken);
    return weir_err_set(err, WEIR_ECANTCREATE, "there is shared memory '%s' already", name);
}

static int no_such_name(const char *name, struct weir_err *err)
{
    return weir_err_set(err, WEIR_ENOINPUT, "there is no shared memory '%s'", name);
}

/* ---- creating ---- */

static int create_linked(struct segment *segment, const struct names *names, const char *name,
                         size_t bytes, struct weir_err *err)
{
    char label[128], target[64];
    memory_label(label, sizeof(label), name);
    int code = weir__segment_create(segment, label, bytes, err);
    if (code < 0)
        return code;
    link_target(target, sizeof(target), getpid(), segment->fd);
    unlinkat(names->folder, name, 0); /* left by one who died */
    if (symlinkat(target, names->folder, name) < 0) {
        code = weir_err_errno(err, WEIR_ECANTCREATE, "cannot name shared memory '%s'", name);
        weir__segment_release(segment);
    }
    return code;
}

static int create_file(struct segment *segment, const struct names *names, const char *name,
                       size_t bytes, struct weir_err *err)
{
    unlinkat(names->folder, name, 0); /* left by one who died */
    int fd = openat(names->folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return weir_err_errno(err, WEIR_ECANTCREATE, "cannot name shared memory '%s'", name);
    int code = weir__segment_fill(segment, fd, bytes, err);
    if (code < 0)
        unlinkat(names->folder, name, 0);
    return code;
}

static int create_named(struct segment *segment, const char *name, size_t bytes, bool persist,
                        struct weir_err *err)
{
    struct names names;
    int code = check_name(name, err);
    if (code == 0)
        code = open_names(&names, err);
    if (code < 0)
        return code;
    code = check_free(&names, name, err);
    if (code == 0)
        code = (persist ? create_file : create_linked)(segment, &names, name, bytes, err);
    close_names(&names);
    return code;
}

static void hand_over(struct weir_shared *ret, const struct segment *segment, const char *name)
{
    *ret = (struct weir_shared){.base = segment->base, .bytes = segment->bytes, .fd = segment->fd};
    if (name != NULL)
        snprintf(ret->name, sizeof(ret->name), "%s", name);
}

int weir_shared_create(struct weir_shared *ret, const char *name, size_t bytes, bool persist,
                       struct weir_err *err)
{
    struct segment segment;
    if (name == NULL && persist)
        return weir_err_set(err, WEIR_EUSAGE, "shared memory without a name cannot persist");
    int code = name == NULL ? weir__segment_create(&segment, "weir", bytes, err)
                            : create_named(&segment, name, bytes, persist, err);
    if (code < 0)
        return code;
    hand_over(ret, &segment, name);
    ret->creator = getpid();
    ret->persists = persist;
    return 0;
}

/* ---- attaching ---- */

int weir_shared_attach_fd(struct weir_shared *ret, int fd, struct weir_err *err)
{
    struct segment segment;
    int code = weir__segment_attach(&segment, fd, err);
    if (code == 0)
        hand_over(ret, &segment, NULL);
    return code;
}

int weir_shared_attach(struct weir_shared *ret, const char *name, struct weir_err *err)
{
    struct names names;
    int code = check_name(name, err);
    if (code == 0)
        code = open_names(&names, err);
    if (code < 0)
        return code;
    int fd = open_named(&names, name);
    close_names(&names);
    if (fd < 0)
        return no_such_name(name, err);
    code = weir_shared_attach_fd(ret, fd, err);
    close(fd);
    if (code == 0)
        snprintf(ret->name, sizeof(ret->name), "%s", name);
    return code;
}

/* ---- taking names away ---- */

/* A name that was taken away may be somebody else's by now. */
static bool has_name(const struct weir_shared *memory, const struct names *names)
{
    char own[64], found[64] = "";
    struct stat file, mine;
    if (memory->persists)
        return fstatat(names->folder, memory->name, &file, AT_SYMLINK_NOFOLLOW) == 0 &&
               fstat(memory->fd, &mine) == 0 && file.st_ino == mine.st_ino;
    link_target(own, sizeof(own), memory->creator, memory->fd);
    return readlinkat(names->folder, memory->name, found, sizeof(found) - 1) > 0 &&
           strcmp(own, found) == 0;
}

int weir_shared_unlink(struct weir_shared *memory, struct weir_err *err)
{
    struct names names;
    if (memory->creator != getpid() || memory->name[0] == '\0')
        return weir_err_set(err, WEIR_EUSAGE, "shared memory%s%s is not for this process to unlink",
                            memory->name[0] == '\0' ? "" : " ", memory->name);
    int code = open_names(&names, err);
    if (code < 0)
        return code;
    if (has_name(memory, &names))
        unlinkat(names.folder, memory->name, 0);
    close_names(&names);
    return 0;
}

int weir_shared_remove(const char *name, struct weir_err *err)
{
    struct names names;
    struct stat stat;
    int code = check_name(name, err);
    if (code == 0)
        code = open_names(&names, err);
    if (code < 0)
        return code;
    if (fstatat(names.folder, name, &stat, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(stat.st_mode) ||
        unlinkat(names.folder, name, 0) < 0)
        code = no_such_name(name, err);
    close_names(&names);
    return code;
}

void weir_shared_close(struct weir_shared *memory)
{
    if (memory->base == NULL)
        return;
    if (memory->creator == getpid() && memory->name[0] != '\0' && !memory->persists)
        weir_shared_unlink(memory, NULL);
    struct segment segment = {.fd = memory->fd, .base = memory->base, .bytes = memory->bytes};
    weir__segment_release(&segment);
    *memory = (struct weir_shared){.fd = -1};
}
