/*
 * Random graphs of toy stages, each run against a plain calculation: the same records, in the same
 * order where order is asked, and always an end.
 *
 * Every record tells where it has been: behind its number stands a letter for each stage that it
 * went through, and a quote behind that of a stage that it left by the port `other`. So records
 * that came the same way can be told, and those must have kept their order.
 */
#include <stdarg.h>

#include "engine/killer.h"
#include "merge.h"
#include "file/subset.h"
#include "unit/unit.h"

/* ---- a stage that adds its letter, and sends some records to its port `other` ---- */

struct mark {
    struct {
        uint64_t *entry;
        uint32_t capacity;
        struct weir_column column;
    } to[2];
    char *heap;
    size_t heap_capacity;
    unsigned seed;
};

static int mark_configure(struct weir_stage *stage)
{
    stage->self = calloc(1, sizeof(struct mark));
    return stage->self == NULL ? WEIR_EOS : 0;
}

static uint32_t mark_outputs(const struct weir_stage *stage, const char *const **ret)
{
    static const char *const name[] = {"other"};
    (void)stage;
    *ret = name;
    return 1;
}

static int mark_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    return weir_schema_copy(ret, stage->in);
}

/* Now and then it takes longer. */
static void dawdle(struct weir_stage *stage)
{
    struct mark *self = stage->self;
    int64_t delay = weir_option_number(stage, "delay");
    if (delay > 0 && rand_r(&self->seed) % 8 == 0)
        usleep((useconds_t)(rand_r(&self->seed) % delay));
}

static int mark_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                        struct weir_output *out)
{
    struct mark *self = stage->self;
    const char *letter = weir_option_string(stage, "letter");
    int64_t of = weir_option_number(stage, "other_of"), some = weir_option_number(stage, "some");
    uint32_t record = (uint32_t)*cursor, count[2] = {0, 0};
    size_t used = 0, room = in->column[0].heap_bytes + 3 * (size_t)in->records;
    dawdle(stage);
    self->heap = realloc(self->heap, room + 1);
    for (int i = 0; i < 2; i++)
        self->to[i].entry = realloc(self->to[i].entry, (in->records + 1u) * sizeof(uint64_t));
    for (; record < in->records && record - *cursor < (uint64_t)some; record++) {
        struct weir_value value = weir_value(&in->column[0], record);
        bool other = of > 0 && number_at(in, record) % of == 0;
        int n = sprintf(self->heap + used, "%.*s%s%s", (int)value.length, value.data, letter,
                        other ? "'" : "");
        self->to[other].entry[count[other]++] = weir_entry((uint32_t)used, (uint32_t)n);
        used += (size_t)n;
    }
    for (int i = 0; i < 2; i++) {
        self->to[i].column = (struct weir_column){self->to[i].entry, self->heap, (uint32_t)used};
        struct weir_batch *batch = i == 0 ? &out->batch : &out->other[0];
        *batch =
            (struct weir_batch){.records = count[i], .columns = 1, .column = &self->to[i].column};
    }
    *cursor = record == in->records ? UINT64_MAX : record;
    return 0;
}

static void mark_close(struct weir_stage *stage)
{
    struct mark *self = stage->self;
    if (self != NULL) {
        free(self->to[0].entry);
        free(self->to[1].entry);
        free(self->heap);
    }
    free(self);
    stage->self = NULL;
}

static const struct weir_option mark_options[] = {
    {"letter", WEIR_OPT_STRING, NULL, NULL, true, "what is added"},
    {"other_of", WEIR_OPT_COUNT, "0", NULL, false, "multiples of it go to the port"},
    {"some", WEIR_OPT_COUNT, "1000000", NULL, false, "how many it takes in one call"},
    {"delay", WEIR_OPT_COUNT, "0", NULL, false, "microseconds that it dawdles, at most"},
    {0}};

static const struct weir_stage_type mark = {.abi = WEIR_STAGE_ABI,
                                            .size = sizeof(struct weir_stage_type),
                                            .name = "test.mark",
                                            .summary = "adds a letter",
                                            .options = mark_options,
                                            .configure = mark_configure,
                                            .outputs = mark_outputs,
                                            .bind = mark_bind,
                                            .process = mark_process,
                                            .close = mark_close};

/* ---- numbers to one of several seats, by what they are; and a stage that notes its seat ---- */

enum { SPREAD_SEATS = 4, SPREAD_WAYS = 37 };

static bool spreads(const struct weir_stage *stage)
{
    return weir_workers(stage) > 1;
}

