#include "toolkit/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* toolkit */
#include "toolkit/forkserver.h"
#include "toolkit/manager_wire.h"
#include "toolkit/pool.h"

/* The child gets a file as its descriptor CALL, which says what to do, and behind it what it was
 * given. */
enum { CALL = 3, GIVEN = 4 };
#define MARK       "--weir-child"
#define CALL_MAGIC 0x326c6c6163777277u /* "wrwcall2" */

static const struct weir_process_function none[] = {{NULL, NULL}};
static const struct weir_process_function *registered; /* NULL before weir_process_begin */
static const struct weir_process_function *of_the_engine = none;
static const struct weir_process_function of_the_toolkit[] = {
    {"weir-manager", weir__manager_main},
    {POOL_WORKER_NAME, weir__pool_work},
    {FORKSERVER_NAME, weir__forkserver_main},
    {NULL, NULL},
};

/* The one with that name, or, without a name, with that function; NULL: there is none. */
static const struct weir_process_function *find(const char *name,
                                                int (*main)(const struct weir_child *))
{
    const struct weir_process_function *lists[] = {registered, of_the_toolkit, of_the_engine};
    for (int i = 0; i < 3; i++)
        for (const struct weir_process_function *at = lists[i]; at->name != NULL; at++)
            if (name != NULL ? strcmp(at->name, name) == 0 : at->main == main)
                return at;
    return NULL;
}

void weir__functions_of_engine(const struct weir_process_function *functions)
{
    of_the_engine = functions;
}

const char *weir__function_name(int (*main)(const struct weir_child *))
{
    /* A program that does not begin with weir_process_begin would not know what it was executed for.
     */
    const struct weir_process_function *function = registered == NULL ? NULL : find(NULL, main);
    return function == NULL ? NULL : function->name;
}

/* ---- in the parent ---- */

int weir__call_write(int (*main)(const struct weir_child *), const struct weir_child *child,
                     struct weir_err *err)
{
    const char *function = weir__function_name(main);
    if (function == NULL)
        return weir_err_set(err, WEIR_EUSAGE,
                            "'%s' can only be forked: its function was not registered by "
                            "weir_process_begin",
                            child->name);
    struct call call = {.magic = CALL_MAGIC,
                        .argument_bytes = child->argument_bytes,
                        .fd_count = child->fd_count,
                        .parent = getpid()};
    snprintf(call.method, sizeof(call.method), "%s", weir_process_start_method());
    snprintf(call.function, sizeof(call.function), "%s", function);
    snprintf(call.name, sizeof(call.name), "%s", child->name);
    int fd = memfd_create("weir-call", MFD_CLOEXEC);
    if (fd < 0)
        return weir_err_errno(err, WEIR_EOS, "cannot start a process");
    if (write(fd, &call, sizeof(call)) == sizeof(call) &&
        write(fd, child->argument, child->argument_bytes) == (ssize_t)child->argument_bytes)
        return fd;
    int code = weir_err_errno(err, WEIR_EOS, "cannot write what a process is to do");
    close(fd);
    return code;
}

static int execute(pid_t *ret_pid, const int *lifted, size_t count)
{
    char *arguments[] = {program_invocation_name, (char[]){MARK}, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t signals;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&how);
    for (size_t i = 0; i < count; i++)
        posix_spawn_file_actions_adddup2(&files, lifted[i], CALL + (int)i);
    posix_spawn_file_actions_addclosefrom_np(&files, CALL + (int)count);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&how, &signals);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&how, &signals);
    int refused = posix_spawn(ret_pid, "/proc/self/exe", &files, &how, arguments, environ);
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    return refused;
}

