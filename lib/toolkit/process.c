#include <weir/process.h>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* toolkit */
#include "toolkit/spawn.h"

/* base */
#include "base/clock.h"

struct weir_process {
    struct process process; /* pid 0: it was reaped */
    pid_t pid;
    int exit_code;
    char name[CHILD_NAME_BYTES];
    struct weir_process *next, **link; /* in the list of children that were not reaped */
};

static struct weir_process *children;
static pthread_mutex_t children_lock = PTHREAD_MUTEX_INITIALIZER;

static void enlist(struct weir_process *process)
{
    pthread_mutex_lock(&children_lock);
    process->next = children;
    process->link = &children;
    if (children != NULL)
        children->link = &process->next;
    children = process;
    pthread_mutex_unlock(&children_lock);
}

static void strike_off(struct weir_process *process)
{
    pthread_mutex_lock(&children_lock);
    *process->link = process->next;
    if (process->next != NULL)
        process->next->link = process->link;
    pthread_mutex_unlock(&children_lock);
}

/* ---- methods ---- */

static const char *const method_names[] = {"", "fork", "spawn", "forkserver"};
static enum weir_start_method default_method = WEIR_FORK;

int weir_process_set_start_method(const char *name)
{
    for (enum weir_start_method method = WEIR_FORK; method <= WEIR_FORKSERVER; method++)
        if (strcmp(name, method_names[method]) == 0) {
            default_method = method;
            return 0;
        }
    return WEIR_EUSAGE;
}

const char *weir_process_start_method(void)
{
    return method_names[default_method];
}

enum weir_start_method weir__start_method(enum weir_start_method method)
{
    return method == WEIR_DEFAULT ? default_method : method;
}

/* ---- starting ---- */

struct fork_call {
    int (*main)(const struct weir_child *);
    const struct weir_child *child;
};

static int run(void *context)
{
    const struct fork_call *call = context;
    children = NULL; /* its parent's */
    pthread_mutex_init(&children_lock, NULL);
    weir__process_title(call->child->name);
    weir__process_keep_only(call->child->fds, call->child->fd_count);
    int code = call->main(call->child);
    fflush(NULL);
    return code;
}

static int start(struct process *process, int (*main)(const struct weir_child *),
                 const struct weir_process_options *options, const struct weir_child *child,
                 struct weir_err *err)
{
    enum weir_start_method method = weir__start_method(options->method);
    if (method != WEIR_FORK)
        return weir__start_anew(process, method, main, child, err);
    if (!options->force && weir__process_threads() > 1)
        return weir_err_set(err, WEIR_EUSAGE,
                            "cannot fork '%s': this process has several threads; spawn it",
                            child->name);
    fflush(NULL);
    return weir__process_fork_anyhow(process, false, run,
                                     &(struct fork_call){.main = main, .child = child}, err);
}

static const char *name_for(const struct weir_process_options *options,
                            int (*main)(const struct weir_child *))
{
    const char *registered = weir__function_name(main);
    if (options->name != NULL)
        return options->name;
    return registered != NULL ? registered : "child";
}

int weir_process_start(struct weir_process **ret, int (*main)(const struct weir_child *child),
                       const struct weir_process_options *options, struct weir_err *err)
{
    static const struct weir_process_options plain;
    if (options == NULL)
        options = &plain;
    const char *name = name_for(options, main);
    if (strlen(name) >= CHILD_NAME_BYTES)
        return weir_err_set(err, WEIR_EUSAGE, "the name of a process is too long: '%s'", name);
    struct weir_process *process = calloc(1, sizeof(*process));
    if (process == NULL)
        return weir_err_set(err, WEIR_EOS, "cannot start '%s': out of memory", name);
    struct weir_child child = {.name = process->name,
                               .argument = options->argument,
                               .argument_bytes = options->argument_bytes,
                               .fds = options->fds,
                               .fd_count = options->fd_count};
    memcpy(process->name, name, strlen(name));
    int code = start(&process->process, main, options, &child, err);
    if (code < 0) {
        free(process);
        return code;
    }
    process->pid = process->process.pid;
    enlist(process);
    *ret = process;
    return 0;
}

/* ---- its end ---- */

static void reap(struct weir_process *process)
{
    struct process_end end;
    weir__process_reap(&process->process, &end);
    process->exit_code = end.signal != 0 ? -end.signal : end.exit_code;
    strike_off(process);
}

int weir_process_join(struct weir_process *process, int64_t timeout_ms, int *ret_exit_code)
{
    uint64_t deadline_ns = weir__deadline_ns(timeout_ms);
    struct pollfd end = {.fd = process->process.pidfd, .events = POLLIN};
    while (process->process.pid != 0) {
        int left_ms = weir__left_ms(deadline_ns), ended = poll(&end, 1, left_ms);
        if (ended > 0)
            reap(process);
        else if (left_ms == 0)
            return WEIR_TIMED_OUT;
    }
    if (ret_exit_code != NULL)
        *ret_exit_code = process->exit_code;
    return 0;
}

bool weir_process_alive(struct weir_process *process)
{
    return weir_process_join(process, 0, NULL) != 0;
}

void weir_process_terminate(struct weir_process *process)
{
    weir__process_kill(&process->process, SIGTERM);
}

void weir_process_kill(struct weir_process *process)
{
    weir__process_kill(&process->process, SIGKILL);
}

void weir_process_release(struct weir_process *process)
{
    if (process == NULL)
        return;
    weir_process_kill(process);
    weir_process_join(process, WEIR_FOREVER, NULL);
    free(process);
}

/* ---- what it is ---- */

pid_t weir_process_pid(const struct weir_process *process)
{
    return process->pid;
}

const char *weir_process_name(const struct weir_process *process)
{
    return process->name;
}

int weir_process_fd(const struct weir_process *process)
{
    return process->process.pidfd;
}

size_t weir_process_children(struct weir_process **list, size_t room)
{
    size_t count = 0;
    pthread_mutex_lock(&children_lock);
    for (struct weir_process *at = children; at != NULL; at = at->next) {
        struct pollfd end = {.fd = at->process.pidfd, .events = POLLIN};
        if (poll(&end, 1, 0) > 0)
            continue; /* it is gone, and nobody has joined it yet */
        if (count < room)
            list[count] = at;
        count++;
    }
    pthread_mutex_unlock(&children_lock);
    return count;
}
