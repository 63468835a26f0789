/*
 * inject.c - makes one call of a program or of its workers fail. Built as a library for LD_PRELOAD
 * by test_inject.sh.
 *
 *     INJECT_FILE   the counter that all processes share; it must not be there yet. Without it
 *                   nothing happens
 *     INJECT_CALL   which calls count: the name of one of the functions below, or "any" that does
 *                   not only allocate
 *     INJECT_FROM   only those from this CALLER
 *     INJECT_ON     only those on this OBJECT
 *     INJECT_WHO    "program": only those of the process that was started; "worker": only others
 *     INJECT_AT     the number of the one that is struck, from 1. 0: none
 *     INJECT_HOW    ENOSPC or another error that it fails with; "short": it reads or writes half;
 *                   "KILL", "STOP": before it its process sends itself that signal
 *     INJECT_LOG    a line about the one that was struck is added to this file
 *     INJECT_TRACE  a line about each that counts
 *
 * A line is CALL CALLER OBJECT WHO PID. The caller is an address in the program or a library; the
 * object is the last part of the path that the call is about, "-" if it is about none.
 *
 * What the C library does inside of a function is not seen, but the function fails as a whole.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/futex.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct shared {
    atomic_ulong calls;
};

static struct {
    struct shared *shared; /* NULL: all calls pass */
    const char *call, *from, *on, *who, *how, *log, *trace;
    unsigned long at;
    int error, signal; /* what the struck one fails with, or gets before */
    pid_t program;
    const void *image; /* of the program in memory */
} inject;

/* The function that is wrapped. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int error_number(const char *name)
{
    for (int number = 1; name != NULL && number < 200; number++) {
        const char *known = strerrorname_np(number);
        if (known != NULL && strcmp(known, name) == 0)
            return number;
    }
    return 0;
}

static int signal_number(const char *name)
{
    for (int number = 1; name != NULL && number < NSIG; number++) {
        const char *known = sigabbrev_np(number);
        if (known != NULL && strcmp(known, name) == 0)
            return number;
    }
    return 0;
}

static struct shared *make_shared(const char *path)
{
    int fd = REAL(open)(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || REAL(ftruncate)(fd, sizeof(struct shared)) < 0)
        return NULL;
    void *at = REAL(mmap)(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    REAL(close)(fd);
    return at == MAP_FAILED ? NULL : at;
}

__attribute__((constructor)) static void begin(void)
{
    const char *file = getenv("INJECT_FILE"), *at = getenv("INJECT_AT");
    if (file == NULL)
        return;
    inject.call = getenv("INJECT_CALL");
    inject.from = getenv("INJECT_FROM");
    inject.on = getenv("INJECT_ON");
    inject.who = getenv("INJECT_WHO");
    inject.how = getenv("INJECT_HOW");
    inject.log = getenv("INJECT_LOG");
    inject.trace = getenv("INJECT_TRACE");
    inject.at = at == NULL ? 0 : strtoul(at, NULL, 10);
    inject.error = error_number(inject.how);
    inject.signal = signal_number(inject.how);
    inject.program = getpid();
    Dl_info info;
    inject.image = dladdr((const void *)getauxval(AT_ENTRY), &info) != 0 ? info.dli_fbase : NULL;
    bool understood = inject.at == 0 || inject.error != 0 || inject.signal != 0 ||
                      (inject.how != NULL && strcmp(inject.how, "short") == 0);
    struct shared *shared = make_shared(file);
    if (inject.call == NULL || !understood || shared == NULL) {
        fprintf(stderr, "inject: cannot begin\n");
        _exit(125);
    }
    inject.shared = shared;
}

/* ---- one call ---- */

struct call {
    char name[24], caller[24], object[64], who[24];
};

/* The last part of a path, as one word. */
static void put_word(char *to, size_t room, const char *text)
{
    const char *slash = strrchr(text, '/');
    snprintf(to, room, "%s", slash == NULL || slash[1] == '\0' ? text : slash + 1);
    to[strcspn(to, " [")] = '\0';
    if (to[0] == '\0')
        snprintf(to, room, "-");
}