static uint32_t spread_outputs(const struct weir_stage *stage, const char *const **ret)
{
    static const char *const name[] = {"0", "1", "2", "3"};
    *ret = name;
    return weir_workers(stage);
}

static int spread_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                          struct weir_output *out)
{
    static struct subset subset[SPREAD_SEATS];
    uint32_t seats = weir_workers(stage);
    for (uint32_t i = 0; i < seats; i++)
        if (!weir__subset_begin(&subset[i], in))
            return WEIR_EOS;
    for (uint32_t record = 0; record < in->records; record++)
        weir__subset_add(&subset[number_at(in, record) % SPREAD_WAYS % seats], record);
    for (uint32_t i = 0; i < seats; i++)
        if (!weir__subset_batch(&subset[i], weir_output_needed(stage, i), &out->other[i]))
            return WEIR_EOS;
    *cursor = UINT64_MAX;
    return 0;
}

static const struct weir_stage_type spread_inner = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "test.spread.ways",
    .summary = "sends numbers to seats",
    .options = mark_options,
    .traits = WEIR_INNER | WEIR_ROUTES | WEIR_SPREADS,
    .wanted = spreads,
    .outputs = spread_outputs,
    .bind = mark_bind,
    .process = spread_process,
};

/* Adds the letter of its seat. */
static int note_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                        struct weir_output *out)
{
    struct mark *self = stage->self;
    size_t used = 0;
    dawdle(stage);
    self->heap = realloc(self->heap, in->column[0].heap_bytes + 2 * (size_t)in->records + 1);
    self->to[0].entry = realloc(self->to[0].entry, (in->records + 1u) * sizeof(uint64_t));
    for (uint32_t record = 0; record < in->records; record++) {
        struct weir_value value = weir_value(&in->column[0], record);
        int n = sprintf(self->heap + used, "%.*s%c", (int)value.length, value.data,
                        'a' + (int)weir_seat(stage));
        self->to[0].entry[record] = weir_entry((uint32_t)used, (uint32_t)n);
        used += (size_t)n;
    }
    self->to[0].column = (struct weir_column){self->to[0].entry, self->heap, (uint32_t)used};
    out->batch =
        (struct weir_batch){.records = in->records, .columns = 1, .column = &self->to[0].column};
    *cursor = UINT64_MAX;
    return 0;
}

static const struct weir_stage_type note_inner = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "test.spread.note",
    .summary = "notes its seat",
    .options = mark_options,
    .traits = WEIR_INNER | WEIR_ONE_SEAT,
    .configure = mark_configure,
    .bind = mark_bind,
    .process = note_process,
    .close = mark_close,
};

static const struct weir_stage_type *const spread_inners[] = {&spread_inner, &note_inner, NULL};

static const struct weir_stage_type spread = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "test.spread",
    .summary = "notes the seat that a number went to",
    .options = mark_options,
    .inner = spread_inners,
};

/* ---- the plain calculation ---- */

enum { STAGES = 20, SOURCES = 3, INPUTS = 3, LETTER_BITS = 5, QUOTE = 31 };

struct record {
    uint64_t way; /* letters and quotes, five bits each */
    uint64_t n;
    bool ordered; /* so far */
};

struct stream {
    struct record *record;
    size_t count;
    bool read;
};

enum kind { SOURCE, MARK, SINK };

struct node_of_graph {
    enum kind kind;
    uint64_t count, batch;         /* of a source */
    uint32_t workers, some, delay; /* of a mark */
    uint64_t other_of;
    bool unordered, isolate;
    struct {
        uint32_t stage;
        bool other;
    } input[INPUTS];
    uint32_t inputs;
    struct stream out, other; /* of a sink: what it must have collected */
};

static struct node_of_graph graph[STAGES];
static uint32_t stages;

static void append(struct stream *to, struct record record)
{
    if ((to->count & (to->count - 1)) == 0)
        to->record = realloc(to->record, (2 * to->count + 1) * sizeof(record));
    to->record[to->count++] = record;
}

static const struct stream *input_of(const struct node_of_graph *node, uint32_t i)
{
    const struct node_of_graph *from = &graph[node->input[i].stage];
    return node->input[i].other ? &from->other : &from->out;
}

static void calculate(uint32_t s)
{
    struct node_of_graph *node = &graph[s];
    for (uint64_t n = 0; node->kind == SOURCE && n < node->count; n++)
        append(&node->out, (struct record){.n = n, .way = s + 1, .ordered = true});
    for (uint32_t i = 0; i < node->inputs; i++) {
        const struct stream *in = input_of(node, i);
        for (size_t r = 0; r < in->count; r++) {
            struct record record = in->record[r];
            bool other = node->other_of > 0 && record.n % node->other_of == 0;
            record.ordered = record.ordered && !node->unordered;
            if (node->kind == MARK)
                record.way = record.way << LETTER_BITS | (s + 1);
            if (node->kind == MARK && other)
                record.way = record.way << LETTER_BITS | QUOTE;
            append(node->kind == MARK && other ? &node->other : &node->out, record);
        }
    }
}

