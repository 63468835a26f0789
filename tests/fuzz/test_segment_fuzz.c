/*
 * Damaged shared memory. Seats of real pipelines work for a while and are cut off at any step; then
 * words and bytes of their segment are changed, and successors attach, recover and go on, and the
 * supervisor reads its figures. Whatever stands there, nobody reads or writes outside of the
 * segment, nobody goes round for ever, and nobody crashes: the work goes on, or ends with an error.
 *
 * The segment lies between two stretches of memory that nobody may touch. Everything happens in one
 * process; a seat that would wait is left there.
 *
 *     WEIR_FUZZ_ROUNDS    how many segments to damage (4000)
 *     WEIR_FUZZ_SEED      the first of them; what fails tells its seed
 */
#include <check.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "list.h"

/* config */
#include "config/loader.h"
/* engine */
#include "engine/crew.h"
#include "engine/failure.h"
#include "engine/plan.h"
#include "engine/stats.h"
#include "engine/worker.h"

#include "unit/unit.h"

enum {
    SLOTS = 2,
    SLOT_BYTES = 2048,
    MAX_RECORD = 3000,
    DAMAGED_A_WHILE = 16, /* segments from one image */
    STEPS_A_TURN = 20000,
    STEPS_A_COMMIT = 1000, /* nobody needs so many */
    SECONDS_A_ROUND = 20
};
#define PUBLISHED_BYTES sizeof(((struct seat_words *)0)->published)
#define FORBIDDEN       ((size_t)1 << 32) /* bytes on both sides: as far as a 32-bit number goes */

static char folder[] = "/tmp/weir-fuzz-XXXXXX";
static uint64_t seed, state;

/* ---- when something goes wrong ---- */

void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void tell_seed(void)
{
    char text[64];
    int n = snprintf(text, sizeof(text), "with WEIR_FUZZ_SEED=%" PRIu64 "\n", seed);
    (void)!write(STDERR_FILENO, text, (size_t)n);
}

static void on_signal(int number)
{
    tell_seed();
    signal(number, SIG_DFL);
    raise(number);
}

static void watch(void)
{
    signal(SIGALRM, on_signal); /* it goes round for ever */
    if (__sanitizer_set_death_callback != NULL)
        __sanitizer_set_death_callback(tell_seed);
    else
        signal(SIGSEGV, on_signal);
}

/* ---- seats that can be left anywhere ---- */

static sigjmp_buf out;
static bool playing;
static uint64_t steps_left, without_commit;
static uint64_t waits, deaths, errors, commits; /* all of them come up */

void weir__step_hook(enum step step)
{
    if (!playing)
        return;
    commits += step == STEP_SEQUENCE_COMMIT;
    without_commit = step == STEP_SEQUENCE_COMMIT ? 0 : without_commit + 1;
    if (without_commit > STEPS_A_COMMIT)
        on_signal(SIGABRT);
    if (step == STEP_PARK_FENCE) {
        waits++;
        siglongjmp(out, 1);
    }
    if (steps_left-- == 0) {
        deaths++;
        siglongjmp(out, 1);
    }
}

static struct blueprint *blueprint;
static struct run_view view;
static struct weir_plan *plan;

static void work(struct seat *seat, struct crew *crew)
{
    int code = seat->now.enough ? WEIR_DONE : WEIR_MORE;
    enum seat_event event = SEAT_READY;
    while (code == WEIR_MORE && event == SEAT_READY) {
        if (seat->of->feeds == 0)
            event = weir__seat_look(seat);
        else
            event = seat->has_input ? SEAT_READY : weir__seat_take(seat);
        if (event == SEAT_READY)
            code = seat->of->feeds == 0 ? weir__crew_produce(crew) : weir__crew_process(crew);
    }
    if (code >= 0 && code != CREW_DISCARD && event != SEAT_DISCARD)
        code = weir__crew_finish(crew, event == SEAT_UNWANTED || seat->now.enough);
    errors += code < 0;
}

/* What a worker does, until it would wait, or has done so many steps. */
static void turn(uint32_t group, uint32_t number, uint64_t steps)
{
    static struct seat seat;
    static struct crew crew;
    struct weir_err err;
    const struct worker_start start = {.head_fd = -1};
    crew = (struct crew){0};
    steps_left = steps;
    without_commit = 0;
    playing = true;
    if (sigsetjmp(out, 0) == 0) {
        if (weir__seat_attach(&seat, &view, group, number, &err) < 0)
            errors++;
        else if (!seat.now.last && weir__crew_open(&crew, &seat, &start) < 0)
            errors++;
        else if (!seat.now.last)
            work(&seat, &crew);
    }
    playing = false;
    weir__crew_close(&crew);
    weir__seat_release(&seat);
}

