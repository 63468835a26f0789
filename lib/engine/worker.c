#include "engine/worker.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* base */
#include "base/sanitizer.h"
/* proc */
#include "proc/process.h"
/* toolkit */
#include "toolkit/spawn.h"
/* engine */
#include "engine/crew.h"
#include "engine/sandbox.h"

struct worker {
    const struct worker_start *start;
    struct blueprint blueprint;
    struct run_view view;
    struct seat seat;
    struct crew crew;
};

/* ---- becoming a worker ---- */

/* Standard input belongs to sources and standard output to sinks; a stray print elsewhere must not
 * end up in data. */
static void own_standard_streams(const struct group *group)
{
    const struct member *last = &group->member[group->members - 1];
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return;
    if (group_takes(group))
        dup2(null, STDIN_FILENO);
    if ((last->type->traits & WEIR_SINK) == 0)
        dup2(STDERR_FILENO, STDOUT_FILENO);
    close(null);
}

static void set_title(const struct worker *worker)
{
    char group[96], title[256];
    weir__group_name(&worker->blueprint, worker->start->group, group, sizeof(group));
    snprintf(title, sizeof(title), "weir %s %s[%u]", worker->blueprint.name, group,
             worker->start->seat);
    weir__process_title(title);
    snprintf(title, sizeof(title), "%s[%u]", group, worker->start->seat);
    prctl(PR_SET_NAME, title);
}

static void set_limits(const struct worker *worker)
{
    struct rlimit no_core = {0, 0}, data = {worker->start->data_limit, worker->start->data_limit};
    if (data.rlim_cur > 0 && !ADDRESS_SANITIZER) /* its shadow memory would count */
        setrlimit(RLIMIT_DATA, &data);
    setrlimit(RLIMIT_CORE, &no_core);
}

static int become_worker(struct worker *worker, struct weir_err *err)
{
    const struct worker_start *start = worker->start;
    const struct run_words *words = (const struct run_words *)(void *)start->segment.base;
    if (words->magic != SEGMENT_MAGIC || words->version != SEGMENT_VERSION ||
        words->copy_bytes != sizeof(struct ledger_copy) || words->bytes != start->segment.bytes)
        return weir_err_set(err, WEIR_EINTERNAL, "the segment is not one of this version");
    if (start->words_fd >= 0)
        dup2(start->words_fd, STDERR_FILENO);
    int keep[3 + WEIR_GIVEN + GROUP_SEATS] = {start->poke_fd, start->head_fd, start->kept_fd};
    memcpy(&keep[3], start->given, sizeof(start->given));
    memcpy(&keep[3 + WEIR_GIVEN], start->kept_before, start->kept_befores * sizeof(*keep));
    weir__process_keep_only(keep, 3 + WEIR_GIVEN + start->kept_befores);
    weir__segment_keep_from_children(&start->segment);
    /* A copy: what is checked must stay as it is. */
    size_t room = start->segment.bytes - sizeof(*words), text_bytes = words->text_bytes;
    char *text =
        strndup(start->segment.base + sizeof(*words), text_bytes < room ? text_bytes : room);
    int code = text == NULL ? WEIR_EOS : WEIR_EINTERNAL;
    if (text != NULL && strlen(text) == text_bytes &&
        weir__blueprint_hash(text) == words->text_hash)
        code = weir__blueprint_read(text, &worker->blueprint);
    free(text);
    if (code < 0)
        return weir_err_set(err, code,
                            code == WEIR_EOS ? "no memory for the plan of the run"
                                             : "the plan of the run is damaged");
    weir__blueprint_layout(&worker->blueprint, text_bytes);
    if (worker->blueprint.segment_bytes != start->segment.bytes)
        return weir_err_set(err, WEIR_EINTERNAL, "the plan of the run is of another size");
    worker->view = (struct run_view){.segment = start->segment,
                                     .blueprint = &worker->blueprint,
                                     .words = (struct run_words *)(void *)start->segment.base};
    own_standard_streams(&worker->blueprint.group[start->group]);
    set_title(worker);
    set_limits(worker);
    return 0;
}

/* ---- working ---- */

/* Works until the seat's last transaction is committed. 0, CREW_DISCARD, or a negative code. */
static int work(struct worker *worker)
{
    struct seat *seat = &worker->seat;
    struct crew *crew = &worker->crew;
    int code = seat->now.enough ? WEIR_DONE : WEIR_MORE;
    enum seat_event event = SEAT_READY;
    while (code == WEIR_MORE) {
        if (group_takes(seat->of))
            event = seat->has_input ? SEAT_READY : weir__seat_take(seat);
        else
            event = weir__seat_look(seat);
        if (event == SEAT_DISCARD)
            return CREW_DISCARD;
        if (event != SEAT_READY)
            break;
        code = group_takes(seat->of) ? weir__crew_process(crew) : weir__crew_produce(crew);
    }
    if (code < 0 || code == CREW_DISCARD)
        return code;
    if (seat->now.enough && weir__seat_drop_parts(seat) == SEAT_DISCARD)
        return CREW_DISCARD;
    /* What has been added up is wanted, whatever has ended the input. */
    bool early = (event == SEAT_UNWANTED || seat->now.enough) && !weir__group_totals(seat->of);
    return weir__crew_finish(crew, early);
}