/* ---- a random graph ---- */

static unsigned seed;

static uint32_t any(uint32_t below)
{
    return (uint32_t)rand_r(&seed) % below;
}

static bool reads_already(const struct node_of_graph *node, uint32_t stage, bool other)
{
    for (uint32_t i = 0; i < node->inputs; i++)
        if (node->input[i].stage == stage && node->input[i].other == other)
            return true;
    return false;
}

static void read_from(struct node_of_graph *node, uint32_t stage, bool other)
{
    if (node->inputs == INPUTS || reads_already(node, stage, other))
        return;
    node->input[node->inputs].stage = stage;
    node->input[node->inputs++].other = other;
    *(other ? &graph[stage].other.read : &graph[stage].out.read) = true;
}

/* What nobody reads yet is read first. */
static void choose_inputs(struct node_of_graph *node, uint32_t before)
{
    uint32_t wanted = any(3) > 0 ? 1 : 2 + any(2);
    for (uint32_t tries = 0; node->inputs < wanted && tries < 20; tries++) {
        uint32_t stage = any(before);
        bool has_other = graph[stage].kind == MARK && graph[stage].other_of > 0;
        if (graph[stage].kind == SINK || (graph[stage].out.read && any(3) > 0))
            continue;
        read_from(node, stage, has_other && any(2) == 0);
    }
    if (node->inputs == 0)
        read_from(node, 0, false);
}

static void draw_source(uint64_t most)
{
    static const uint32_t batches[] = {1, 3, 10, 100};
    graph[stages++] = (struct node_of_graph){.kind = SOURCE,
                                             .count = any(2) == 0 ? any(40) : any((uint32_t)most),
                                             .batch = batches[any(4)]};
}

static void draw_mark(void)
{
    static const uint32_t some[] = {1000000, 1000000, 7, 1};
    struct node_of_graph *node = &graph[stages++];
    *node = (struct node_of_graph){.kind = MARK,
                                   .workers = 1 + any(4),
                                   .some = some[any(4)],
                                   .delay = any(4) == 0 ? 300 : 0,
                                   .other_of = any(2) == 0 ? 0 : 1 + any(5),
                                   .unordered = any(6) == 0,
                                   .isolate = any(3) == 0};
    choose_inputs(node, stages - 1);
}

static void draw_sink(uint32_t stage, bool other)
{
    struct node_of_graph *node = &graph[stages++];
    *node = (struct node_of_graph){.kind = SINK};
    read_from(node, stage, other);
    if (any(4) == 0)
        choose_inputs(node, stages - 1);
}

static void draw_graph(uint64_t most)
{
    stages = 0;
    uint32_t sources = 1 + any(SOURCES), marks = 1 + any(5);
    for (uint32_t i = 0; i < sources; i++)
        draw_source(most);
    for (uint32_t i = 0; i < marks; i++)
        draw_mark();
    uint32_t makers = stages;
    for (uint32_t s = 0; s < makers; s++) {
        if (!graph[s].out.read)
            draw_sink(s, false);
        if (graph[s].other_of > 0 && !graph[s].other.read && any(2) == 0)
            draw_sink(s, true);
    }
    for (uint32_t s = 0; s < stages; s++)
        calculate(s);
}

static void release_graph(void)
{
    for (uint32_t s = 0; s < stages; s++) {
        free(graph[s].out.record);
        free(graph[s].other.record);
        graph[s] = (struct node_of_graph){0};
    }
}

/* ---- as a pipeline ---- */

static void sink_path(uint32_t s, char *to, size_t room)
{
    snprintf(to, room, "%s.%u", output, s);
}

static void option(struct graph_stage *stage, const char *name, const char *format, ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    weir__node_append(stage->with, name, weir__node_scalar(text));
}

static void describe(uint32_t s, struct graph_stage *stage)
{
    const struct node_of_graph *node = &graph[s];
    char path[160];
    if (node->kind == SOURCE) {
        stage->type = &numbers;
        option(stage, "count", "%" PRIu64, node->count);
        option(stage, "batch", "%" PRIu64, node->batch);
        option(stage, "letter", "%c", 'a' + (int)s);
    } else if (node->kind == MARK) {
        stage->type = &mark;
        option(stage, "letter", "%c", 'a' + (int)s);
        option(stage, "other_of", "%" PRIu64, node->other_of);
        option(stage, "some", "%u", node->some);
        option(stage, "delay", "%u", node->delay);
    } else {
        stage->type = &collect;
        sink_path(s, path, sizeof(path));
        option(stage, "path", "%s", path);
    }
}

