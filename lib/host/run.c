/*
 * A run as the program that started it holds it: the socket to its supervisor, and the ends of its
 * channels.
 *
 *     STARTING --errors--> ENDED
 *        | channels, progress
 *     RUNNING --end, or the supervisor is gone--> ENDED
 */
#include <weir/weir.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* base */
#include "base/clock.h"
/* host */
#include "host/end.h"
#include "host/flat.h"
#include "host/job.h"
#include "host/launch.h"
#include "host/wire.h"

enum {
    IDLE_MS = 10,       /* a source that had nothing is asked again after so long */
    FREE_MS = 10 * 1000 /* a supervisor that is told to stop is waited for no longer */
};

struct weir_run {
    pid_t owner;
    int socket, epoll_fd;
    struct weir_run_options options;
    struct run_end *end;
    size_t ends;
    bool greeted, ended;
    int code;            /* once it has ended: what a step returns */
    struct weir_err own; /* why this program has stopped it; code 0: it has not */
    struct weir_errors errors;
    struct weir_receipt *progress, *receipt;
    struct weir_job_plan *plan; /* of a job that is only to be planned */
};

/* ---- its end ---- */

static bool is_foreign(const struct weir_run *run)
{
    return run->owner != getpid();
}

static int finish(struct weir_run *run, int code)
{
    run->ended = true;
    run->code = code;
    return code;
}

/* For the first reason that there is. */
static int fail(struct weir_run *run, const struct weir_err *err)
{
    *weir_errors_add(&run->errors) = run->own.code != 0 ? run->own : *err;
    return finish(run, run->errors.list[0].code);
}

static int lost(struct weir_run *run)
{
    struct weir_err err;
    weir_err_set(&err, WEIR_EINTERNAL,
                 "the supervisor of the run is gone, and its workers with it: nothing more was "
                 "published");
    return fail(run, &err);
}

static int take_end(struct weir_run *run, const struct wire_message *message)
{
    struct weir_err err;
    if (message->byte_count < sizeof(err))
        return lost(run);
    memcpy(&err, message->bytes, sizeof(err));
    run->receipt =
        weir__receipt_raise(message->bytes + sizeof(err), message->byte_count - sizeof(err));
    if (err.code != 0)
        return fail(run, &err);
    for (size_t e = 0; e < run->ends; e++)
        if (run->end[e].is_source && run->end[e].source.durable != NULL)
            run->end[e].source.durable(run->end[e].feed.records, run->end[e].source.context);
    return finish(run, WEIR_DONE);
}

static int take_errors(struct weir_run *run, const struct wire_message *message)
{
    struct weir_err err;
    for (size_t at = 0; at + sizeof(err) <= message->byte_count; at += sizeof(err)) {
        memcpy(&err, message->bytes + at, sizeof(err));
        *weir_errors_add(&run->errors) = err;
    }
    return run->errors.count == 0 ? lost(run) : finish(run, run->errors.list[0].code);
}

/* ---- hearing the supervisor ---- */

static int refuse_version(struct weir_run *run, const char *version)
{
    struct weir_err err;
    weir_err_set(&err, WEIR_EUNAVAILABLE,
                 "weir-worker is of version %.32s, and this library of %s: they are installed "
                 "together",
                 version == NULL ? "?" : version, WEIR_VERSION);
    return fail(run, &err);
}

static int watch(const struct weir_run *run, int fd, struct weir_err *err)
{
    struct epoll_event event = {.events = EPOLLIN};
    return epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0
               ? weir_err_errno(err, WEIR_EOS, "cannot watch the run")
               : 0;
}

/* is_source, max_record, id, NUL, schema: as serve.c puts it. */
static int take_channel(struct weir_run *run, struct wire_message *message)
{
    struct weir_err err;
    bool is_source;
    uint64_t max_record;
    size_t fixed = sizeof(is_source) + sizeof(max_record);
    if (message->byte_count <= fixed || message->fds != CHANNEL_FDS)
        return lost(run);
    memcpy(&is_source, message->bytes, sizeof(is_source));
    memcpy(&max_record, message->bytes + sizeof(is_source), sizeof(max_record));
    const char *id = message->bytes + fixed, *schema = id + strlen(id) + 1;
    for (size_t e = 0; e < run->ends; e++) {
        struct run_end *end = &run->end[e];
        if (strcmp(end->id, id) != 0)
            continue;
        int code = end->is_source != is_source
                       ? weir_err_set(&err, WEIR_EUSAGE, "stage '%s' is a host.%s", id,
                                      is_source ? "source" : "sink")
                       : weir__end_attach(end, message->fd, max_record, schema, &err);
        if (code == 0) {
            message->fds = 0; /* they are the end's now */
            code = watch(run, end->channel.bell[is_source ? CHANNEL_PUTTER : CHANNEL_TAKER], &err);
        }
        return code < 0 ? fail(run, &err) : WEIR_MORE;
    }
    return lost(run);
}

