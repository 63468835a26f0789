/*
 * The supervisor: lays out the memory, starts the workers, watches and replaces them, and gives the
 * verdict. It never touches a record.
 *
 *     RUNNING --all seats closed--> PUBLISHING --all sinks published--> ENDED
 *        |                              |
 *        +--- failure, signal, time ----+--> STOPPING --all workers gone--> ENDED
 *
 * DRAINING is RUNNING with the sources told to end.
 */
#include "engine/run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

/* toolkit */
#include "toolkit/forkserver.h"
/* engine */
#include "engine/failure.h"

enum { STOP_DEADLINE_MS = 5000, SAMPLE_MS = 250, LOOK_MS = 2 };

static const char *const state_names[] = {
#define RUN_STATE(name, text) text,
    RUN_STATES(RUN_STATE)
#undef RUN_STATE
};

static void enter(struct run *run, enum run_state state)
{
    static const unsigned allowed[] = {
        [STATE_RUNNING] = 1u << STATE_DRAINING | 1u << STATE_PUBLISHING | 1u << STATE_STOPPING,
        [STATE_DRAINING] = 1u << STATE_PUBLISHING | 1u << STATE_STOPPING,
        [STATE_PUBLISHING] = 1u << STATE_STOPPING | 1u << STATE_ENDED,
        [STATE_STOPPING] = 1u << STATE_ENDED,
        [STATE_ENDED] = 0,
    };
    if ((allowed[run->state] >> state & 1) == 0) {
        fprintf(stderr, "weir: a run cannot go from %s to %s\n", state_names[run->state],
                state_names[state]);
        abort();
    }
    run->state = state;
}

void weir__run_tell(struct run *run, const char *format, ...)
{
    char text[512];
    va_list args;
    if (run->options->on_event == NULL)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    run->options->on_event(text, run->options->context);
}

/* ---- verdicts ---- */

static void decree(struct run *run, enum run_word word)
{
    word_store(&run->view.words->run.word, word, STEP_RUN_STORE);
    word_fence(STEP_WAKE_FENCE);
    for (uint32_t g = 0; g < run->plan->blueprint.groups; g++)
        weir__view_wake_group(&run->view, g);
}

/* Only who has a temporary file to remove is waited for: a source may sit in a read for ever. A
 * sink that has died gets a successor for that. */
static void leave(struct run *run, struct run_worker *worker)
{
    struct weir_err ignored;
    if (!weir__group_publishes(&run->plan->blueprint.group[worker->start.group]))
        weir__process_kill(&worker->process, SIGKILL);
    else if (worker->process.pid == 0 && !worker->ended &&
             weir__run_start_worker(run, worker, &ignored) < 0)
        worker->ended = true;
}

void weir__run_stop(struct run *run, const struct weir_err *err)
{
    if (run->state == STATE_STOPPING || run->state == STATE_ENDED)
        return;
    if (err != NULL)
        run->err = *err;
    enter(run, STATE_STOPPING);
    run->deadline_ms = weir__now_ms() + STOP_DEADLINE_MS;
    decree(run, RUN_DISCARD);
    for (size_t w = 0; w < run->workers; w++)
        leave(run, &run->worker[w]);
}

static void kill_all(struct run *run)
{
    for (size_t w = 0; w < run->workers; w++)
        weir__process_kill(&run->worker[w].process, SIGKILL);
}

static void on_signal(struct run *run, int number)
{
    /* From here on it is a matter of some renames, all of which are to happen. */
    if (run->state == STATE_PUBLISHING && !run->hurried) {
        weir__run_tell(run, "the outputs are being published (again: kill at once)");
        run->hurried = true;
        return;
    }
    if (run->state == STATE_PUBLISHING)
        run->signal = number;
    if (run->signal != 0 || run->state == STATE_STOPPING) {
        weir__run_stop(run, NULL);
        kill_all(run);
        return;
    }
    run->signal = number;
    if (run->plan->pipeline->stop_publishes && run->state == STATE_RUNNING) {
        weir__run_tell(run, "stopping after what has been read (again: kill at once)");
        enter(run, STATE_DRAINING);
        decree(run, RUN_DRAIN);
        return;
    }
    weir__run_tell(run, "stopping (again: kill at once)");
    weir__run_stop(run, NULL);
}