static void describe(struct call *call, const char *name, const void *caller, const char *path,
                     int fd)
{
    char link[64], behind[PATH_MAX] = "", comm[32] = "";
    Dl_info info;
    snprintf(call->name, sizeof(call->name), "%s", name);
    unsigned long base = dladdr(caller, &info) != 0 ? (unsigned long)info.dli_fbase : 0;
    snprintf(call->caller, sizeof(call->caller), "%lx", (unsigned long)caller - base);
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    if (path == NULL && fd >= 0 && REAL(readlink)(link, behind, sizeof(behind) - 1) > 0)
        path = behind;
    put_word(call->object, sizeof(call->object), path == NULL ? "-" : path);
    REAL(prctl)(PR_GET_NAME, comm);
    put_word(call->who, sizeof(call->who), getpid() == inject.program ? "program" : comm);
}

static bool counts(const struct call *call)
{
    bool by_program = getpid() == inject.program;
    return (inject.from == NULL || strcmp(inject.from, call->caller) == 0) &&
           (inject.on == NULL || strcmp(inject.on, call->object) == 0) &&
           (inject.who == NULL || (strcmp(inject.who, "program") == 0) == by_program);
}

static void note(const char *path, const struct call *call)
{
    char line[256];
    if (path == NULL)
        return;
    int n = snprintf(line, sizeof(line), "%s %s %s %s %d\n", call->name, call->caller, call->object,
                     call->who, (int)getpid());
    int fd = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || REAL(write)(fd, line, (size_t)n) != n)
        _exit(125);
    REAL(close)(fd);
}

/* True if the call is to fail with errno, or with errno 0 to do half of its work. */
static bool strike(const char *name, const void *caller, const char *path, int fd)
{
    struct call call;
    int saved = errno;
    if (inject.shared == NULL ||
        (strcmp(inject.call, "any") != 0 && strcmp(inject.call, name) != 0))
        return false;
    describe(&call, name, caller, path, fd);
    bool struck = false;
    if (counts(&call)) {
        note(inject.trace, &call);
        struck = atomic_fetch_add(&inject.shared->calls, 1) + 1 == inject.at;
    }
    if (struck)
        note(inject.log, &call);
    if (struck && inject.signal != 0)
        kill(getpid(), inject.signal);
    errno = struck ? inject.error : saved;
    return struck && inject.signal == 0;
}

/* ---- calls that fail ---- */

#define CALLER __builtin_return_address(0)

/* A function with its parameters, its arguments, what it returns when it fails, and what it is
 * about: a path or NULL, and a descriptor or -1. */
