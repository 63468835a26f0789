/*
 * The supervisor of a program's run, from its first instruction to its last: reads the job, makes
 * the plan, makes a channel for each stage that the program stands behind, runs, tells.
 *
 * It ends with the program: it sees that by the program's pidfd, whatever else still holds the
 * socket. While it plans, and cannot look, a signal ends it as soon as the program says anything or
 * is gone.
 */
#include <weir/engine.h>
#include <weir/process.h>
#include <weir/weir.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* flow */
#include "flow/schema_text.h"
/* proc */
#include "proc/process.h"
/* engine */
#include "engine/plan.h"
/* host */
#include "host/channel.h"
#include "host/flat.h"
#include "host/job.h"
#include "host/launch.h"
#include "host/wire.h"

enum { DEFAULT_PROGRESS_MS = 200 };

struct service {
    int socket;
    int watched; /* an epoll of the socket and the program */
    struct job_read job;
    struct weir_pipeline *pipeline;
    struct weir_plan *plan;
    struct weir_errors errors;
    struct channel *channel;
    struct weir_given *given;
    uint32_t channels;
    bool unseen; /* progress that was sent */
};

/* ---- saying ---- */

/* What must arrive: waits until there is room in the socket, or the program is gone. */
static void say(const struct service *service, enum wire_kind kind, const struct wire_part *part,
                unsigned parts, const int *fds, unsigned fd_count)
{
    while (weir__wire_send(service->socket, kind, part, parts, fds, fd_count) == WIRE_NOTHING) {
        struct pollfd room[] = {{.fd = service->socket, .events = POLLOUT},
                                {.fd = SUPERVISOR_HOST, .events = POLLIN}};
        if (poll(room, 2, 100) < 0 || (room[1].revents & POLLIN) != 0)
            return;
    }
}

static void say_text(const struct service *service, enum wire_kind kind, const char *text)
{
    const struct wire_part part = {text, strlen(text)};
    say(service, kind, &part, 1, NULL, 0);
}

static void say_errors(struct service *service)
{
    if (service->errors.count == 0)
        weir_err_set(weir_errors_add(&service->errors), WEIR_EOS, "out of memory");
    const struct wire_part part = {service->errors.list,
                                   service->errors.count * sizeof(*service->errors.list)};
    say(service, WIRE_ERRORS, &part, 1, NULL, 0);
}

static void on_event(const char *text, void *context)
{
    const struct service *service = context;
    const struct wire_part part = {text, strlen(text)};
    weir__wire_send(service->socket, WIRE_EVENT, &part, 1, NULL, 0);
}

/* One at a time: a program that does not look is not to fill the socket. */
static void on_progress(const struct weir_receipt *so_far, void *context)
{
    struct service *service = context;
    struct buf flat;
    if (service->unseen)
        return;
    weir__buf_init(&flat);
    weir__receipt_flatten(so_far, &flat);
    const struct wire_part part = {flat.data, flat.len};
    if (!flat.failed)
        service->unseen =
            weir__wire_send(service->socket, WIRE_PROGRESS, &part, 1, NULL, 0) == WIRE_GOT;
    weir__buf_release(&flat);
}

/* ---- hearing ---- */

static bool program_is_gone(void)
{
    struct pollfd program = {.fd = SUPERVISOR_HOST, .events = POLLIN};
    return poll(&program, 1, 0) > 0;
}

/* False: the run is to stop. */
static bool on_watched(void *context)
{
    struct service *service = context;
    struct wire_message message;
    enum wire_state state;
    bool goes_on = !program_is_gone();
    while ((state = weir__wire_receive(service->socket, &message)) == WIRE_GOT) {
        goes_on = goes_on && message.kind == WIRE_SEEN;
        service->unseen = false;
        weir__wire_release(&message);
    }
    return goes_on && state == WIRE_NOTHING;
}

static bool hear_job(struct service *service)
{
    struct wire_message message;
    struct pollfd socket = {.fd = service->socket, .events = POLLIN};
    TEMP_FAILURE_RETRY(poll(&socket, 1, -1));
    if (weir__wire_receive(service->socket, &message) != WIRE_GOT)
        return false;
    int code = message.kind != WIRE_JOB || message.bytes == NULL
                   ? WEIR_EINTERNAL
                   : weir__job_read(message.bytes, &service->job);
    weir__wire_release(&message);
    if (code < 0)
        weir_err_set(weir_errors_add(&service->errors), code, "the job cannot be read");
    return true;
}