/* ---- the end ---- */

static bool all_ended(const struct run *run)
{
    for (size_t w = 0; w < run->workers; w++)
        if (!run->worker[w].ended)
            return false;
    return true;
}

static bool all_closed(const struct run *run)
{
    for (uint32_t g = 0; g < run->plan->blueprint.groups; g++) {
        bool begun = !run->plan->blueprint.group[g].lazy || run->sink_started;
        if (begun && !weir__view_all_closed(&run->view, g))
            return false;
    }
    return true;
}

/* Whether the books balance decides before anything is published. */
static void publish_or_not(struct run *run)
{
    struct weir_err err;
    weir__receipt_read(run->receipt, &run->view);
    if (!run->receipt->balanced) {
        weir_err_set(
            &err, WEIR_EINTERNAL,
            "the run does not balance: records were lost or doubled. Nothing is published");
        weir__run_stop(run, &err);
        return;
    }
    enter(run, STATE_PUBLISHING);
    decree(run, RUN_PUBLISH);
}

/* Looks at what the workers say, and moves the run on. */
static void look(struct run *run)
{
    struct weir_err err;
    bool running = run->state == STATE_RUNNING || run->state == STATE_DRAINING;
    enum failure failure = weir__run_failure(run, &err);
    run->failing = failure != FAILURE_NONE;
    if (running && failure == FAILURE_DECIDED)
        weir__run_stop(run, &err);
    else if (run->state == STATE_PUBLISHING && failure != FAILURE_NONE)
        weir__run_stop(run, &err);
    else if (running && failure == FAILURE_NONE && all_closed(run))
        publish_or_not(run);
    if ((run->state == STATE_PUBLISHING || run->state == STATE_STOPPING) && all_ended(run)) {
        run->published = run->state == STATE_PUBLISHING;
        enter(run, STATE_ENDED);
    }
}

static void check_time(struct run *run)
{
    uint64_t now = weir__now_ms();
    struct weir_err err;
    bool working = run->state == STATE_RUNNING || run->state == STATE_DRAINING;
    if (working && run->time_limit_ms != 0 && now - run->began_ms >= run->time_limit_ms) {
        weir_err_set(&err, WEIR_ETEMPFAIL, "the time limit of %" PRIu64 " ms is over",
                     run->time_limit_ms);
        weir__run_stop(run, &err);
    }
    if (run->state == STATE_STOPPING && now >= run->deadline_ms)
        kill_all(run);
    weir__run_check_workers(run);
    if (now >= run->next_sample_ms) {
        weir__run_sample_memory(run);
        run->next_sample_ms = now + SAMPLE_MS;
    }
    if (run->options->on_progress != NULL && now >= run->next_progress_ms) {
        run->receipt->elapsed_ns = (now - run->began_ms) * 1000000;
        weir__receipt_read(run->receipt, &run->view);
        run->options->on_progress(run->receipt, run->options->context);
        run->next_progress_ms = now + run->options->interval_ms;
    }
}

static int until_next(const struct run *run)
{
    uint64_t now = weir__now_ms(), next = weir__run_next_check_ms(run);
    if (run->failing)
        return LOOK_MS;
    if (run->next_sample_ms < next)
        next = run->next_sample_ms;
    if (run->options->on_progress != NULL && run->next_progress_ms < next)
        next = run->next_progress_ms;
    if (run->state == STATE_STOPPING && run->deadline_ms < next)
        next = run->deadline_ms > now ? run->deadline_ms : now + SAMPLE_MS;
    bool working = run->state == STATE_RUNNING || run->state == STATE_DRAINING;
    if (working && run->time_limit_ms != 0 && run->began_ms + run->time_limit_ms < next)
        next = run->began_ms + run->time_limit_ms;
    return next > now ? (int)(next - now) : 0;
}

static void cancel(struct run *run)
{
    struct weir_err err;
    epoll_ctl(run->epoll_fd, EPOLL_CTL_DEL, run->options->watched_fd, NULL);
    if (run->state == STATE_PUBLISHING) /* some renames, all of which are to happen */
        return;
    weir_err_set(&err, WEIR_ETEMPFAIL, "cancelled");
    weir__run_stop(run, &err);
}