/* Everybody has a turn, from the source to the sink. */
static void turns_for_all(uint64_t most_steps)
{
    for (uint32_t g = 0; g < blueprint->groups; g++)
        for (uint32_t seat = 0; seat < blueprint->group[g].seats; seat++)
            turn(g, seat, random_below(&state, most_steps));
}

/* ---- the supervisor ---- */

static void read_figures(void)
{
    struct weir_receipt *receipt = weir__receipt_new(&view);
    ck_assert_ptr_nonnull(receipt);
    receipt->elapsed_ns = 1000;
    weir__receipt_read(receipt, &view);
    for (size_t s = 0; s < receipt->stages; s++)
        if (receipt->stage[s].published != NULL)
            ck_assert_uint_lt(strlen(receipt->stage[s].published), PUBLISHED_BYTES);
    ck_assert_int_eq(weir__receipt_own(receipt), 0);
    weir_receipt_free(receipt);
}

static void supervise(void)
{
    struct run_worker worker[16] = {0};
    struct run run = {.plan = plan, .view = view, .worker = worker};
    struct weir_err err = {0};
    for (uint32_t g = 0; g < blueprint->groups; g++)
        for (uint32_t seat = 0; seat < blueprint->group[g].seats; seat++)
            worker[run.workers++].start = (struct worker_start){.group = g, .seat = seat};
    if (weir__run_failure(&run, &err) != FAILURE_NONE) {
        ck_assert_uint_lt(strlen(err.text), sizeof(err.text));
        ck_assert_uint_lt(strlen(err.stage), sizeof(err.stage));
        errors++;
    }
    read_figures();
}

/* ---- damage ---- */

/* Places where something stands that is read back: a random byte of the segment is none, mostly. */
struct span {
    uint64_t from, bytes;
};
static struct span span[512];
static size_t spans;

static void add_span(const void *at, uint64_t bytes)
{
    ck_assert_uint_lt(spans, COUNT(span));
    span[spans++] = (struct span){(uint64_t)((const char *)at - view.segment.base), bytes};
}

static void add_seat(uint32_t group, uint32_t number)
{
    struct seat_words *words = view_seat(&view, group, number);
    add_span(&words->event, 8);
    add_span(&words->sequence, 8);
    add_span(&words->closed, 4 * sizeof(struct word));
    add_span(&words->err, sizeof(words->err));
    add_span(&words->published, sizeof(words->published));
    for (int c = 0; c < 2; c++) {
        struct ledger_copy *copy = &words->copy[c];
        add_span(copy, offsetof(struct ledger_copy, total));
        add_span(&copy->input_ring, 16);
        add_span(&copy->settled, 8);
        add_span(&copy->passed, sizeof(copy->passed));
        for (uint32_t m = 0; m < blueprint->group[group].members; m++)
            add_span(copy->state[m], 64);
    }
}

static void add_ring(uint32_t group, uint32_t number, uint32_t port)
{
    struct ring ring = weir__view_ring(&view, group, number, port);
    add_span(ring.tail, 8);
    for (uint32_t i = 0; i < ring.slots; i++) {
        add_span(&ring.slot[i].number, 8);
        add_span(&ring.slot[i].facts, sizeof(ring.slot[i].facts));
        add_span(&ring.slot[i].claim[0].word, 8);
        add_span(ring_payload(&ring, i), 16);
        add_span(ring_payload(&ring, i), ring.slot_bytes);
    }
}

static void find_spans(void)
{
    spans = 0;
    for (uint32_t g = 0; g < blueprint->groups; g++) {
        struct group_words *words = view_group(&view, g);
        add_span(&words->next, 8);
        add_span(&words->parked_in, 8);
        add_span(&words->parked_out, 8);
        for (uint32_t seat = 0; seat < blueprint->group[g].seats; seat++) {
            add_seat(g, seat);
            for (uint32_t p = 0; p < blueprint->group[g].ports; p++)
                add_ring(g, seat, p);
        }
    }
}

static uint64_t odd_number(uint64_t was)
{
    switch (random_below(&state, 8)) {
    case 0: return 0;
    case 1: return UINT64_MAX;
    case 2: return was + random_below(&state, 5) - 2;
    case 3: return was ^ UINT64_C(1) << random_below(&state, 64);
    case 4: return random_below(&state, 70);
    case 5: return UINT64_C(1) << random_below(&state, 64);
    case 6: return was << 32 | was >> 32;
    default: return random_next(&state);
    }
}