static struct weir_pipeline *graph_pipeline(void)
{
    struct weir_pipeline *pipeline = make_pipeline(NULL, 0);
    pipeline->restarts = 1000; /* whoever is killed often had no time to get on */
    free(pipeline->stage);
    pipeline->stage = calloc(stages, sizeof(*pipeline->stage));
    for (uint32_t s = 0; s < stages; s++) {
        struct graph_stage *stage = &pipeline->stage[pipeline->stages++];
        const struct node_of_graph *node = &graph[s];
        struct weir_errors errors = {0};
        char id[16];
        snprintf(id, sizeof(id), "s%u", s);
        *stage = (struct graph_stage){.id = strdup(id),
                                      .with = weir__node_map(),
                                      .inputs = node->inputs,
                                      .workers = node->workers,
                                      .unordered = node->unordered,
                                      .isolate = node->isolate};
        describe(s, stage);
        for (uint32_t i = 0; i < node->inputs; i++)
            stage->input[i] =
                (struct graph_input){.stage = node->input[i].stage,
                                     .port = node->input[i].other ? strdup("other") : NULL};
        ck_assert_int_eq(
            weir__settings_read(stage->type->options, stage->with, &errors, &stage->settings), 0);
    }
    return pipeline;
}

/* ---- what was collected ---- */

static int by_way(const void *a, const void *b)
{
    const struct record *left = a, *right = b;
    if (left->way != right->way)
        return left->way < right->way ? -1 : 1;
    return left->n < right->n ? -1 : left->n > right->n;
}

static void sort(struct stream *stream)
{
    if (stream->count > 0)
        qsort(stream->record, stream->count, sizeof(struct record), by_way);
}

static struct record parse(const char *line)
{
    char *at;
    struct record record = {.n = strtoull(line, &at, 10)};
    for (; *at != '\0' && *at != '\n'; at++)
        record.way = record.way << LETTER_BITS | (uint64_t)(*at == '\'' ? QUOTE : *at - 'a' + 1);
    return record;
}

/* Of records that came one way each must be beyond the one before. The last of each way is found
 * among those seen, which are few ways. */
static void check_order(const struct stream *got, const struct stream *wanted, const char *what)
{
    struct record last[256];
    size_t ways = 0;
    for (size_t r = 0; r < got->count; r++) {
        const struct record *record = &got->record[r];
        size_t w = 0;
        while (w < ways && last[w].way != record->way)
            w++;
        if (w == ways) {
            ck_assert_uint_lt(ways, 256);
            const struct record *like = wanted->record;
            while (like->way != record->way)
                like++;
            last[ways++] =
                (struct record){.way = record->way, .n = record->n, .ordered = like->ordered};
            continue;
        }
        ck_assert_msg(!last[w].ordered || last[w].n < record->n,
                      "%s: %" PRIu64 " comes behind %" PRIu64, what, record->n, last[w].n);
        last[w].n = record->n;
    }
}

static void check_sink(uint32_t s, const char *what)
{
    struct stream got = {0}, *wanted = &graph[s].out;
    char path[160], line[160];
    sink_path(s, path, sizeof(path));
    FILE *file = fopen(path, "re");
    ck_assert_msg(file != NULL, "%s: no %s", what, path);
    while (fgets(line, sizeof(line), file) != NULL)
        append(&got, parse(line));
    fclose(file);
    unlink(path);
    ck_assert_msg(got.count == wanted->count, "%s: sink %u has %zu records, not %zu", what, s,
                  got.count, wanted->count);
    sort(wanted);
    check_order(&got, wanted, what);
    sort(&got);
    for (size_t r = 0; r < got.count; r++)
        ck_assert_msg(got.record[r].n == wanted->record[r].n &&
                          got.record[r].way == wanted->record[r].way,
                      "%s: sink %u: another record than %" PRIu64, what, s, wanted->record[r].n);
    free(got.record);
}

/* ---- the tests ---- */

