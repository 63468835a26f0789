/* The run's workers: starting, watching and replacing them. */
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* engine */
#include "engine/crew.h"
#include "engine/run.h"

enum {
    PAUSE_MS = 50,
    PAUSE_MOST_MS = 1000,
    FOREIGN_PATIENCE = 5,
    OVERDUE_LOOK_MS = 20,
    LONG_MS = 5000,
    STOPPED_MS = 500 /* who has not looked for so long has been stopped */
};

static const struct group *group_of(const struct run *run, const struct run_worker *worker)
{
    return &run->plan->blueprint.group[worker->start.group];
}

static struct seat_words *words_of(const struct run *run, const struct run_worker *worker)
{
    return view_seat(&run->view, worker->start.group, worker->start.seat);
}

static const char *worker_name(const struct run *run, const struct run_worker *worker, char *to,
                               size_t room)
{
    char group[96];
    weir__group_name(&run->plan->blueprint, worker->start.group, group, sizeof(group));
    snprintf(to, room, "%s[%u]", group, worker->start.seat);
    return to;
}

/* ---- what a worker says ---- */

struct listener {
    struct run *run;
    const char *name;
};

static void pass_on(void *context, const char *line)
{
    const struct listener *listener = context;
    if (listener->run->options->on_event == NULL)
        fprintf(stderr, "%s: %s\n", listener->name, line); /* where it would have gone */
    weir__run_tell(listener->run, "%s: %s", listener->name, line);
}

void weir__run_hear(struct run *run, struct run_worker *worker)
{
    char name[128];
    struct listener listener = {run, worker_name(run, worker, name, sizeof(name))};
    if (worker->words.fd >= 0 && !weir__words_read(&worker->words, pass_on, &listener)) {
        epoll_ctl(run->epoll_fd, EPOLL_CTL_DEL, worker->words.fd, NULL);
        weir__words_close(&worker->words);
    }
}

static void stop_hearing(struct run *run, struct run_worker *worker)
{
    char name[128];
    struct listener listener = {run, worker_name(run, worker, name, sizeof(name))};
    weir__run_hear(run, worker);
    if (worker->words.fd < 0)
        return;
    weir__words_end(&worker->words, pass_on, &listener);
    epoll_ctl(run->epoll_fd, EPOLL_CTL_DEL, worker->words.fd, NULL);
    weir__words_close(&worker->words);
}

/* ---- starting ---- */

static int watch_worker(struct run *run, struct run_worker *worker, struct weir_err *err)
{
    worker->gone = (struct watch){WATCHED_WORKER, worker};
    worker->says = (struct watch){WATCHED_WORDS, worker};
    struct epoll_event gone = {.events = EPOLLIN, .data.ptr = &worker->gone},
                       says = {.events = EPOLLIN, .data.ptr = &worker->says};
    if (epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, worker->process.pidfd, &gone) < 0 ||
        epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, worker->words.fd, &says) < 0)
        return weir_err_errno(err, WEIR_EOS, "cannot watch a worker");
    return 0;
}

/* A stage behind one that keeps may read what that has kept. */
static void give_kept_before(const struct run *run, struct worker_start *start)
{
    const struct group *group = &run->plan->blueprint.group[start->group];
    start->kept_befores = 0;
    if (group->feeds == 0 || !weir__group_keeps(&run->plan->blueprint.group[group->feed[0].group]))
        return;
    for (size_t w = 0; w < run->workers; w++) {
        const struct worker_start *other = &run->worker[w].start;
        if (other->group != group->feed[0].group)
            continue;
        start->kept_before[other->seat] = other->kept_fd;
        start->kept_befores++;
    }
}

