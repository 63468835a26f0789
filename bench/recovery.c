/*
 * recovery.c - how long a killed worker's batch waits until it is worked on again.
 *
 *     recovery PIPELINE KILLS
 *
 * A run of numbered batches; workers spin over each for some milliseconds. A child of this program
 * picks a batch that is being worked on, kills its worker by SIGKILL, and waits until another
 * process has begun the same batch. Each batch is killed once. Prints the times from kill to
 * second beginning and where they went, and checks that the sink was given every batch once.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <weir/engine.h>

enum { BATCHES = 1 << 18, KILLS_MOST = 1000 };
#define MS          UINT64_C(1000000)
#define WORK_NS     (4 * MS)
#define YOUNG_NS    (1 * MS)    /* a batch so young is still in work when the signal arrives */
#define GIVE_UP_NS  (2000 * MS) /* no successor after so long */
#define PAUSE_LEAST (10 * MS)   /* between kills, so that every seat commits */
#define PAUSE_RANGE (10 * MS)

/* One worker's beginning of one batch. All times are CLOCK_MONOTONIC. */
struct turn {
    uint64_t configured, opened, began; /* the process: configure, open; the batch: process */
    _Atomic pid_t pid;                  /* written last */
};

struct batch {
    struct turn turn[2];
    atomic_uint begun, counted;
    atomic_bool finished, killed;
};

struct kill {
    uint64_t killed, noticed;
    const struct turn *turn;
};

/* Shared by all processes of the run; made before it. */
static struct table {
    atomic_bool enough; /* the killer is through: the source ends */
    _Atomic uint64_t made, noticed;
    struct kill kill[KILLS_MOST];
    unsigned kills, late, stuck;
    struct batch batch[BATCHES];
} * table;

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- the stages ---- */

static struct {
    uint64_t configured, opened;
} here; /* of this process */

static struct one {
    uint64_t entry;
    char text[24];
    struct weir_column column;
} one;

static int number_probe(struct weir_stage *stage, struct weir_probe *ret)
{
    (void)stage;
    return weir_schema_add(&ret->schema, "n", WEIR_INTEGER);
}

static int number_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    (void)stage;
    (void)ret;
    return 0;
}

static int number_produce(struct weir_stage *stage, struct weir_output *out)
{
    uint64_t *next = stage->state;
    if (table->enough || *next == BATCHES)
        return WEIR_DONE;
    int length = snprintf(one.text, sizeof(one.text), "%" PRIu64, (*next)++);
    one.entry = weir_entry(0, (uint32_t)length);
    one.column = (struct weir_column){&one.entry, one.text, (uint32_t)length};
    out->batch = (struct weir_batch){.records = 1, .columns = 1, .column = &one.column};
    table->made = *next;
    return WEIR_MORE;
}

static struct batch *batch_of(const struct weir_batch *in, uint32_t record)
{
    char text[24] = "";
    struct weir_value value = weir_value(&in->column[0], record);
    memcpy(text, value.data, value.length);
    return &table->batch[strtoull(text, NULL, 10)];
}

static int work_configure(struct weir_stage *stage)
{
    (void)stage;
    here.configured = now_ns();
    return 0;
}

static int work_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    return weir_schema_copy(ret, stage->in);
}

static int work_open(struct weir_stage *stage)
{
    (void)stage;
    here.opened = now_ns();
    return 0;
}

static int work_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                        struct weir_output *out)
{
    (void)stage;
    uint64_t began = now_ns();
    struct batch *batch = batch_of(in, 0);
    unsigned i = atomic_fetch_add(&batch->begun, 1);
    if (i < 2) {
        struct turn *turn = &batch->turn[i];
        turn->configured = here.configured;
        turn->opened = here.opened;
        turn->began = began;
        turn->pid = getpid();
    }
    while (now_ns() - began < WORK_NS)
        ;
    batch->finished = true;
    *cursor = UINT64_MAX;
    out->batch = *in;
    return 0;
}

static int count_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                         struct weir_output *out)
{
    (void)stage;
    (void)out;
    for (uint32_t record = 0; record < in->records; record++)
        batch_of(in, record)->counted++; /* nobody kills the sink */
    *cursor = UINT64_MAX;
    return 0;
}

static const struct weir_stage_type number = {.abi = WEIR_STAGE_ABI,
                                              .size = sizeof(struct weir_stage_type),
                                              .name = "recovery.number",
                                              .summary = "makes numbered batches",
                                              .traits = WEIR_SOURCE | WEIR_ONE_SEAT | WEIR_NO_FUSE,
                                              .state_bytes = 8,
                                              .probe = number_probe,
                                              .bind = number_bind,
                                              .produce = number_produce};

static const struct weir_stage_type work = {.abi = WEIR_STAGE_ABI,
                                            .size = sizeof(struct weir_stage_type),
                                            .name = "recovery.work",
                                            .summary = "spins",
                                            .configure = work_configure,
                                            .bind = work_bind,
                                            .open = work_open,
                                            .process = work_process};

static const struct weir_stage_type count = {.abi = WEIR_STAGE_ABI,
                                             .size = sizeof(struct weir_stage_type),
                                             .name = "recovery.count",
                                             .summary = "counts",
                                             .traits = WEIR_SINK | WEIR_ONE_SEAT | WEIR_NO_FUSE,
                                             .process = count_process};

static const struct weir_stage_type *const types[] = {&number, &work, &count, NULL};

/* ---- the killer ---- */

static void sleep_ns(uint64_t ns)
{
    nanosleep(&(struct timespec){.tv_nsec = (long)ns}, NULL);
}