/* WEIR_SHOW=1 prints each graph. */
static void show_graph(const char *what)
{
    static const char *const kinds[] = {"source", "mark", "sink"};
    printf("%s\n", what);
    for (uint32_t s = 0; s < stages; s++) {
        const struct node_of_graph *node = &graph[s];
        printf("  %u %s %u workers%s%s, other_of %" PRIu64 ", some %u, %" PRIu64 " x %" PRIu64
               ": %zu + %zu; reads",
               s, kinds[node->kind], node->workers, node->unordered ? ", unordered" : "",
               node->isolate ? ", isolated" : "", node->other_of, node->some, node->count,
               node->batch, node->out.count, node->other.count);
        for (uint32_t i = 0; i < node->inputs; i++)
            printf(" %u%s", node->input[i].stage, node->input[i].other ? ".other" : "");
        printf("\n");
    }
    fflush(stdout);
}

static void run_graph(unsigned number, uint64_t most, struct killer *killer)
{
    char what[40];
    struct weir_supervise_options options = {
        .timeout_ms = 120000, .interval_ms = 3, .context = killer};
    if (killer != NULL)
        options.on_progress = kill_somebody;
    seed = number;
    snprintf(what, sizeof(what), "graph %u", number);
    draw_graph(most);
    if (getenv("WEIR_SHOW") != NULL)
        show_graph(what);
    struct outcome outcome = run_to_end(graph_pipeline(), &options);
    ck_assert_msg(outcome.code == 0, "%s: %s", what, outcome.err.text);
    ck_assert_msg(outcome.receipt->balanced, "%s does not balance", what);
    for (uint32_t s = 0; s < stages; s++)
        if (graph[s].kind == SINK)
            check_sink(s, what);
    weir_receipt_free(outcome.receipt);
    release_graph();
}

enum { GRAPHS = 60, KILLED_GRAPHS = 15 };

START_TEST(test_random_graphs_do_what_they_should)
{
    for (unsigned number = 1; number <= soaked(GRAPHS); number++)
        run_graph(number, 2000, NULL);
}
END_TEST

START_TEST(test_killed_workers_change_nothing_in_a_graph)
{
    for (unsigned number = 1; number <= soaked(KILLED_GRAPHS); number++) {
        struct killer killer = {.seed = number};
        run_graph(100000 + number, 20000, &killer);
    }
}
END_TEST

/* Every number once, by the seat that it belongs to, and in order within that. */
static void check_spread(uint64_t count, uint32_t seats)
{
    char line[160];
    uint64_t last[SPREAD_SEATS] = {0}, seen = 0;
    FILE *file = fopen(output, "re");
    ck_assert_ptr_nonnull(file);
    for (; fgets(line, sizeof(line), file) != NULL; seen++) {
        char *at;
        uint64_t n = strtoull(line, &at, 10), seat = (uint64_t)(*at - 'a');
        ck_assert_uint_eq(seat, n % SPREAD_WAYS % seats);
        ck_assert(last[seat] <= n);
        last[seat] = n + 1;
    }
    ck_assert_uint_eq(seen, count);
    fclose(file);
}

START_TEST(test_what_belongs_together_goes_to_one_seat)
{
    for (unsigned round = 0; round < 12; round++) {
        uint32_t seats = 1 + round % SPREAD_SEATS;
        struct killer killer = {.seed = round + 1};
        struct weir_supervise_options options = {
            .timeout_ms = 120000, .interval_ms = 3, .context = &killer};
        if (round >= SPREAD_SEATS)
            options.on_progress = kill_somebody;
        const struct given given[] = {
            {&numbers,
             0,
             false,
             false,
             {"count", "60000", "batch", round % 2 == 0 ? "3000" : "40"}},
            {&pass, 3, round % 3 == 0, false, {"some", "700"}},
            {&spread, seats, false, false, {"letter", "x", "delay", "200"}},
            {&collect, 0, false, false, {"path", output}}};
        struct weir_pipeline *pipeline = make_pipeline(given, 4);
        pipeline->restarts = 1000;
        struct outcome outcome = run_to_end(pipeline, &options);
        ck_assert_msg(outcome.code == 0, "round %u: %s", round, outcome.err.text);
        ck_assert(outcome.receipt->balanced);
        check_spread(60000, seats);
        weir_receipt_free(outcome.receipt);
        unlink(output);
    }
}
END_TEST

int main(void)
{
    struct weir_err err = {0};
    static const struct weir_stage_type *const more[] = {&mark, &spread, &weir_merge, NULL};
    if (weir_register(types, &err) < 0 || weir_register(more, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    Suite *suite = suite_create("graph");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, make_folder, remove_folder);
    tcase_set_timeout(all, 900);
    tcase_add_test(all, test_random_graphs_do_what_they_should);
    tcase_add_test(all, test_killed_workers_change_nothing_in_a_graph);
    tcase_add_test(all, test_what_belongs_together_goes_to_one_seat);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