int weir__run_start_worker(struct run *run, struct run_worker *worker, struct weir_err *err)
{
    struct worker_start *start = &worker->start;
    struct process_end end;
    start->segment = run->view.segment;
    start->poke_fd = run->poke_fd;
    const struct group *group = group_of(run, worker);
    start->head_fd = group->head_fd;
    give_kept_before(run, start);
    start->caution = worker->blame.caution;
    start->data_limit = weir__plan_private_bytes(&run->plan->blueprint, group);
    if (group->worker_memory == 0)
        start->data_limit +=
            run->plan->oversize_bytes + ((uint64_t)64 << 20); /* what fork inherits */
    worker->restart_ms = worker->overdue = 0;
    worker->started_ms = weir__now_ms();
    int code = weir__words_open(&worker->words, &start->words_fd, err);
    if (code < 0)
        return code;
    code = weir__worker_start(&worker->process, start, err);
    close(start->words_fd);
    if (code == 0)
        code = watch_worker(run, worker, err);
    if (code == 0)
        return 0;
    weir__words_close(&worker->words);
    if (worker->process.pid > 0) {
        weir__process_kill(&worker->process, SIGKILL);
        weir__process_reap(&worker->process, &end);
    }
    return code;
}

/* ---- how it ended ---- */

static const char *end_text(const struct process_end *end, char *to, size_t room)
{
    const char *name = end->signal == 0 ? NULL : sigabbrev_np(end->signal);
    if (end->signal == 0)
        snprintf(to, room, "exit %d", end->exit_code);
    else if (name == NULL)
        snprintf(to, room, "signal %d", end->signal);
    else
        snprintf(to, room, "SIG%s", name);
    return to;
}

/* Why a worker died in a stage's code, as the quarantine's lines say it. */
static void describe(const struct run *run, const struct run_worker *worker,
                     const struct process_end *end, uint64_t running, char *to, size_t room)
{
    const struct group *group = group_of(run, worker);
    uint32_t m = trial_member(running);
    if (worker->overdue != 0 && m < group->members)
        snprintf(to, room, "no answer within record_timeout, %" PRIu64 " ms",
                 group->member[m].record_timeout_ms);
    else if (end->exit_code == CREW_NO_MEMORY && group->worker_memory > 0)
        snprintf(to, room, "more memory than worker_memory, %" PRIu64 " MiB",
                 group->worker_memory >> 20);
    else if (end->exit_code == CREW_NO_MEMORY)
        snprintf(to, room, "out of memory");
    else
        end_text(end, to, room);
}

/* What a stage's code does to itself; other signals come from outside. */
static bool is_own_doing(const struct process_end *end)
{
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP};
    bool found = end->signal == 0;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        found = found || end->signal == own[i];
    return found;
}

/* ---- whom it is blamed on ---- */

/* Where there is a port for what is set aside, there is a sink for it. */
static struct run_worker *lazy_worker(struct run *run)
{
    struct run_worker *worker = run->worker;
    while (!group_of(run, worker)->lazy)
        worker++;
    return worker;
}

/* One more record is set aside: by the next who sits here, and the quarantine's sink takes it. */
static int doom(struct run *run, struct run_worker *worker, struct weir_err *err)
{
    struct caution *caution = &worker->blame.caution;
    caution->refused = run->set_aside >= run->plan->pipeline->quarantine.max;
    run->set_aside += !caution->refused;
    if (caution->refused || run->sink_started)
        return 0;
    struct run_worker *sink = lazy_worker(run);
    run->sink_started = true;
    sink->ended = false;
    return weir__run_start_worker(run, sink, err);
}

/* A negative code if the run can't go on. */
static int blame(struct run *run, struct run_worker *worker, const struct process_end *end,
                 enum blame *ret, struct weir_err *err)
{
    char reason[sizeof(((struct caution *)0)->reason)];
    struct trial *trial = &words_of(run, worker)->trial;
    int port = group_of(run, worker)->aside_port;
    struct death death = {.trial = trial,
                          .running = word_load(&trial->running, STEP_RUNNING_LOAD),
                          .late = worker->overdue != 0,
                          .reason = reason};
    word_store(&trial->running, 0, STEP_RUNNING_STORE); /* its successor has not begun yet */
    *ret = BLAME_NOBODY;
    /* A deadline that it met after all is nobody's fault. */
    if (port < 0 || (death.late && worker->overdue != death.running))
        return 0;
    describe(run, worker, end, death.running, reason, sizeof(reason));
    death.foreign = !death.late && !is_own_doing(end);
    death.published =
        weir__view_ledger(&run->view, worker->start.group, worker->start.seat)->passed[port].bytes >
        0;
    *ret = weir__blame_death(&worker->blame, &death, run->plan->pipeline->quarantine.poison_after);
    return *ret == BLAME_DOOMED ? doom(run, worker, err) : 0;
}