static void damage(void)
{
    static const uint64_t widths[] = {1, 4, 8};
    const struct span *at = &span[random_below(&state, spans)];
    uint64_t width = widths[random_below(&state, 3)], value = 0;
    char *to = view.segment.base + at->from + random_below(&state, at->bytes) / width * width;
    memcpy(&value, to, width);
    value = odd_number(value);
    memcpy(to, &value, width);
}

/* ---- pipelines ---- */

static const char *const texts[] = {
    "version: 1\n"
    "name: fuzz\n"
    "stages:\n"
    "  - type: csv.read\n"
    "    with: {path: in.csv, types: {n: integer}}\n"
    "  - type: transform\n"
    "    workers: 2\n"
    "    rejects: {path: bad.csv}\n"
    "    with: {where: \"n % 7 <> 0\", set: {m: \"n * 2\", t: \"upper(t)\"}}\n"
    "  - type: csv.write\n"
    "    with: {path: out.csv}\n",
    "version: 1\n"
    "name: fuzz\n"
    "stages:\n"
    "  - type: csv.read\n"
    "    with: {path: in.csv}\n"
    "  - type: transform\n"
    "    workers: 2\n"
    "    isolate: true\n"
    "    rejects: {path: bad.csv}\n"
    "    with: {set: {n: \"n::integer + 1\"}}\n"
    "  - type: csv.write\n"
    "    with: {path: out.csv}\n",
    "version: 1\n"
    "name: fuzz\n"
    "stages:\n"
    "  - type: lines.read\n"
    "    with: {path: in.csv}\n"
    "  - type: transform\n"
    "    workers: 2\n"
    "    isolate: true\n"
    "    with: {where: \"length(line) < 2500\"}\n"
    "  - type: lines.write\n"
    "    with: {path: out.txt}\n",
};

/* Rows of all lengths, some with more than a slot holds, some that are no numbers. */
static void write_input(void)
{
    FILE *file = fopen("in.csv", "w");
    ck_assert_ptr_nonnull(file);
    fputs("n,t\n", file);
    for (int row = 0; row < 400; row++)
        fprintf(file, row % 50 == 20 ? "x%d,\"%*d\"\n" : "%d,\"%*d\"\n", row,
                row % 90 == 7 ? 2600 : 1 + row % 30, row);
    ck_assert_int_eq(fclose(file), 0);
}

static void make_folder(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    write_input();
}

