/*
 * Seats on the machine of machine.h: small runs in every order of steps and with every old value
 * that C11 lets a load return. And the orders themselves: each that is needed is taken away, and
 * missed.
 */
#include "memory/seats.h"

/* shm */
#include "shm/wait.h"

enum { SEATS = 4 };

struct world {
    const char *name;
    struct chain_shape shape;
    struct work work;
    bool unordered; /* the sinks take whatever is there */
    uint32_t deaths;
    bool searched; /* else it is too large, and drawn by lot */
};

#define SHAPE(groups, slots, ...)                                                                  \
    {                                                                                              \
        groups, slots, 64, {__VA_ARGS__}, false, 0, CHAIN                                          \
    }
#define FORMED(form, groups, slots, ...)                                                           \
    {                                                                                              \
        groups, slots, 64, {__VA_ARGS__}, false, 0, form                                           \
    }

static const struct world worlds[] = {
    {.name = "pair",
     .shape = SHAPE(2, 1, 1, 1),
     .work = {.batches = 1, .words = 1},
     .searched = true},
    {.name = "large",
     .shape = SHAPE(2, 2, 1, 1),
     .work = {.batches = 1, .words = 1, .large = true},
     .searched = true},
    {.name = "enough",
     .shape = SHAPE(2, 1, 1, 1),
     .work = {.batches = 3, .words = 1, .enough = 1},
     .searched = true},
    {.name = "large area again",
     .shape = SHAPE(2, 2, 1, 1),
     .work = {.batches = 3, .words = 1, .large = true}},
    {.name = "two slots", .shape = SHAPE(2, 2, 1, 1), .work = {.batches = 3, .words = 1}},
    {.name = "parts",
     .shape = SHAPE(2, 1, 1, 1),
     .work = {.batches = 2, .words = 2, .parts_every = 1}},
    {.name = "verdict",
     .shape = SHAPE(2, 1, 1, 1),
     .work = {.batches = 1, .words = 1, .verdict = true}},
    {.name = "two sinks", .shape = SHAPE(2, 1, 1, 2), .work = {.batches = 2, .words = 1}},
    {.name = "two sinks, parts",
     .shape = SHAPE(2, 2, 1, 2),
     .work = {.batches = 3, .words = 2, .parts_every = 2}},
    {.name = "two sources", .shape = SHAPE(2, 1, 2, 2), .work = {.batches = 2, .words = 1}},
    {.name = "any order",
     .shape = SHAPE(2, 2, 1, 2),
     .work = {.batches = 2, .words = 1},
     .unordered = true},
    {.name = "splits",
     .shape = {2, 2, 64, {2, 1}, false, 3, CHAIN},
     .work = {.batches = 3, .words = 1}},
    {.name = "chain",
     .shape = SHAPE(3, 1, 1, 2, 1),
     .work = {.batches = 2, .words = 2, .parts_every = 2, .verdict = true}},
    {.name = "chain, deaths",
     .shape = SHAPE(3, 1, 1, 2, 1),
     .work = {.batches = 2, .words = 2, .parts_every = 2, .verdict = true},
     .deaths = 2},
    {.name = "enough, deaths",
     .shape = SHAPE(2, 1, 1, 1),
     .work = {.batches = 4, .words = 1, .enough = 2},
     .deaths = 2},
    {.name = "two readers",
     .shape = FORMED(BROADCAST, 3, 1, 1, 1, 1),
     .work = {.batches = 2, .words = 2, .parts_every = 2}},
    {.name = "two readers, one has enough",
     .shape = FORMED(BROADCAST, 3, 2, 1, 1, 1),
     .work = {.batches = 3, .words = 1, .enough = 1, .large = true},
     .deaths = 1},
    {.name = "two inputs",
     .shape = FORMED(MERGE, 3, 1, 1, 1, 1),
     .work = {.batches = 2, .words = 2, .parts_every = 1},
     .deaths = 1},
    {.name = "spread",
     .shape = FORMED(SPREAD, 2, 1, 1, 2),
     .work = {.batches = 2, .words = 2, .parts_every = 2, .verdict = true},
     .deaths = 2},
    {.name = "diamond",
     .shape = FORMED(DIAMOND, 4, 1, 1, 1, 1, 1),
     .work = {.batches = 2, .words = 2, .parts_every = 1, .verdict = true},
     .deaths = 2},
};

static const struct world *world;
static struct seat seats[SEATS + 1]; /* the supervisor sits behind them */
static bool sits[SEATS];
static uint64_t pokes_seen;

static _Noreturn void complain_of(const char *what)
{
    machine_complain(what);
}