/* ---- replacing ---- */

/* Deaths without a commit between them count: a worker that gets on is replaced for ever. */
static void count_death(const struct run *run, struct run_worker *worker, bool foreign)
{
    uint64_t sequence = word_load(&words_of(run, worker)->sequence.word, STEP_SEQUENCE_LOAD);
    /* Who had nothing to do for long, and is killed from outside, would have got on. */
    bool again =
        sequence == worker->sequence && !(foreign && weir__now_ms() - worker->started_ms > LONG_MS);
    worker->deaths = again ? worker->deaths + 1 : 1;
    worker->sequence = sequence;
}

static bool hopeless(const struct run *run, const struct run_worker *worker, bool patient)
{
    const struct weir_pipeline *pipeline = run->plan->pipeline;
    uint64_t patience = (uint64_t)pipeline->restarts * (patient ? FOREIGN_PATIENCE : 1);
    uint64_t most = 2 * (uint64_t)pipeline->quarantine.poison_after;
    if (patience > 0 && patient && patience < most)
        patience = most;
    return worker->deaths > patience;
}

static void give_up(struct run *run, const struct run_worker *worker, const char *name,
                    const char *how)
{
    struct weir_err err;
    char quoted[300] = "";
    if (worker->words.last[0] != '\0')
        snprintf(quoted, sizeof(quoted), ", \"%.255s\"", worker->words.last);
    weir_err_set(&err, WEIR_EINTERNAL,
                 "worker %s died %u time%s %s (last: %s%s). Given up after %u restart%s", name,
                 worker->deaths, worker->deaths == 1 ? "" : "s",
                 worker->sequence == 0 ? "before its first batch was done" : "on the same work",
                 how, quoted, worker->deaths - 1, worker->deaths == 2 ? "" : "s");
    weir__run_stop(run, &err);
}

/* The system refuses what a worker needs to begin. */
static void cannot_begin(struct run *run, const struct run_worker *worker, const char *name)
{
    struct weir_err err;
    weir_err_set(&err, WEIR_EOS, "worker %s cannot begin: %s", name,
                 worker->words.last[0] != '\0' ? worker->words.last : "out of memory");
    weir__run_stop(run, &err);
}

static void cannot_replace(struct run *run, const char *name, const char *how)
{
    struct weir_err err;
    weir_err_set(&err, WEIR_EINTERNAL,
                 "worker %s died (%s); what it read or wrote is a pipe or a socket, which "
                 "cannot be taken up again",
                 name, how);
    weir__run_stop(run, &err);
}

/* A stage that dies before it gets on is given time: what it lacks may come. */
static uint64_t pause_ms(const struct run_worker *worker)
{
    uint64_t pause = worker->deaths < 2 ? 0 : PAUSE_MS;
    for (uint32_t i = 2; i < worker->deaths && pause < PAUSE_MOST_MS; i++)
        pause *= 2;
    return pause < PAUSE_MOST_MS ? pause : PAUSE_MOST_MS;
}

static void start_again(struct run *run, struct run_worker *worker)
{
    struct weir_err err;
    run->restarts++;
    if (weir__run_start_worker(run, worker, &err) < 0)
        weir__run_stop(run, &err);
}

static void replace(struct run *run, struct run_worker *worker, const struct process_end *end)
{
    char name[128], how[32];
    struct weir_err err;
    enum blame blamed;
    worker_name(run, worker, name, sizeof(name));
    end_text(end, how, sizeof(how));
    if (words_of(run, worker)->irreplaceable != 0 || group_of(run, worker)->irreplaceable) {
        if (end->exit_code == CREW_NO_MEMORY)
            cannot_begin(run, worker, name);
        else
            cannot_replace(run, name, how);
        return;
    }
    if (blame(run, worker, end, &blamed, &err) < 0) {
        weir__run_stop(run, &err);
        return;
    }
    if (blamed == BLAME_NOBODY && end->exit_code == CREW_NO_MEMORY) {
        cannot_begin(run, worker, name);
        return;
    }
    bool foreign = !is_own_doing(end) && worker->overdue == 0;
    count_death(run, worker, foreign);
    if (hopeless(run, worker, blamed != BLAME_NOBODY || foreign)) {
        give_up(run, worker, name, how);
        return;
    }
    bool news = foreign || worker->deaths == 1;
    if (news && (blamed == BLAME_NOBODY || foreign))
        weir__run_tell(run, "%s died (%s) and is replaced", name, how);
    uint64_t pause = blamed == BLAME_NOBODY && !foreign ? pause_ms(worker) : 0;
    if (pause == 0)
        start_again(run, worker);
    else
        worker->restart_ms = weir__now_ms() + pause;
}