/* Executes with the descriptors given, which stay the caller's. */
static int spawn(pid_t *ret_pid, const int *fds, size_t count, const char *name,
                 struct weir_err *err)
{
    int code = 0;
    size_t lifted = 0;
    int *copies = calloc(count, sizeof(*copies));
    if (copies == NULL)
        return weir_err_set(err, WEIR_EOS, "cannot start '%s': out of memory", name);
    /* Above all numbers that the child will have, so that moving them there covers none. */
    for (; lifted < count && code == 0; lifted++) {
        copies[lifted] = fcntl(fds[lifted], F_DUPFD_CLOEXEC, CALL + (int)count);
        if (copies[lifted] < 0)
            code = weir_err_errno(err, WEIR_EUSAGE, "cannot give a descriptor to '%s'", name);
    }
    if (code == 0) {
        errno = execute(ret_pid, copies, count);
        if (errno != 0)
            code = weir_err_errno(err, WEIR_EOS, "cannot start '%s'", name);
    }
    for (size_t i = 0; i < lifted; i++)
        if (copies[i] >= 0)
            close(copies[i]);
    free(copies);
    return code;
}

int weir__start_anew(struct process *process, enum weir_start_method method,
                     int (*main)(const struct weir_child *), const struct weir_child *child,
                     struct weir_err *err)
{
    return method == WEIR_SPAWN ? weir__spawn(process, main, child, err)
                                : weir__forkserver_start(process, main, child, err);
}

int weir__spawn(struct process *process, int (*main)(const struct weir_child *),
                const struct weir_child *child, struct weir_err *err)
{
    int *fds = calloc(child->fd_count + 1, sizeof(*fds));
    if (fds == NULL)
        return weir_err_set(err, WEIR_EOS, "cannot start '%s': out of memory", child->name);
    pid_t pid;
    int code = fds[0] = weir__call_write(main, child, err);
    if (code >= 0) {
        if (child->fd_count > 0)
            memcpy(fds + 1, child->fds, child->fd_count * sizeof(*fds));
        code = spawn(&pid, fds, child->fd_count + 1, child->name, err);
        close(fds[0]); /* which leaves a descriptor for the next line */
    }
    free(fds);
    return code < 0 ? code : weir__process_watch(process, pid, err);
}

/* ---- in the child ---- */

struct call *weir__call_map(int fd)
{
    struct stat stat;
    if (fstat(fd, &stat) < 0 || stat.st_size < (off_t)sizeof(struct call))
        return NULL;
    struct call *call =
        mmap(NULL, (size_t)stat.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (call == MAP_FAILED)
        return NULL;
    if (call->magic == CALL_MAGIC && call->argument_bytes == (size_t)stat.st_size - sizeof(*call))
        return call;
    munmap(call, (size_t)stat.st_size);
    return NULL;
}

int weir__call_run(struct call *call, const int *fds)
{
    const struct weir_process_function *function = find(call->function, NULL);
    if (function == NULL) /* the program was replaced by another one */
        return weir_err_exit_code(WEIR_EINTERNAL);
    struct weir_child child = {.name = call->name,
                               .argument = call->argument,
                               .argument_bytes = call->argument_bytes,
                               .fds = fds,
                               .fd_count = call->fd_count};
    weir__process_title(call->name);
    weir_process_set_start_method(call->method);
    return function->main(&child);
}

static int run(struct call *call)
{
    int *fds = calloc(call->fd_count + 1, sizeof(*fds));
    if (fds == NULL)
        return weir_err_exit_code(WEIR_EOS);
    for (size_t i = 0; i < call->fd_count; i++)
        fds[i] = GIVEN + (int)i;
    int code = weir__call_run(call, fds);
    free(fds);
    return code;
}

void weir_process_begin(int argc, char **argv, const struct weir_process_function *functions)
{
    registered = functions == NULL ? none : functions;
    if (argc != 2 || strcmp(argv[1], MARK) != 0)
        return;
    struct call *call = weir__call_map(CALL);
    if (call == NULL)
        return; /* somebody typed it */
    close(CALL);
    weir__process_die_with(call->parent);
    exit(run(call));
}