static void about_to_read(const void *bytes)
{
    machine_reads(bytes);
}

static void about_to_write(const void *bytes)
{
    machine_writes(bytes);
}

/* ---- what a seat that waits goes on from ---- */

static uint32_t seats_of(const struct world *of)
{
    uint32_t n = 0;
    for (uint32_t g = 0; g < of->shape.groups; g++)
        n += of->shape.seats[g];
    return n;
}

static enum where waits_at[SEATS + 1];

static void about_to_wait(const struct seat *seat, enum where where)
{
    waits_at[seat - seats] = where;
    machine_waits();
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 31;
}

static uint64_t past(uint32_t who)
{
    const struct seat *seat = &seats[who];
    const struct ledger_copy *now = &seat->now;
    const struct done *done = (const struct done *)(const void *)now->state[0];
    uint64_t hash = mix(waits_at[who], pokes_seen);
    if (who == seats_of(world))
        return hash;
    const uint64_t all[] = {now->tail[0],
                            now->tail[1],
                            now->area[0],
                            now->number,
                            now->part[0],
                            now->input_done,
                            now->expects_part,
                            now->last,
                            now->done,
                            now->input_ring,
                            now->input_position,
                            seat->sequence,
                            seat->has_input,
                            seat->input.ring,
                            seat->input.position,
                            done->numbers,
                            done->words,
                            done->sum,
                            done->edge[0].in_hand,
                            done->edge[0].expected,
                            done->edge[1].in_hand,
                            done->edge[1].expected,
                            seat->turn,
                            seat->input_edge,
                            seat->out[0].secured,
                            seat->out[0].used,
                            seat->out[0].records,
                            seat->out[0].oversize,
                            seat->input.number.n,
                            seat->input.number.part,
                            seat->input.number.last};
    for (size_t i = 0; i < COUNT(all); i++)
        hash = mix(hash, all[i]);
    for (uint32_t edge = 0; edge < seat->edges; edge++)
        for (uint32_t r = 0; r < seat->edge[edge].producers; r++)
            hash = mix(hash, seat->ring[seat->edge[edge].first + r].head);
    return hash;
}

/* In place of the eventfd. A source reads no edge, so that its group's `next` is free. */
static struct word *poke_word(void)
{
    return &view_group(&chain.view, 0)->next[0].word;
}

static void poke_supervisor(void)
{
    weir__event_wake(poke_word());
}

static void await_poke(void)
{
    uint64_t pokes = word_load(poke_word(), STEP_EVENT_LOAD);
    if (pokes == pokes_seen)
        weir__event_sleep(poke_word(), pokes, -1);
    pokes_seen = pokes;
}

/* ---- one world ---- */

static void place_of(uint32_t who, uint32_t *ret_group, uint32_t *ret_seat)
{
    uint32_t group = 0;
    for (; who >= world->shape.seats[group]; group++)
        who -= world->shape.seats[group];
    *ret_group = group;
    *ret_seat = who;
}

static void sit(uint32_t who)
{
    uint32_t group, seat;
    place_of(who, &group, &seat);
    sit_down(&seats[who], group, seat);
    sits[who] = true;
}

/* Everybody has attached when a run begins: a beginning is what recovery is when nothing was done.
 */
static void prepare(void)
{
    memset(chain.view.segment.base, 0, chain.view.segment.bytes);
    pokes_seen = 0;
    for (uint32_t who = 0; who < seats_of(world); who++)
        sit(who);
}

static void play(uint32_t who)
{
    if (who == seats_of(world)) {
        supervise();
        return;
    }
    if (!sits[who])
        sit(who); /* it has died */
    sits[who] = false;
    work_in(&seats[who]);
}

static struct machine_world set_up(const struct world *of, const struct weakened *weakened)
{
    world = of;
    work = of->work;
    form = of->shape.form;
    chain_make(&chain, &of->shape);
    if (of->unordered)
        chain_unordered(&chain, of->shape.groups - 1);
    return (struct machine_world){.memory = chain.view.segment.base,
                                  .bytes = chain.view.segment.bytes,
                                  .prepare = prepare,
                                  .threads = seats_of(of) + of->work.verdict,
                                  .thread = play,
                                  .past = past,
                                  .ended = balances,
                                  .deaths = of->deaths,
                                  .mortals = seats_of(of),
                                  .weakened = weakened};
}

static void tear_down(void)
{
    for (uint32_t who = 0; who < SEATS; who++)
        weir__seat_release(&seats[who]);
    chain_release(&chain);
}

/* ---- the code as it is ---- */

enum { RUNS = 6000, MOST_RUNS = 400000 };