static struct batch *pick(void)
{
    static uint64_t first; /* all before it are finished */
    uint64_t made = table->made;
    while (first < made && table->batch[first].finished)
        first++;
    for (uint64_t n = first; n < made; n++) {
        struct batch *batch = &table->batch[n];
        if (batch->turn[0].pid != 0 && batch->begun == 1 && !batch->killed && !batch->finished &&
            now_ns() - batch->turn[0].began < YOUNG_NS)
            return batch;
    }
    return NULL;
}

static void kill_one(struct batch *batch)
{
    const struct turn *again = &batch->turn[1];
    struct kill *entry = &table->kill[table->kills];
    batch->killed = true;
    entry->killed = now_ns();
    kill(batch->turn[0].pid, SIGKILL);
    while (again->pid == 0 && now_ns() - entry->killed < GIVE_UP_NS)
        sleep_ns(MS / 10);
    entry->noticed = table->noticed;
    entry->turn = again;
    if (again->pid != 0)
        table->kills++;
    else if (batch->finished)
        table->late++; /* it had just been done: nothing to recover */
    else
        table->stuck++;
}

static void run_killer(unsigned kills, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    srand(42);
    while (table->kills < kills && table->stuck == 0 && table->made < BATCHES) {
        struct batch *batch = pick();
        if (batch == NULL) {
            sleep_ns(MS / 10);
            continue;
        }
        kill_one(batch);
        sleep_ns(PAUSE_LEAST + (uint64_t)rand() % PAUSE_RANGE);
    }
    table->enough = true;
    _exit(EXIT_SUCCESS);
}

/* ---- the run ---- */

/* The supervisor tells of a death right before it forks the successor. */
static void on_event(const char *text, void *context)
{
    (void)text;
    (void)context;
    table->noticed = now_ns();
}

static int run(const char *path)
{
    const struct weir_supervise_options options = {.on_event = on_event};
    struct weir_pipeline *pipeline = NULL;
    struct weir_plan *plan = NULL;
    struct weir_receipt *receipt = NULL;
    struct weir_errors errors = {0};
    struct weir_err err = {0};
    if (weir_register(types, &err) < 0 ||
        weir_pipeline_load(path, &(struct weir_load_options){0}, &pipeline, &errors) < 0 ||
        weir_plan_make(pipeline, false, &plan, &errors) < 0) {
        fprintf(stderr, "recovery: %s cannot be loaded\n", path);
        return -1;
    }
    int code = weir_supervise(plan, &options, &receipt, &err);
    if (code < 0)
        fprintf(stderr, "recovery: %s\n", err.text);
    else if (!receipt->balanced)
        code = -1;
    weir_receipt_free(receipt);
    weir_plan_free(plan);
    weir_pipeline_free(pipeline);
    return code;
}

/* ---- figures ---- */

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* One line: what, median, 90th percentile, worst, in milliseconds. */
static void show(const char *what, uint64_t *ns)
{
    unsigned n = table->kills;
    qsort(ns, n, sizeof(*ns), compare);
    printf("%s\t%.2f\t%.2f\t%.2f\n", what, (double)ns[n / 2] / (double)MS,
           (double)ns[n * 9 / 10] / (double)MS, (double)ns[n - 1] / (double)MS);
}

static void show_all(void)
{
    static uint64_t whole[KILLS_MOST], part[4][KILLS_MOST];
    static const char *const name[4] = {"kill to notice", "notice to configure",
                                        "configure to open", "open to the batch"};
    for (unsigned i = 0; i < table->kills; i++) {
        const struct kill *k = &table->kill[i];
        const uint64_t at[5] = {k->killed, k->noticed, k->turn->configured, k->turn->opened,
                                k->turn->began};
        whole[i] = at[4] - at[0];
        for (int p = 0; p < 4; p++) /* a batch that another living worker took has no parts */
            part[p][i] = at[p + 1] > at[p] ? at[p + 1] - at[p] : 0;
    }
    show("kill to batch", whole);
    for (int p = 0; p < 4; p++)
        show(name[p], part[p]);
}

/* Whether the sink was given every batch once. */
static bool check_counts(void)
{
    uint64_t lost = 0, doubled = 0;
    for (uint64_t n = 0; n < table->made; n++) {
        lost += table->batch[n].counted == 0;
        doubled += table->batch[n].counted > 1;
    }
    printf("kills\t%u\t%u too late\t%u without a successor\n", table->kills, table->late,
           table->stuck);
    printf("batches\t%" PRIu64 "\t%" PRIu64 " lost\t%" PRIu64 " doubled\n", table->made, lost,
           doubled);
    return lost == 0 && doubled == 0 && table->stuck == 0;
}

int main(int argc, char **argv)
{
    unsigned kills = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    if (kills == 0 || kills > KILLS_MOST) {
        fprintf(stderr, "usage: recovery PIPELINE KILLS (at most %d)\n", KILLS_MOST);
        return 64;
    }
    table = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (table == MAP_FAILED) {
        perror("recovery");
        return 71;
    }
    pid_t parent = getpid(), killer = fork();
    if (killer < 0) {
        perror("recovery");
        return 71;
    }
    if (killer == 0)
        run_killer(kills, parent);
    int code = run(argv[1]);
    kill(killer, SIGKILL); /* it has ended already unless the run failed */
    waitpid(killer, NULL, 0);
    if (table->kills > 0)
        show_all();
    return check_counts() && code == 0 && table->kills == kills ? EXIT_SUCCESS : EXIT_FAILURE;
}