static void on_event(struct run *run, const struct epoll_event *event)
{
    struct signalfd_siginfo signal_info;
    const struct watch *watch = event->data.ptr;
    uint64_t pokes;
    switch (watch->what) {
    case WATCHED_SIGNALS:
        if (read(run->signal_fd, &signal_info, sizeof(signal_info)) > 0)
            on_signal(run, (int)signal_info.ssi_signo);
        break;
    case WATCHED_POKES:
        if (read(run->poke_fd, &pokes, sizeof(pokes)) < 0)
            return;
        break;
    case WATCHED_FOR_CALLER:
        if (!run->options->on_watched(run->options->context))
            cancel(run);
        break;
    case WATCHED_WORKER: weir__run_worker_gone(run, watch->worker); break;
    case WATCHED_WORDS: weir__run_hear(run, watch->worker); break;
    }
}

static void supervise(struct run *run)
{
    struct epoll_event events[32];
    while (run->state != STATE_ENDED) {
        int n = epoll_wait(run->epoll_fd, events, 32, until_next(run));
        for (int i = 0; i < n; i++)
            on_event(run, &events[i]);
        check_time(run);
        look(run);
    }
}

/* ---- beginning ---- */

static int lay_out(struct run *run, struct weir_err *err)
{
    struct weir_plan *plan = run->plan;
    struct segment segment;
    int code = weir__segment_create(&segment, "weir", plan->blueprint.segment_bytes, err);
    if (code < 0)
        return code;
    struct run_words *words = (struct run_words *)(void *)segment.base;
    words->magic = SEGMENT_MAGIC;
    words->version = SEGMENT_VERSION;
    words->copy_bytes = sizeof(struct ledger_copy);
    words->bytes = segment.bytes;
    words->text_bytes = strlen(plan->text);
    words->text_hash = weir__blueprint_hash(plan->text);
    memcpy(segment.base + plan->blueprint.text_offset, plan->text, words->text_bytes + 1);
    run->view =
        (struct run_view){.segment = segment, .blueprint = &plan->blueprint, .words = words};
    return 0;
}

/* Whom nohup, or a shell for what it starts in the background, has told to ignore a signal is to go
 * on. A signalfd would see it all the same. */
static void add_unless_ignored(sigset_t *to, int number)
{
    struct sigaction action;
    if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
        sigaddset(to, number);
}

static int watch(struct run *run, struct weir_err *err)
{
    sigemptyset(&run->stopping);
    add_unless_ignored(&run->stopping, SIGINT);
    add_unless_ignored(&run->stopping, SIGTERM);
    add_unless_ignored(&run->stopping, SIGHUP);
    sigprocmask(SIG_BLOCK, &run->stopping, &run->old_mask);
    run->masked = true;
    run->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    run->signal_fd = signalfd(-1, &run->stopping, SFD_CLOEXEC | SFD_NONBLOCK);
    run->poke_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    run->signals.what = WATCHED_SIGNALS;
    run->pokes.what = WATCHED_POKES;
    run->for_caller.what = WATCHED_FOR_CALLER;
    struct epoll_event on_signal_fd = {.events = EPOLLIN, .data.ptr = &run->signals},
                       on_poke_fd = {.events = EPOLLIN, .data.ptr = &run->pokes},
                       on_watched_fd = {.events = EPOLLIN, .data.ptr = &run->for_caller};
    if (run->epoll_fd < 0 || run->signal_fd < 0 || run->poke_fd < 0 ||
        epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, run->signal_fd, &on_signal_fd) < 0 ||
        epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, run->poke_fd, &on_poke_fd) < 0 ||
        (run->options->on_watched != NULL &&
         epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, run->options->watched_fd, &on_watched_fd) < 0))
        return weir_err_errno(err, WEIR_EOS, "cannot watch the run");
    return 0;
}