static void remove_folder(void)
{
    char command[64];
    snprintf(command, sizeof(command), "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* Small slots, so that a few batches go round all rings. */
static void make_plan(const char *text)
{
    struct weir_pipeline *pipeline = NULL;
    struct weir_errors found = {0};
    int code = weir_pipeline_parse("fuzz.yaml", text, strlen(text), NULL, &pipeline, &found);
    if (code == 0)
        code = weir_plan_make(pipeline, false, &plan, &found);
    ck_assert_msg(code == 0, "%s", found.count > 0 ? found.list[0].text : "");
    blueprint = &plan->blueprint;
    blueprint->slots = SLOTS;
    blueprint->slot_bytes = SLOT_BYTES;
    blueprint->max_record = MAX_RECORD;
    struct buf canonical;
    weir__buf_init(&canonical);
    weir__blueprint_write(blueprint, &canonical);
    free(plan->text);
    plan->text = weir__buf_detach(&canonical);
    weir__blueprint_layout(blueprint, strlen(plan->text));
    char *base = mmap(NULL, 2 * FORBIDDEN + blueprint->segment_bytes, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ck_assert_ptr_ne(base, MAP_FAILED);
    base += FORBIDDEN;
    ck_assert_int_eq(mprotect(base, blueprint->segment_bytes, PROT_READ | PROT_WRITE), 0);
    view = (struct run_view){.segment = {.fd = -1, .base = base, .bytes = blueprint->segment_bytes},
                             .blueprint = blueprint,
                             .words = (struct run_words *)(void *)base};
    find_spans();
}

static void release_plan(void)
{
    munmap(view.segment.base - FORBIDDEN, 2 * FORBIDDEN + view.segment.bytes);
    struct weir_pipeline *pipeline = plan->pipeline;
    weir_plan_free(plan);
    weir_pipeline_free(pipeline);
}

/* As the supervisor begins. */
static void begin_segment(void)
{
    memset(view.segment.base, 0, view.segment.bytes);
    *view.words = (struct run_words){.magic = SEGMENT_MAGIC,
                                     .version = SEGMENT_VERSION,
                                     .copy_bytes = sizeof(struct ledger_copy),
                                     .bytes = view.segment.bytes,
                                     .text_bytes = strlen(plan->text),
                                     .text_hash = weir__blueprint_hash(plan->text)};
    strcpy(view.segment.base + blueprint->text_offset, plan->text);
}

/* A run that has come somewhere. */
static void make_image(char *image)
{
    begin_segment();
    for (uint64_t round = 1 + random_below(&state, 3); round > 0; round--)
        turns_for_all(300);
    memcpy(image, view.segment.base, view.segment.bytes);
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void fuzz(const char *image)
{
    memcpy(view.segment.base, image, view.segment.bytes);
    for (uint64_t n = 1 + random_below(&state, 3); n > 0; n--)
        damage();
    supervise();
    turns_for_all(STEPS_A_TURN);
    turns_for_all(STEPS_A_TURN);
    supervise();
}

START_TEST(test_damaged_memory_makes_nobody_leave_the_segment_or_go_round_for_ever)
{
    uint64_t first = number_from("WEIR_FUZZ_SEED", 1),
             rounds = number_from("WEIR_FUZZ_ROUNDS", 4000);
    watch();
    make_plan(texts[_i]);
    char *image = malloc(view.segment.bytes);
    ck_assert_ptr_nonnull(image);
    /* An image belongs to its seed, and so does what is done to it. */
    for (seed = first; seed < first + rounds; seed++) {
        alarm(SECONDS_A_ROUND);
        uint64_t image_seed = seed / DAMAGED_A_WHILE;
        if (seed == first || seed % DAMAGED_A_WHILE == 0) {
            state = image_seed * 2 + 1;
            make_image(image);
        }
        state = seed * 0x9E3779B97F4A7C15 + 1;
        fuzz(image);
    }
    alarm(0);
    free(image);
    if (getenv("WEIR_FUZZ_SEED") == NULL) {
        ck_assert_uint_gt(waits, rounds);
        ck_assert_uint_gt(errors, 0);
        ck_assert_uint_gt(deaths, 0);
        ck_assert_uint_gt(commits, rounds / 2); /* fewer where there are fewer workers */
    }
    release_plan();
}
END_TEST

START_TEST(test_texts_without_an_end_are_ended)
{
    make_plan(texts[_i]);
    begin_segment();
    for (uint32_t g = 0; g < blueprint->groups; g++) {
        struct seat_words *words = view_seat(&view, g, 0);
        memset(&words->err, 'x', sizeof(words->err));
        memset(words->published, 'x', sizeof(words->published));
        words->copy[0].tail[0] = UINT64_MAX;
        words->failed.value = 1;
    }
    supervise();
    ck_assert_uint_eq(errors, 1);
    release_plan();
}
END_TEST

/* ---- the head of the segment, and the blueprint ---- */

/* The exit code of a worker that is to leave at its first look. */
static int worker_exit(void)
{
    struct worker_start start = {.segment = view.segment, .poke_fd = -1, .head_fd = -1};
    int status;
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        view.words->run.word.value = RUN_DISCARD;
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(1);
        _exit(weir__worker_main(&start));
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status), "a worker died of signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}

static void assert_refused(uint64_t byte)
{
    begin_segment();
    view.segment.base[byte] ^= (char)(1 << byte % 8);
    ck_assert_msg(worker_exit() == 70, "byte %" PRIu64, byte);
}

START_TEST(test_a_worker_refuses_a_damaged_head_or_blueprint)
{
    make_plan(texts[_i]);
    begin_segment();
    ck_assert_int_eq(worker_exit(), 0);
    for (uint64_t byte = 0; byte < offsetof(struct run_words, text_hash) + 8; byte++)
        assert_refused(byte);
    for (uint64_t byte = 0; byte < view.words->text_bytes; byte += 41)
        assert_refused(blueprint->text_offset + byte);
    release_plan();
}
END_TEST

int main(void)
{
    struct weir_err err = {0};
    if (weir_register(weir_builtin_types, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    Suite *suite = suite_create("segment_fuzz");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 0);
    tcase_add_checked_fixture(all, make_folder, remove_folder);
    tcase_add_loop_test(all,
                        test_damaged_memory_makes_nobody_leave_the_segment_or_go_round_for_ever, 0,
                        (int)COUNT(texts));
    tcase_add_loop_test(all, test_texts_without_an_end_are_ended, 0, (int)COUNT(texts));
    tcase_add_loop_test(all, test_a_worker_refuses_a_damaged_head_or_blueprint, 0,
                        (int)COUNT(texts));
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