static struct machine_outcome run_world(const struct world *of, const struct weakened *weakened,
                                        uint64_t runs)
{
    struct machine_world on = set_up(of, weakened);
    struct machine_outcome outcome =
        of->searched ? machine_search(&on, MOST_RUNS) : machine_draw(&on, runs, 1);
    tear_down();
    return outcome;
}

START_TEST(test_every_order_of_steps_and_every_old_value_is_survived)
{
    struct machine_outcome outcome = run_world(&worlds[_i], NULL, soaked(RUNS));
    if (outcome.error != NULL)
        machine_tell();
    ck_assert_msg(outcome.error == NULL, "%s: %s", worlds[_i].name, outcome.error);
    ck_assert_msg(outcome.whole == worlds[_i].searched, "%s: not searched to the end",
                  worlds[_i].name);
}
END_TEST

/* ---- orders that are needed ---- */

/* Each is taken away, and missed in that world. docs/MEMORY_ORDER.md says why. */
static const struct {
    struct weakened what;
    const char *world;
} needed[] = {
    {{"look_for", STEP_TAIL_LOAD}, "pair"},
    {{"take_any", STEP_TAIL_LOAD}, "any order"},
    {{"weir__edge_take_part", STEP_TAIL_LOAD}, "parts"},
    {{"commit_tail", STEP_TAIL_PUBLISH}, "pair"},
    {{"look_for", STEP_NUMBER_LOAD}, "two sinks, parts"},
    {{"label", STEP_NUMBER_STORE}, "two sinks, parts"},
    {{"look_for", STEP_CLAIM_LOAD}, "chain"},
    {{"weir__ring_writable", STEP_CLAIM_LOAD}, "pair"},
    {{"weir__ring_released", STEP_CLAIM_LOAD}, "large area again"},
    {{"weir__ring_release", STEP_CLAIM_RELEASE}, "pair"},
    {{"weir__view_all_closed", STEP_CLOSED_LOAD}, "verdict"},
    {{"commit_tail", STEP_CLOSED_STORE}, "chain"},
    {{"weir__view_all_done", STEP_DONE_LOAD}, "enough"},
    {{"commit_tail", STEP_DONE_STORE}, "enough"},
    {{"wait_for", STEP_PARK_FENCE}, "pair"},
    {{"wake_group", STEP_WAKE_FENCE}, "pair"},
    {{"wake_owner", STEP_WAKE_FENCE}, "pair"},
    {{"weir__seat_hand_on", STEP_WAKE_FENCE}, "splits"},
};

enum { RUNS_TO_MISS = 60000 };

static const struct world *world_named(const char *name)
{
    for (size_t w = 0; w < COUNT(worlds); w++)
        if (strcmp(worlds[w].name, name) == 0)
            return &worlds[w];
    ck_abort_msg("no world %s", name);
}

START_TEST(test_an_order_that_is_taken_away_is_missed)
{
    struct machine_outcome outcome =
        run_world(world_named(needed[_i].world), &needed[_i].what, RUNS_TO_MISS);
    ck_assert_msg(outcome.error != NULL, "%s, %s: nothing goes wrong without it",
                  needed[_i].what.function, machine_step_name(needed[_i].what.step));
}
END_TEST

/* Takes each order of each step away in every world, and prints where it was missed. Takes long. */
START_TEST(test_table)
{
    for (size_t w = 0; w < COUNT(worlds); w++)
        run_world(&worlds[w], NULL, 300);
    const struct weakened *all;
    uint32_t n = machine_sites(&all);
    for (uint32_t i = 0; i < n; i++) {
        struct weakened one = all[i];
        printf("%-24s %-16s", one.function, machine_step_name(one.step));
        for (size_t w = 0; w < COUNT(worlds); w++) {
            struct machine_outcome outcome = run_world(&worlds[w], &one, soaked(RUNS));
            if (outcome.error != NULL)
                printf(" | %s: %s", worlds[w].name, outcome.error);
        }
        printf("\n");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("orders");
    TCase *all = tcase_create("all"), *table = tcase_create("table");
    tcase_set_timeout(all, 600);
    tcase_add_loop_test(all, test_every_order_of_steps_and_every_old_value_is_survived, 0,
                        (int)COUNT(worlds));
    tcase_add_loop_test(all, test_an_order_that_is_taken_away_is_missed, 0, (int)COUNT(needed));
    tcase_set_timeout(table, 0);
    tcase_add_test(table, test_table);
    suite_add_tcase(suite, getenv("WEIR_ORDERS_TABLE") == NULL ? all : table);
    return unit_run(suite);
}