/* A file that goes with the last descriptor, however the run ends. */
static int open_nameless(struct weir_err *err)
{
    const char *tmp = getenv("TMPDIR");
    tmp = tmp == NULL || tmp[0] == '\0' ? "/tmp" : tmp;
    int fd = open(tmp, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        /* Not every file system can: then it has a name for a moment. */
        char path[PATH_MAX];
        snprintf(path, sizeof(path), "%s/weir-XXXXXX", tmp);
        fd = mkostemp(path, O_CLOEXEC);
        if (fd >= 0)
            unlink(path);
    }
    if (fd < 0)
        return weir_err_errno(err, WEIR_EOS, "cannot make a temporary file in '%s'", tmp);
    return fd;
}

static int open_kept_files(struct run *run, struct weir_err *err)
{
    for (size_t w = 0; w < run->workers; w++) {
        struct worker_start *start = &run->worker[w].start;
        if (!weir__group_keeps(&run->plan->blueprint.group[start->group]))
            continue;
        start->kept_fd = open_nameless(err);
        if (start->kept_fd < 0)
            return start->kept_fd;
    }
    return 0;
}

/* NULL for a group without a hosted stage; such a stage shares its worker with no other. */
static const char *hosted_stage(const struct blueprint *blueprint, uint32_t group)
{
    const struct member *member = &blueprint->group[group].member[0];
    return (member->type->traits & WEIR_HOSTED) == 0 ? NULL : blueprint->stage[member->stage].id;
}

static const struct weir_given *given_to(const struct weir_supervise_options *options,
                                         const char *stage)
{
    for (size_t i = 0; stage != NULL && i < options->given_count; i++)
        if (strcmp(options->given[i].stage, stage) == 0)
            return &options->given[i];
    return NULL;
}

static void give_fds(const struct run *run, struct worker_start *start)
{
    const struct weir_given *given =
        given_to(run->options, hosted_stage(&run->plan->blueprint, start->group));
    for (uint32_t i = 0; i < WEIR_GIVEN; i++)
        start->given[i] = given == NULL ? -1 : given->fd[i];
}

/* Which of its stages lacks what only a program can give it. */
static int check_given(const struct run *run, struct weir_err *err)
{
    const struct blueprint *blueprint = &run->plan->blueprint;
    for (uint32_t g = 0; g < blueprint->groups; g++) {
        const char *stage = hosted_stage(blueprint, g);
        if (stage == NULL || given_to(run->options, stage) != NULL)
            continue;
        weir_err_set(err, WEIR_EUSAGE,
                     "stage '%s': a %s is a part of the program that runs the pipeline, and this "
                     "one has none of that name",
                     stage, blueprint->group[g].member[0].type->name);
        return err->code;
    }
    return 0;
}

/* Sinks first: what they refuse (a busy output) is refused before anything is read. */
static int start_all(struct run *run, struct weir_err *err)
{
    const struct blueprint *blueprint = &run->plan->blueprint;
    for (uint32_t g = 0; g < blueprint->groups; g++)
        run->workers += blueprint->group[g].seats;
    run->worker = calloc(run->workers, sizeof(*run->worker));
    if (run->worker == NULL) {
        run->workers = 0;
        return weir_err_set(err, WEIR_EOS, "out of memory");
    }
    size_t w = 0;
    for (uint32_t g = blueprint->groups; g-- > 0;)
        for (uint32_t seat = 0; seat < blueprint->group[g].seats; seat++) {
            run->worker[w].start = (struct worker_start){.group = g, .seat = seat, .kept_fd = -1};
            give_fds(run, &run->worker[w].start);
            run->worker[w].process.pidfd = -1;
            run->worker[w].words.fd = -1;
            w++;
        }
    int opened = open_kept_files(run, err);
    if (opened < 0)
        return opened;
    for (w = 0; w < run->workers; w++) {
        bool lazy = blueprint->group[run->worker[w].start.group].lazy;
        int code = lazy ? 0 : weir__run_start_worker(run, &run->worker[w], err);
        if (code < 0)
            return code;
    }
    return 0;
}

