/*
 * The supervisor is started by a child of this process that ends at once, so that it is a child of
 * init. That child has no signal for its parent: no handler of SIGCHLD runs, and no wait of the
 * program sees it. As posix_spawn does it, both share this process's memory until they execute, on
 * stacks of their own, while the thread waits with all its signals blocked.
 */
#include "host/launch.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_BYTES ((size_t)64 << 10)

static bool is_own_supervisor;

void weir__launch_self(void)
{
    is_own_supervisor = true;
}

/* ---- which program ---- */

/* Beside this library, as it is built and as it is installed. */
static int open_beside_library(void)
{
    static const char *const places[] = {"%s/weir-worker", "%s/../libexec/weir-0/weir-worker",
                                         "%s/../../libexec/weir-0/weir-worker", NULL};
    Dl_info here;
    char library[PATH_MAX], path[PATH_MAX + 64];
    int fd = -1;
    if (dladdr((const void *)(uintptr_t)&weir__launch, &here) == 0 ||
        realpath(here.dli_fname, library) == NULL)
        return -1;
    const char *folder = dirname(library);
    for (const char *const *place = places; *place != NULL && fd < 0; place++) {
        snprintf(path, sizeof(path), *place, folder);
        fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    return fd;
}

static int open_program(struct weir_err *err)
{
    const char *path = secure_getenv("WEIR_WORKER");
    int fd;
    if (path != NULL && path[0] != '\0') {
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            weir_err_errno(err, WEIR_EUNAVAILABLE, "cannot open WEIR_WORKER, '%s'", path);
        return fd < 0 ? WEIR_EUNAVAILABLE : fd;
    }
    fd = is_own_supervisor ? open("/proc/self/exe", O_RDONLY | O_CLOEXEC) : open_beside_library();
    if (fd < 0)
        fd = open(WEIR_WORKER_PATH, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return weir_err_set(err, WEIR_EUNAVAILABLE,
                            "weir-worker is neither beside the library nor at " WEIR_WORKER_PATH
                            "; WEIR_WORKER may say where it is");
    return fd;
}

/* ---- starting it ---- */

struct launch {
    int program, socket, host;
    char *stack; /* for two processes */
    int error;   /* errno of what went wrong there */
};

static void reset_signals(void)
{
    struct sigaction usual = {.sa_handler = SIG_DFL};
    sigset_t none;
    for (int number = 1; number < NSIG; number++)
        sigaction(number, &usual, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

enum { SUPERVISOR_PROGRAM = SUPERVISOR_HOST + 1, ABOVE };

/* Puts the descriptors where they are looked for, and closes all others. None stands in the way of
 * another while they are moved. */
static bool place_descriptors(const struct launch *launch)
{
    const int fds[] = {launch->socket, launch->host, launch->program};
    int lifted[3];
    for (int i = 0; i < 3; i++)
        if ((lifted[i] = fcntl(fds[i], F_DUPFD, ABOVE)) < 0)
            return false;
    for (int i = 0; i < 3; i++)
        if (dup3(lifted[i], SUPERVISOR_SOCKET + i,
                 SUPERVISOR_SOCKET + i == SUPERVISOR_PROGRAM ? O_CLOEXEC : 0) < 0)
            return false;
    return syscall(SYS_close_range, ABOVE, ~0u, 0) == 0;
}

static int be_supervisor(void *context)
{
    struct launch *launch = context;
    char name[] = "weir-worker", mark[] = SUPERVISOR_MARK;
    char room[] = "                                        "; /* for a title */
    char *arguments[] = {name, mark, room, NULL};
    setsid(); /* what a terminal sends is for the program */
    if (place_descriptors(launch)) {
        reset_signals();
        syscall(SYS_execveat, SUPERVISOR_PROGRAM, "", arguments, environ, AT_EMPTY_PATH);
    }
    launch->error = errno;
    _exit(127);
}

static int be_between(void *context)
{
    struct launch *launch = context;
    if (clone(be_supervisor, launch->stack + 2 * STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD,
              launch) < 0)
        launch->error = errno;
    _exit(0);
}

static int start(struct launch *launch)
{
    sigset_t all, before;
    int state, status;
    launch->stack = mmap(NULL, 2 * STACK_BYTES, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (launch->stack == MAP_FAILED)
        return errno;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    pid_t pid = clone(be_between, launch->stack + STACK_BYTES, CLONE_VM | CLONE_VFORK, launch);
    int error = pid < 0 ? errno : launch->error;
    while (pid > 0 && waitpid(pid, &status, (int)__WCLONE) < 0 && errno == EINTR)
        ; /* another thread that waits for anybody may have been quicker */
    pthread_setcancelstate(state, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    munmap(launch->stack, 2 * STACK_BYTES);
    return error;
}

int weir__launch(int *ret_socket, struct weir_err *err)
{
    int pair[2] = {-1, -1}, code = 0;
    struct launch launch = {.host = -1};
    launch.program = open_program(err);
    if (launch.program < 0)
        return launch.program;
    launch.host = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (launch.host < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        code = weir_err_errno(err, WEIR_EOS, "cannot start a supervisor");
    launch.socket = pair[1];
    if (code == 0 && (errno = start(&launch)) != 0)
        code = weir_err_errno(err, WEIR_EOS, "cannot start a supervisor");
    if (pair[1] >= 0)
        close(pair[1]);
    if (code < 0 && pair[0] >= 0)
        close(pair[0]);
    if (launch.host >= 0)
        close(launch.host);
    close(launch.program);
    *ret_socket = code < 0 ? -1 : pair[0];
    return code;
}