#define WRAP(type, name, failed, path, fd, parameters, arguments)                                  \
    type name parameters                                                                           \
    {                                                                                              \
        if (strike(#name, CALLER, path, fd))                                                       \
            return failed;                                                                         \
        return REAL(name) arguments;                                                               \
    }

WRAP(FILE *, fopen, NULL, at, -1, (const char *at, const char *mode), (at, mode))
WRAP(FILE *, fdopen, NULL, NULL, fd, (int fd, const char *mode), (fd, mode))
WRAP(FILE *, open_memstream, NULL, NULL, -1, (char **to, size_t *size), (to, size))
WRAP(DIR *, opendir, NULL, at, -1, (const char *at), (at))
WRAP(int, fsync, -1, NULL, fd, (int fd), (fd))
WRAP(int, ftruncate, -1, NULL, fd, (int fd, off_t size), (fd, size))
WRAP(int, posix_fallocate, inject.error, NULL, fd, (int fd, off_t from, off_t n), (fd, from, n))
WRAP(int, posix_fadvise, inject.error, NULL, fd, (int fd, off_t from, off_t n, int advice),
     (fd, from, n, advice))
WRAP(int, sync_file_range, -1, NULL, fd, (int fd, off_t from, off_t n, unsigned flags),
     (fd, from, n, flags))
WRAP(int, flock, -1, NULL, fd, (int fd, int what), (fd, what))
WRAP(int, rename, -1, to, -1, (const char *from, const char *to), (from, to))
WRAP(int, renameat2, -1, to, -1, (int d, const char *from, int e, const char *to, unsigned flags),
     (d, from, e, to, flags))
WRAP(int, unlink, -1, at, -1, (const char *at), (at))
WRAP(int, stat, -1, at, -1, (const char *at, struct stat *to), (at, to))
WRAP(int, lstat, -1, at, -1, (const char *at, struct stat *to), (at, to))
WRAP(int, fstat, -1, NULL, fd, (int fd, struct stat *to), (fd, to))
WRAP(int, access, -1, at, -1, (const char *at, int mode), (at, mode))
WRAP(int, faccessat, -1, at, -1, (int d, const char *at, int mode, int flags), (d, at, mode, flags))
WRAP(ssize_t, readlink, -1, at, -1, (const char *at, char *to, size_t room), (at, to, room))
WRAP(char *, realpath, NULL, at, -1, (const char *at, char *to), (at, to))
WRAP(int, fchmod, -1, NULL, fd, (int fd, mode_t mode), (fd, mode))
WRAP(int, fchown, -1, NULL, fd, (int fd, uid_t user, gid_t group), (fd, user, group))
WRAP(int, dup2, -1, NULL, from, (int from, int to), (from, to))
WRAP(int, close_range, -1, NULL, -1, (unsigned from, unsigned to, int flags), (from, to, flags))
WRAP(int, memfd_create, -1, name, -1, (const char *name, unsigned flags), (name, flags))
WRAP(void *, mmap, MAP_FAILED, NULL, fd,
     (void *at, size_t n, int access, int flags, int fd, off_t from),
     (at, n, access, flags, fd, from))
WRAP(int, madvise, -1, NULL, -1, (void *at, size_t n, int advice), (at, n, advice))
WRAP(int, setrlimit, -1, NULL, -1, (__rlimit_resource_t what, const struct rlimit *limit),
     (what, limit))
WRAP(pid_t, fork, -1, NULL, -1, (void), ())
WRAP(pid_t, wait4, -1, NULL, -1, (pid_t pid, int *status, int options, struct rusage *usage),
     (pid, status, options, usage))
WRAP(pid_t, waitpid, -1, NULL, -1, (pid_t pid, int *status, int options), (pid, status, options))
WRAP(int, epoll_create1, -1, NULL, -1, (int flags), (flags))
WRAP(int, epoll_ctl, -1, NULL, fd, (int epoll, int what, int fd, struct epoll_event *event),
     (epoll, what, fd, event))
WRAP(int, epoll_wait, -1, NULL, -1, (int epoll, struct epoll_event *to, int most, int timeout),
     (epoll, to, most, timeout))
WRAP(int, eventfd, -1, NULL, -1, (unsigned start, int flags), (start, flags))
WRAP(int, signalfd, -1, NULL, -1, (int fd, const sigset_t *mask, int flags), (fd, mask, flags))
WRAP(int, poll, -1, NULL, -1, (struct pollfd * fds, nfds_t n, int timeout), (fds, n, timeout))
WRAP(ssize_t, copy_file_range, -1, NULL, in,
     (int in, off_t *from, int out, off_t *to, size_t n, unsigned flags),
     (in, from, out, to, n, flags))
WRAP(int, glob, GLOB_NOSPACE, at, -1,
     (const char *at, int flags, int (*on_error)(const char *, int), glob_t *to),
     (at, flags, on_error, to))

/* Closed it is even if that fails. */
int close(int fd)
{
    bool fails = strike("close", CALLER, NULL, fd);
    int error = errno, rc = REAL(close)(fd);
    if (fails)
        errno = error;
    return fails ? -1 : rc;
}

/* What is written late comes to light here. */
int fflush(FILE *file)
{
    return strike("fflush", CALLER, NULL, fileno(file)) ? EOF : REAL(fflush)(file);
}

int fclose(FILE *file)
{
    bool fails = strike("fclose", CALLER, NULL, fileno(file));
    int error = errno, rc = REAL(fclose)(file);
    if (fails)
        errno = error;
    return fails ? EOF : rc;
}

/* ---- allocations ---- */

#ifdef INJECT_ALLOCATIONS /* a sanitizer has its own */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t n);
void *__libc_realloc(void *old, size_t n);

/* Only those of the program itself: it is not to answer for what libraries do without memory. */
static bool strike_allocation(const char *name, const void *caller)
{
    static bool inside;
    if (inject.shared == NULL || inside || strcmp(inject.call, name) != 0)
        return false;
    inside = true; /* looking at it allocates */
    Dl_info info;
    bool ours = dladdr(caller, &info) != 0 && info.dli_fbase == inject.image;
    bool struck = ours && strike(name, caller, NULL, -1);
    inside = false;
    return struck;
}

void *malloc(size_t n)
{
    return strike_allocation("malloc", CALLER) ? NULL : __libc_malloc(n);
}

void *calloc(size_t count, size_t n)
{
    return strike_allocation("calloc", CALLER) ? NULL : __libc_calloc(count, n);
}

void *realloc(void *old, size_t n)
{
    return strike_allocation("realloc", CALLER) ? NULL : __libc_realloc(old, n);
}

char *strdup(const char *text)
{
    return strike_allocation("strdup", CALLER) ? NULL : REAL(strdup)(text);
}

char *strndup(const char *text, size_t n)
{
    return strike_allocation("strndup", CALLER) ? NULL : REAL(strndup)(text, n);
}

int asprintf(char **to, const char *format, ...)
{
    va_list args;
    if (strike_allocation("asprintf", CALLER))
        return -1;
    va_start(args, format);
    int n = vasprintf(to, format, args);
    va_end(args);
    return n;
}

#endif

/* ---- calls that may do half of it ---- */

/* The eight bytes of an eventfd go through as a whole, whatever happens. */
#define WRAP_SOME(name, parameters, arguments)                                                     \
    ssize_t name parameters                                                                        \
    {                                                                                              \
        if (strike(#name, CALLER, NULL, fd)) {                                                     \
            if (errno != 0)                                                                        \
                return -1;                                                                         \
            n = n > sizeof(uint64_t) ? n / 2 : n;                                                  \
        }                                                                                          \
        return REAL(name) arguments;                                                               \
    }

WRAP_SOME(read, (int fd, void *to, size_t n), (fd, to, n))
WRAP_SOME(pread, (int fd, void *to, size_t n, off_t offset), (fd, to, n, offset))
WRAP_SOME(write, (int fd, const void *from, size_t n), (fd, from, n))
WRAP_SOME(pwrite, (int fd, const void *from, size_t n, off_t offset), (fd, from, n, offset))

/* ---- calls whose arguments vary ---- */

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    return strike("open", CALLER, path, -1) ? -1 : REAL(open)(path, flags, mode);
}

int fcntl(int fd, int what, ...)
{
    va_list args;
    va_start(args, what);
    void *argument = va_arg(args, void *);
    va_end(args);
    return strike("fcntl", CALLER, NULL, fd) ? -1 : REAL(fcntl)(fd, what, argument);
}

int prctl(int what, ...)
{
    unsigned long argument[4];
    va_list args;
    va_start(args, what);
    for (int i = 0; i < 4; i++)
        argument[i] = va_arg(args, unsigned long);
    va_end(args);
    if (strike("prctl", CALLER, NULL, -1))
        return -1;
    return REAL(prctl)(what, argument[0], argument[1], argument[2], argument[3]);
}

/* Of those without a function of their own. */
long syscall(long number, ...)
{
    long argument[6];
    va_list args;
    va_start(args, number);
    for (int i = 0; i < 6; i++)
        argument[i] = va_arg(args, long);
    va_end(args);
    const char *name = "syscall";
    if (number == SYS_pidfd_open)
        name = "pidfd_open";
    else if (number == SYS_seccomp)
        name = "seccomp";
    else if (number == SYS_futex)
        name = (argument[1] & FUTEX_CMD_MASK) == FUTEX_WAIT ? "futex_wait" : "futex_wake";
    if (strike(name, CALLER, NULL, -1))
        return -1;
    return REAL(syscall)(number, argument[0], argument[1], argument[2], argument[3], argument[4],
                         argument[5]);
}