/* Nothing of the run may outlive it, whatever went wrong. */
static void take_down(struct run *run)
{
    struct process_end end;
    kill_all(run);
    for (size_t w = 0; w < run->workers; w++) {
        if (run->worker[w].process.pid > 0)
            weir__process_reap(&run->worker[w].process, &end);
        weir__words_close(&run->worker[w].words);
        if (run->worker[w].start.kept_fd >= 0)
            close(run->worker[w].start.kept_fd);
    }
    const int fds[] = {run->epoll_fd, run->signal_fd, run->poke_fd};
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(run->worker);
    weir__forkserver_stop();
    if (run->view.segment.base != NULL)
        weir__segment_release(&run->view.segment);
    /* A signal that came too late to stop anything is not to kill the caller now. */
    const struct timespec at_once = {0};
    while (run->masked && sigtimedwait(&run->stopping, NULL, &at_once) > 0)
        ;
    if (run->masked)
        sigprocmask(SIG_SETMASK, &run->old_mask, NULL);
}

static bool ended_early(const struct run *run)
{
    for (uint32_t g = 0; g < run->plan->blueprint.groups; g++)
        if (run->plan->blueprint.group[g].inputs > 0 && weir__view_all_done(&run->view, g))
            return true;
    return false;
}

/* All or none it was to be: if a rename has failed in the middle, people must know which. */
static void tell_mixture(const struct weir_receipt *receipt, struct weir_err *err)
{
    struct buf text;
    weir__buf_init(&text);
    for (size_t s = 0; s < receipt->stages; s++)
        if (receipt->stage[s].published != NULL)
            weir__buf_printf(&text, "%s%s", text.len > 0 ? ", " : "published already: ",
                             receipt->stage[s].published);
    if (text.len > 0 && !text.failed)
        snprintf(err->note, sizeof(err->note), "%.*s; the other outputs are as they were",
                 (int)sizeof(err->note) - 50, text.data);
    weir__buf_release(&text);
}

static int conclude(struct run *run, struct weir_err *err)
{
    struct weir_receipt *receipt = run->receipt;
    receipt->elapsed_ns = (weir__now_ms() - run->began_ms) * 1000000;
    weir__receipt_read(receipt, &run->view);
    receipt->finished = true;
    receipt->published = run->published;
    receipt->signal = run->signal;
    receipt->restarts = run->restarts;
    receipt->ended_early = ended_early(run);
    if (weir__receipt_own(receipt) < 0) {
        weir_receipt_free(receipt);
        run->receipt = NULL;
        return weir_err_set(err, WEIR_EOS, "no memory for the receipt; %s",
                            run->published ? "the outputs are published" : "nothing was published");
    }
    if (run->published) {
        receipt->exit_code = weir__receipt_judge(receipt, run->plan->pipeline);
        return 0;
    }
    if (run->err.code != 0)
        *err = run->err;
    else
        weir_err_set(err, WEIR_ETEMPFAIL, "stopped by SIG%s", sigabbrev_np(run->signal));
    tell_mixture(receipt, err);
    receipt->exit_code = weir_err_exit_code(err->code);
    return err->code;
}

int weir_supervise(struct weir_plan *plan, const struct weir_supervise_options *options,
                   struct weir_receipt **ret_receipt, struct weir_err *err)
{
    struct run run = {.plan = plan,
                      .options = options,
                      .state = STATE_RUNNING,
                      .epoll_fd = -1,
                      .signal_fd = -1,
                      .poke_fd = -1,
                      .began_ms = weir__now_ms(),
                      .time_limit_ms = options->timeout_ms != 0 ? options->timeout_ms
                                                                : plan->pipeline->timeout_ms};
    *ret_receipt = NULL;
    int code = check_given(&run, err);
    if (code == 0)
        code = lay_out(&run, err);
    if (code == 0)
        code = watch(&run, err);
    if (code == 0 && (run.receipt = weir__receipt_new(&run.view)) == NULL)
        code = weir_err_set(err, WEIR_EOS, "out of memory");
    if (code < 0)
        goto out;
    run.receipt->memory_bound = weir_plan_bytes(plan);
    run.receipt->processes = weir_plan_processes(plan);
    run.next_progress_ms = run.began_ms + options->interval_ms;
    struct weir_err failed;
    if (start_all(&run, &failed) < 0)
        weir__run_stop(&run, &failed);
    for (size_t w = 0; w < run.workers; w++)
        run.worker[w].ended = run.worker[w].process.pid == 0;
    supervise(&run);
    code = conclude(&run, err);
    *ret_receipt = run.receipt;
out:
    take_down(&run);
    return code;
}