static int take_plan(struct weir_run *run, const struct wire_message *message)
{
    struct weir_job_plan *plan = malloc(message->byte_count + 1);
    if (plan == NULL || message->byte_count <= sizeof(*plan)) {
        free(plan);
        return lost(run);
    }
    memcpy(plan, message->bytes, message->byte_count + 1);
    plan->text = (const char *)(plan + 1);
    run->plan = plan;
    return finish(run, WEIR_DONE);
}

static void take_progress(struct weir_run *run, const struct wire_message *message)
{
    struct weir_receipt *receipt = weir__receipt_raise(message->bytes, message->byte_count);
    weir__wire_send(run->socket, WIRE_SEEN, NULL, 0, NULL, 0);
    if (receipt == NULL)
        return;
    free(run->progress);
    run->progress = receipt;
}

static int take_message(struct weir_run *run, struct wire_message *message)
{
    bool greets = message->kind == WIRE_HELLO;
    if (!run->greeted && (!greets || strcmp(message->bytes, WEIR_VERSION) != 0))
        return refuse_version(run, greets ? message->bytes : NULL);
    run->greeted = true;
    if (message->bytes == NULL)
        return lost(run);
    switch (message->kind) {
    case WIRE_CHANNEL: return take_channel(run, message);
    case WIRE_PLAN: return take_plan(run, message);
    case WIRE_PROGRESS: take_progress(run, message); return WEIR_MORE;
    case WIRE_EVENT:
        if (run->options.on_event != NULL)
            run->options.on_event(message->bytes, run->options.context);
        return WEIR_MORE;
    case WIRE_ERRORS: return take_errors(run, message);
    case WIRE_END: return take_end(run, message);
    default: return WEIR_MORE;
    }
}

/* WEIR_MORE, or what ended the run. */
static int hear(struct weir_run *run, bool *ret_did)
{
    struct wire_message message;
    enum wire_state state;
    int code = WEIR_MORE;
    while (code == WEIR_MORE &&
           (state = weir__wire_receive(run->socket, &message)) != WIRE_NOTHING) {
        *ret_did = true;
        if (state == WIRE_CLOSED)
            return lost(run);
        code = take_message(run, &message);
        weir__wire_release(&message);
    }
    return code;
}

/* ---- steps ---- */

void weir_run_cancel(const struct weir_run *run)
{
    if (!is_foreign(run))
        weir__wire_send(run->socket, WIRE_CANCEL, NULL, 0, NULL, 0);
}

static void exchange(struct weir_run *run, bool *ret_did)
{
    for (size_t e = 0; e < run->ends && run->own.code == 0; e++) {
        int did = weir__end_exchange(&run->end[e], &run->own);
        *ret_did = *ret_did || did != 0;
        if (did < 0)
            weir_run_cancel(run);
    }
}

/* Whether anything was done. */
static bool turn(struct weir_run *run)
{
    bool did = false;
    if (hear(run, &did) == WEIR_MORE)
        exchange(run, &did);
    return did || run->ended;
}

static bool has_idle_source(const struct weir_run *run)
{
    for (size_t e = 0; e < run->ends; e++)
        if (run->end[e].is_source && run->end[e].idle)
            return true;
    return false;
}

static void await(struct weir_run *run, int timeout_ms)
{
    struct epoll_event events[8];
    if (has_idle_source(run) && (timeout_ms < 0 || timeout_ms > IDLE_MS))
        timeout_ms = IDLE_MS;
    epoll_wait(run->epoll_fd, events, 8, timeout_ms);
}

int weir_run_step(struct weir_run *run, int timeout_ms)
{
    if (is_foreign(run))
        return WEIR_EUSAGE;
    if (run->ended)
        return run->code;
    bool did = turn(run);
    if (!did) {
        for (size_t e = 0; e < run->ends; e++)
            weir__end_doze(&run->end[e]);
        did = turn(run);
    }
    if (!did && timeout_ms != 0) {
        await(run, timeout_ms);
        turn(run);
    }
    return run->ended ? run->code : WEIR_MORE;
}

/* ---- beginning ---- */

static int copy_ends(struct weir_run *run, const struct weir_job *job, struct weir_err *err)
{
    run->end = calloc(job->ends + 1, sizeof(*run->end));
    if (run->end == NULL)
        return weir_err_set(err, WEIR_EOS, "out of memory");
    for (; run->ends < job->ends; run->ends++) {
        const struct job_end *from = &job->end[run->ends];
        run->end[run->ends] = (struct run_end){.id = strdup(from->id),
                                               .is_source = from->is_source,
                                               .source = from->source,
                                               .sink = from->sink};
        if (run->end[run->ends].id == NULL)
            return weir_err_set(err, WEIR_EOS, "out of memory");
    }
    return 0;
}