/* SIGIO ends this process, with its probe, when the program says stop or is gone. */
static void end_with_program(const struct service *service, bool on)
{
    int flags = fcntl(service->socket, F_GETFL);
    fcntl(service->socket, F_SETOWN, getpid());
    fcntl(service->socket, F_SETFL, on ? flags | O_ASYNC : flags & ~O_ASYNC);
    struct pollfd socket = {.fd = service->socket, .events = POLLIN};
    if (on && (poll(&socket, 1, 0) > 0 || program_is_gone()))
        _exit(0);
}

/* ---- planning ---- */

static int plan(struct service *service)
{
    const struct job_read *job = &service->job;
    const struct weir_load_options options = {.vars = job->var,
                                              .vars_count = job->vars,
                                              .sets = job->set,
                                              .sets_count = job->sets,
                                              .workers = job->workers};
    char title[96];
    int code = weir_pipeline_parse(job->name, job->text, strlen(job->text), &options,
                                   &service->pipeline, &service->errors);
    if (code == 0) {
        snprintf(title, sizeof(title), "weir %s", weir_pipeline_name(service->pipeline));
        weir__process_title(title);
    }
    if (code == 0)
        code = weir_plan_make(service->pipeline, job->wish == JOB_CHECK, &service->plan,
                              &service->errors);
    return code;
}

static void say_plan(struct service *service)
{
    char *text = weir_plan_text(service->plan);
    if (text == NULL) {
        say_errors(service);
        return;
    }
    const struct weir_job_plan head = {.bytes = weir_plan_bytes(service->plan),
                                       .processes = weir_plan_processes(service->plan),
                                       .writes_stdout = weir_plan_writes_stdout(service->plan)};
    const struct wire_part parts[] = {{&head, sizeof(head)}, {text, strlen(text)}};
    say(service, WIRE_PLAN, parts, 2, NULL, 0);
    free(text);
}

/* ---- channels ---- */

static int check_ends(struct service *service)
{
    struct hosted_stage stage;
    for (const struct node *n = service->job.ends->child; n != NULL; n = n->next) {
        bool found = false;
        for (uint32_t i = 0; !found && weir__plan_hosted(service->plan, i, &stage); i++)
            found = strcmp(stage.id, n->text) == 0;
        if (!found)
            return weir_err_set(weir_errors_add(&service->errors), WEIR_EUSAGE,
                                "the program stands behind stage '%s', and no host.source or "
                                "host.sink has that id",
                                n->text);
    }
    for (uint32_t i = 0; weir__plan_hosted(service->plan, i, &stage); i++)
        if (!weir__job_stands_behind(&service->job, stage.id))
            return weir_err_set(weir_errors_add(&service->errors), WEIR_EUSAGE,
                                "nothing stands behind stage '%s': %s says what does", stage.id,
                                stage.is_source ? "weir_job_source" : "weir_job_sink");
    return 0;
}

static void say_channel(struct service *service, const struct hosted_stage *stage,
                        const struct weir_given *given)
{
    struct buf schema;
    uint64_t max_record = service->plan->blueprint.max_record;
    weir__buf_init(&schema);
    weir__schema_write(stage->schema, &schema);
    const struct wire_part parts[] = {{&stage->is_source, sizeof(stage->is_source)},
                                      {&max_record, sizeof(max_record)},
                                      {stage->id, strlen(stage->id) + 1},
                                      {schema.data, schema.len}};
    say(service, WIRE_CHANNEL, parts, 4, given->fd, CHANNEL_FDS);
    weir__buf_release(&schema);
}

static int open_channels(struct service *service)
{
    struct hosted_stage stage;
    struct weir_err err = {0};
    uint32_t count = 0;
    int code = check_ends(service);
    if (code < 0)
        return code;
    while (weir__plan_hosted(service->plan, count, &stage))
        count++;
    service->channel = calloc(count + 1, sizeof(*service->channel));
    service->given = calloc(count + 1, sizeof(*service->given));
    if (service->channel == NULL || service->given == NULL)
        return WEIR_EOS;
    for (uint32_t i = 0; weir__plan_hosted(service->plan, i, &stage); i++) {
        struct weir_given *given = &service->given[i];
        uint64_t frame =
            service->plan->blueprint.max_record + 64 + 24 * (uint64_t)stage.schema->columns;
        code = weir__channel_create(&service->channel[i], frame, &err);
        if (code < 0) {
            *weir_errors_add(&service->errors) = err;
            return code;
        }
        service->channels++;
        given->stage = stage.id;
        weir__channel_fds(&service->channel[i], given->fd);
        say_channel(service, &stage, given);
    }
    return 0;
}