/* Nothing is left to do for a seat that has closed, but for a sink to give its file a name. */
static bool is_complete(const struct run *run, const struct run_worker *worker,
                        const struct process_end *end)
{
    const struct seat_words *words = words_of(run, worker);
    if (word_load(&words->closed, STEP_CLOSED_LOAD) == 0)
        return false;
    return end->exit_code == 0 || words->irreplaceable != 0 ||
           !weir__group_publishes(group_of(run, worker));
}

void weir__run_worker_gone(struct run *run, struct run_worker *worker)
{
    struct process_end end;
    stop_hearing(run, worker);
    epoll_ctl(run->epoll_fd, EPOLL_CTL_DEL, worker->process.pidfd, NULL);
    weir__process_reap(&worker->process, &end);
    bool complete = is_complete(run, worker, &end);
    if (complete && end.exit_code != 0) /* it may not have woken anybody */
        weir__view_wake_around(&run->view, worker->start.group);
    if (run->state != STATE_STOPPING && !complete)
        replace(run, worker, &end);
    /* nobody sits here any more, or will */
    worker->ended =
        worker->process.pid == 0 && (worker->restart_ms == 0 || run->state == STATE_STOPPING);
}

/* ---- time ---- */

/* A worker whose stage takes longer for a record than it may is killed, which is blamed on the
 * record. */
static void check_overdue(const struct run *run, struct run_worker *worker)
{
    const struct group *group = group_of(run, worker);
    uint64_t running = word_load(&words_of(run, worker)->trial.running, STEP_RUNNING_LOAD);
    uint32_t m = trial_member(running);
    if (running == 0 || m >= group->members || worker->process.pid == 0)
        return;
    uint64_t limit_ms = group->member[m].record_timeout_ms, now_ms = weir__now_ms(),
             since_ms = trial_since_us(running) / 1000;
    if (since_ms < run->resumed_ms)
        since_ms = run->resumed_ms;
    if (limit_ms == 0 || now_ms <= since_ms + limit_ms)
        return;
    worker->overdue = running;
    weir__process_kill(&worker->process, SIGKILL);
}

/* While the run is stopped, by Ctrl-Z say, or its machine is, the clock goes on, and no worker can
 * answer. */
static void note_stop(struct run *run)
{
    uint64_t now_ms = weir__now_ms();
    if (run->looked_ms != 0 && now_ms > run->looked_ms + STOPPED_MS)
        run->resumed_ms = now_ms;
    run->looked_ms = now_ms;
}

void weir__run_check_workers(struct run *run)
{
    note_stop(run);
    for (size_t w = 0; w < run->workers; w++) {
        struct run_worker *worker = &run->worker[w];
        if (worker->restart_ms != 0 && run->state == STATE_STOPPING) {
            worker->restart_ms = 0;
            worker->ended = true;
        } else if (worker->restart_ms != 0 && weir__now_ms() >= worker->restart_ms) {
            start_again(run, worker);
        } else {
            check_overdue(run, worker);
        }
    }
}

uint64_t weir__run_next_check_ms(const struct run *run)
{
    uint64_t next = UINT64_MAX, now = weir__now_ms();
    for (size_t w = 0; w < run->workers; w++) {
        const struct run_worker *worker = &run->worker[w];
        const struct group *group = group_of(run, worker);
        if (worker->restart_ms != 0 && worker->restart_ms < next)
            next = worker->restart_ms;
        for (uint32_t m = 0; m < group->members; m++)
            if (group->member[m].record_timeout_ms > 0 && now + OVERDUE_LOOK_MS < next)
                next = now + OVERDUE_LOOK_MS;
    }
    return next;
}