/* After the last transaction: a sink waits for the verdict on the whole run. */
static int conclude(struct worker *worker, bool discard)
{
    struct seat *seat = &worker->seat;
    uint64_t one = 1;
    if (!weir__group_publishes(seat->of))
        return 0;
    if (!discard) {
        if (write(worker->start->poke_fd, &one, sizeof(one)) < 0)
            one = 0; /* the supervisor looks a little later, by itself */
        discard = weir__seat_await_verdict(seat) == RUN_DISCARD;
    }
    return weir__crew_publish(&worker->crew, !discard);
}

/* A failure is left for the supervisor. If meanwhile nobody wants the output any more, it never was
 * one. */
static int withdraw_or_leave(struct worker *worker)
{
    enum seat_event event =
        weir__seat_fail(&worker->seat, &worker->crew.err, worker->start->poke_fd);
    int code = event == SEAT_UNWANTED ? weir__crew_abandon(&worker->crew) : CREW_DISCARD;
    return code == 0 ? weir__crew_finish(&worker->crew, true) : code;
}

int weir__worker_main(void *context)
{
    struct worker worker = {.start = context};
    const struct worker_start *start = context;
    if (become_worker(&worker, &worker.crew.err) < 0 ||
        weir__seat_attach(&worker.seat, &worker.view, start->group, start->seat, &worker.crew.err) <
            0) {
        fprintf(stderr, "%s\n", worker.crew.err.text);
        return worker.crew.err.code == WEIR_EOS ? CREW_NO_MEMORY : 70;
    }
    int code = 0;
    if (!worker.seat.now.last || weir__group_publishes(worker.seat.of))
        code = weir__crew_open(&worker.crew, &worker.seat, start);
    if (code == 0)
        code = weir__sandbox_enter(worker.seat.of->sandbox, &worker.crew.err);
    if (code == 0 && !worker.seat.now.last)
        code = work(&worker);
    if (code < 0)
        code = withdraw_or_leave(&worker);
    code = conclude(&worker, code != 0);
    if (code < 0) {
        withdraw_or_leave(&worker);
        weir__crew_publish(&worker.crew, false); /* removes what could not be published */
    }
    weir__crew_close(&worker.crew);
    weir__seat_release(&worker.seat);
    weir__blueprint_release(&worker.blueprint);
    return 0;
}

/* ---- by spawn and forkserver ---- */

enum { START_FDS = 5 + WEIR_GIVEN + GROUP_SEATS };

/* Where descriptors stand in it. */
static size_t list_fds(struct worker_start *start, int **list)
{
    int *own[] = {&start->segment.fd, &start->poke_fd, &start->head_fd, &start->kept_fd,
                  &start->words_fd};
    size_t count = 0;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        list[count++] = own[i];
    for (size_t i = 0; i < WEIR_GIVEN; i++)
        list[count++] = &start->given[i];
    for (size_t i = 0; i < start->kept_befores; i++)
        list[count++] = &start->kept_before[i];
    return count;
}

/* Its argument is a struct worker_start, in which a descriptor is a place among those given. */
static int begin(const struct weir_child *child)
{
    int *list[START_FDS];
    struct weir_err err;
    struct worker_start start;
    memcpy(&start, child->argument, sizeof(start));
    size_t count = list_fds(&start, list);
    for (size_t i = 0; i < count; i++)
        if (*list[i] >= 0)
            *list[i] = child->fds[*list[i]];
    weir__process_be_worker();
    if (weir__segment_attach(&start.segment, start.segment.fd, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return err.code == WEIR_EOS ? CREW_NO_MEMORY : 70;
    }
    _exit(weir__worker_main(&start)); /* as one that is forked */
}

static const struct weir_process_function functions[] = {{"weir-worker", begin}, {NULL, NULL}};

__attribute__((constructor)) static void register_functions(void)
{
    weir__functions_of_engine(functions);
}

int weir__worker_start(struct process *process, struct worker_start *start, struct weir_err *err)
{
    enum weir_start_method method = weir__start_method(WEIR_DEFAULT);
    if (method == WEIR_FORK)
        return weir__process_fork(process, weir__worker_main, start, err);
    int fds[START_FDS], *list[START_FDS];
    struct worker_start copy = *start;
    struct weir_child child = {
        .name = functions[0].name, .argument = &copy, .argument_bytes = sizeof(copy), .fds = fds};
    size_t count = list_fds(&copy, list);
    for (size_t i = 0; i < count; i++)
        if (*list[i] >= 0) {
            fds[child.fd_count] = *list[i];
            *list[i] = (int)child.fd_count++;
        }
    return weir__start_anew(process, method, begin, &child, err);
}