static int ask(struct weir_run *run, const struct weir_job *job, enum job_wish wish,
               struct weir_err *err)
{
    struct buf text;
    const struct job_request request = {
        .wish = wish,
        .timeout_ms = run->options.timeout_ms,
        .progress_ms = run->options.progress_ms,
        .start_method = run->options.start_method == NULL ? "" : run->options.start_method};
    weir__buf_init(&text);
    int code = weir__job_write(job, &request, &text, err);
    const struct wire_part part = {text.data, text.len};
    /* One that is gone already, the first step finds. */
    if (code == 0 && weir__wire_send(run->socket, WIRE_JOB, &part, 1, NULL, 0) == WIRE_NOTHING)
        code = weir_err_errno(err, WEIR_EOS, "cannot hand the job to its supervisor");
    weir__buf_release(&text);
    return code;
}

static int start(const struct weir_job *job, enum job_wish wish,
                 const struct weir_run_options *options, struct weir_run **ret,
                 struct weir_err *err)
{
    struct weir_run *run = calloc(1, sizeof(*run));
    if (run == NULL)
        return weir_err_set(err, WEIR_EOS, "out of memory");
    run->owner = getpid();
    run->socket = -1;
    run->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    int code = run->epoll_fd < 0 ? weir_err_errno(err, WEIR_EOS, "cannot watch a run")
                                 : copy_ends(run, job, err);
    if (code == 0 && options != NULL)
        code = weir__sized_copy(&run->options, sizeof(run->options), options, options->size, err);
    if (code == 0)
        code = weir__launch(&run->socket, err);
    if (code == 0)
        code = watch(run, run->socket, err);
    if (code == 0)
        code = ask(run, job, wish, err);
    if (code < 0) {
        weir_run_free(run);
        return code;
    }
    *ret = run;
    return 0;
}

int weir_run_start(const struct weir_job *job, const struct weir_run_options *options,
                   struct weir_run **ret, struct weir_err *err)
{
    return start(job, JOB_RUN, options, ret, err);
}

int weir_run(const struct weir_job *job, const struct weir_run_options *options,
             struct weir_run **ret, struct weir_err *err)
{
    *ret = NULL;
    int code = weir_run_start(job, options, ret, err);
    if (code < 0)
        return code;
    do {
        code = weir_run_step(*ret, -1);
    } while (code == WEIR_MORE);
    if (code < 0 && err != NULL)
        *err = (*ret)->errors.list[0];
    return code;
}

/* ---- looking at it ---- */

int weir_run_fd(const struct weir_run *run)
{
    return run->epoll_fd;
}

const struct weir_receipt *weir_run_progress(const struct weir_run *run)
{
    return run->receipt != NULL ? run->receipt : run->progress;
}

const struct weir_receipt *weir_run_receipt(const struct weir_run *run)
{
    return run->receipt;
}

const struct weir_errors *weir_run_errors(const struct weir_run *run)
{
    return &run->errors;
}

/* Until the supervisor has closed its end of the socket, which is the last that it does. */
static void await_supervisor(const struct weir_run *run)
{
    struct wire_message message;
    uint64_t until = weir__now_ms() + FREE_MS, now;
    enum wire_state state = WIRE_NOTHING;
    while (state != WIRE_CLOSED && (now = weir__now_ms()) < until) {
        struct pollfd socket = {.fd = run->socket, .events = POLLIN};
        poll(&socket, 1, (int)(until - now));
        while ((state = weir__wire_receive(run->socket, &message)) == WIRE_GOT)
            weir__wire_release(&message);
    }
}

void weir_run_free(struct weir_run *run)
{
    if (run == NULL)
        return;
    if (run->socket >= 0 && !is_foreign(run)) {
        if (!run->ended)
            weir_run_cancel(run);
        await_supervisor(run);
    }
    for (size_t e = 0; e < run->ends; e++)
        weir__end_release(&run->end[e]);
    free(run->end);
    if (run->socket >= 0)
        close(run->socket);
    if (run->epoll_fd >= 0)
        close(run->epoll_fd);
    weir_errors_release(&run->errors);
    free(run->progress);
    free(run->receipt);
    free(run->plan);
    free(run);
}

/* ---- jobs that are not run ---- */

static int look_at(const struct weir_job *job, enum job_wish wish, struct weir_job_plan **ret,
                   struct weir_errors *errors)
{
    struct weir_err err;
    struct weir_run *run;
    int code = start(job, wish, NULL, &run, &err);
    if (code < 0) {
        *weir_errors_add(errors) = err;
        return code;
    }
    do {
        code = weir_run_step(run, -1);
    } while (code == WEIR_MORE);
    for (size_t e = 0; e < run->errors.count; e++)
        *weir_errors_add(errors) = run->errors.list[e];
    if (code == WEIR_DONE && ret != NULL) {
        *ret = run->plan;
        run->plan = NULL;
    }
    weir_run_free(run);
    return code;
}

int weir_job_check(const struct weir_job *job, struct weir_errors *errors)
{
    return look_at(job, JOB_CHECK, NULL, errors);
}

int weir_job_plan(const struct weir_job *job, struct weir_job_plan **ret,
                  struct weir_errors *errors)
{
    return look_at(job, JOB_PLAN, ret, errors);
}