/* ---- running ---- */

static int watch(struct service *service)
{
    struct epoll_event event = {.events = EPOLLIN};
    service->watched = epoll_create1(EPOLL_CLOEXEC);
    if (service->watched < 0 ||
        epoll_ctl(service->watched, EPOLL_CTL_ADD, service->socket, &event) < 0 ||
        epoll_ctl(service->watched, EPOLL_CTL_ADD, SUPERVISOR_HOST, &event) < 0)
        return weir_err_errno(weir_errors_add(&service->errors), WEIR_EOS,
                              "cannot watch the program");
    return 0;
}

static void say_end(const struct service *service, const struct weir_receipt *receipt,
                    const struct weir_err *err)
{
    struct buf flat;
    weir__buf_init(&flat);
    if (receipt != NULL)
        weir__receipt_flatten(receipt, &flat);
    const struct wire_part parts[] = {{err, sizeof(*err)}, {flat.data, flat.failed ? 0 : flat.len}};
    say(service, WIRE_END, parts, 2, NULL, 0);
    weir__buf_release(&flat);
}

static void run(struct service *service)
{
    struct weir_err err = {0};
    struct weir_receipt *receipt = NULL;
    const struct weir_supervise_options options = {
        .timeout_ms = service->job.timeout_ms,
        .on_progress = on_progress,
        .on_event = on_event,
        .interval_ms =
            service->job.progress_ms != 0 ? service->job.progress_ms : DEFAULT_PROGRESS_MS,
        .on_watched = on_watched,
        .watched_fd = service->watched,
        .context = service,
        .given = service->given,
        .given_count = service->channels,
    };
    if (weir_supervise(service->plan, &options, &receipt, &err) == 0)
        err.code = 0;
    say_end(service, receipt, &err);
    weir_receipt_free(receipt);
}

static void serve_job(struct service *service)
{
    int code = 0;
    end_with_program(service, true);
    if (service->job.start_method[0] != '\0')
        code = weir_process_set_start_method(service->job.start_method);
    if (code < 0)
        weir_err_set(weir_errors_add(&service->errors), code, "there is no start method '%s'",
                     service->job.start_method);
    if (code == 0)
        code = plan(service);
    if (code == 0 && service->job.wish == JOB_RUN) {
        end_with_program(service, false);
        code = watch(service);
        if (code == 0)
            code = open_channels(service);
    }
    if (code < 0)
        say_errors(service);
    else if (service->job.wish == JOB_RUN)
        run(service);
    else
        say_plan(service);
}

static int serve(void)
{
    struct service service = {.socket = SUPERVISOR_SOCKET, .watched = -1};
    fcntl(SUPERVISOR_SOCKET, F_SETFD, FD_CLOEXEC);
    fcntl(SUPERVISOR_HOST, F_SETFD, FD_CLOEXEC);
    weir__process_title("weir supervisor");
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like a full disk */
    say_text(&service, WIRE_HELLO, WEIR_VERSION);
    if (hear_job(&service)) {
        if (service.errors.count > 0)
            say_errors(&service);
        else
            serve_job(&service);
    }
    if (service.plan != NULL)
        weir_plan_free(service.plan);
    if (service.pipeline != NULL)
        weir_pipeline_free(service.pipeline);
    for (uint32_t i = 0; i < service.channels; i++)
        weir__channel_release(&service.channel[i]);
    free(service.channel);
    free(service.given);
    weir__job_read_release(&service.job);
    weir_errors_release(&service.errors);
    return 0;
}

void weir_worker_main(int argc, char **argv, const struct weir_stage_type *const *types,
                      const struct weir_function *const *functions)
{
    struct weir_err err;
    if (weir_register(types, &err) < 0 || weir_register(weir_host_types(), &err) < 0 ||
        (functions != NULL && weir_register_functions(functions, &err) < 0)) {
        fprintf(stderr, "weir: %s\n", err.text);
        exit(weir_err_exit_code(err.code));
    }
    weir_process_begin(argc, argv, NULL); /* does not return in a worker that was spawned */
    if (argc == 3 && strcmp(argv[1], SUPERVISOR_MARK) == 0 &&
        fcntl(SUPERVISOR_SOCKET, F_GETFD) >= 0)
        exit(serve());
    weir__launch_self();
}
