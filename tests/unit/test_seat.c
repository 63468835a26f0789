/*
 * Seats over a run's memory made by hand. The stages of these seats know nothing but numbers: a
 * source makes records 0, 1, 2, ..., the groups between pass them on in several outputs or none,
 * and a sink adds them up in its state. What must come out is known beforehand, wherever a process
 * is cut off.
 */
#include "engine/seat.h"

#include "unit/chain.h"
#include "unit/trace.h"

/* shm */
#include "shm/wait.h"

/* ---- seats that work on numbers ---- */

static void attach(struct seat *seat, struct chain *chain, uint32_t group, uint32_t number)
{
    struct weir_err err;
    if (weir__seat_attach(seat, &chain->view, group, number, &err) < 0)
        _exit(2);
}

/* One record goes into the secured slot, behind those that are there. */
static void put(struct seat *seat, uint64_t record)
{
    struct outlet *out = &seat->out[0];
    memcpy(out->bytes + out->used, &record, sizeof(record));
    out->used += (uint32_t)sizeof(record);
    out->records++;
}

static uint64_t get(const struct seat *seat, uint32_t i)
{
    const struct ring *ring = &seat->ring[seat->input.ring];
    uint64_t record;
    memcpy(&record, ring_payload(ring, seat->input.position) + i * sizeof(record), sizeof(record));
    return record;
}

static uint32_t records_in_hand(const struct seat *seat)
{
    const struct ring *ring = &seat->ring[seat->input.ring];
    return ring_slot(ring, seat->input.position)->facts.records;
}

static uint64_t *state_of(struct seat *seat)
{
    return (uint64_t *)(void *)seat->now.state[0];
}

/* A source's transaction: 1 to 3 records, in two parts if there are 3. Its state is the next
 * record. */
static bool make(struct seat *seat)
{
    uint64_t *next = state_of(seat), records = 1 + *next / 2 % 3;
    if (weir__seat_secure(seat) != SEAT_READY)
        return false;
    bool again = seat->now.part[0] > 0; /* the first part is committed */
    uint64_t from = again ? *next - 1 : *next;
    for (uint64_t i = 0; i < (again ? 2 : records); i++) {
        put(seat, from + i + (again ? 1 : 0));
        if (records == 3 && i == 0 && !again) {
            ++*next;
            weir__seat_commit(seat, false);
            return true;
        }
    }
    *next = from + (again ? 3 : records);
    weir__seat_commit(seat, true);
    return true;
}

/* The work of the groups between: drops multiples of 5 and adds one million, each record in an
 * output of its own. */
static bool pass(struct seat *seat)
{
    uint32_t records = records_in_hand(seat);
    seat->now.number = seat->of->ordered ? seat->input.number.n : seat->now.number;
    seat->now.expects_part = false;
    if (weir__seat_secure(seat) != SEAT_READY)
        return false;
    for (uint64_t *done = &seat->now.settled; *done < records; ++*done) {
        uint64_t record = get(seat, (uint32_t)*done);
        if (record % 5 == 0)
            continue;
        if (seat->out[0].used > 0) {
            weir__seat_commit(seat, false);
            if (weir__seat_secure(seat) != SEAT_READY)
                return false;
        }
        put(seat, record + 1000000);
    }
    return true;
}

/* The sink's state: how many records, the last one, and whether ever one was out of order. */
struct sum {
    uint64_t records, last, total, disorder;
};

static bool add_up(struct seat *seat)
{
    struct sum *sum = (struct sum *)(void *)seat->now.state[0];
    for (uint32_t i = 0; i < records_in_hand(seat); i++) {
        uint64_t record = get(seat, i);
        sum->disorder += sum->records > 0 && record <= sum->last;
        sum->last = record;
        sum->records++;
        sum->total += record;
    }
    return true;
}

/* What ends the work on an input, as the engine's crew does it. */
static void commit_input(struct seat *seat)
{
    bool last = seat->input.number.last || !seat->of->ordered;
    weir__seat_end_input(seat);
    seat->now.expects_part = !last;
    weir__seat_commit(seat, last);
}

static void finish(struct seat *seat, bool early)
{
    if (!early && weir__seat_secure(seat) != SEAT_READY)
        return;
    seat->now.last = true;
    seat->now.done = early;
    if (seat->of->feeds > 0 && seat->of->ordered)
        seat->now.number = word_load(seat->edge[0].next, STEP_NEXT_LOAD) + seat->seat;
    for (uint32_t port = 0; early && port < seat->of->ports; port++)
        seat->out[port].secured = false;
    weir__seat_commit(seat, !early);
}

static bool take_one(struct seat *seat)
{
    enum seat_event event = seat->has_input ? SEAT_READY : weir__seat_take(seat);
    if (event == SEAT_PILL || event == SEAT_UNWANTED)
        finish(seat, event == SEAT_UNWANTED);
    if (event != SEAT_READY)
        return false;
    if (!(seat->of->has_main ? pass(seat) : add_up(seat)))
        return false;
    commit_input(seat);
    return true;
}

/* ---- a run, killed at random ---- */

enum { KILLS = 60 };

static struct chain chain;

/* The source goes on as far as the gate; what it has made is the number of records in its state. */
static void source_main(struct crowd *crowd, struct seat *seat)
{
    for (;;) {
        bool over = crowd_is_over(crowd);
        uint64_t gate = word_load(&crowd->words->gate.word, STEPS);
        if (weir__seat_look(seat) != SEAT_READY) {
            finish(seat, true);
            return;
        }
        if (*state_of(seat) < gate || seat->now.part[0] > 0) {
            if (!make(seat))
                return;
        } else if (over) {
            break;
        } else {
            sched_yield();
        }
    }
    finish(seat, false);
}

static void seat_main(struct crowd *crowd, uint32_t who)
{
    uint32_t group = 0;
    for (; who >= chain.blueprint.group[group].seats; group++)
        who -= chain.blueprint.group[group].seats;
    struct seat seat;
    attach(&seat, &chain, group, who);
    if (seat.now.last)
        return;
    if (seat.of->feeds == 0)
        source_main(crowd, &seat);
    else
        while (take_one(&seat))
            ;
}

static const struct sum *sum_of(const struct chain *of)
{
    const struct ledger_copy *ledger = weir__view_ledger(&of->view, of->blueprint.groups - 1, 0);
    return (const struct sum *)(const void *)ledger->state[0];
}

static uint64_t made_by(const struct chain *of)
{
    return *(const uint64_t *)(const void *)weir__view_ledger(&of->view, 0, 0)->state[0];
}

/* What the sink must have got of `made` records through `layers` groups. */
static struct sum expected_sum(uint64_t made, uint64_t layers)
{
    struct sum sum = {0};
    for (uint64_t record = 0; record < made; record++) {
        /* a million is a multiple of 5: a record is dropped by the first group or by none */
        if (layers > 0 && record % 5 == 0)
            continue;
        sum.records++;
        sum.last = record + layers * 1000000;
        sum.total += sum.last;
    }
    return sum;
}

static void assert_sum(const struct chain *of, bool ordered)
{
    struct sum expected = expected_sum(made_by(of), of->blueprint.groups - 2);
    const struct sum *sum = sum_of(of);
    ck_assert_uint_eq(sum->records, expected.records);
    ck_assert_uint_eq(sum->total, expected.total);
    if (ordered) {
        ck_assert_uint_eq(sum->disorder, 0);
        ck_assert_uint_eq(sum->last, expected.last);
    }
    for (uint32_t g = 0; g < of->blueprint.groups; g++)
        ck_assert(weir__view_all_closed(&of->view, g));
}

static const struct chain_shape shapes[] = {
    {2, 1, 64, {1, 1}, false, 0, CHAIN},          {3, 1, 64, {1, 1, 1}, false, 0, CHAIN},
    {3, 1, 64, {1, 3, 1}, false, 0, CHAIN},       {3, 4, 64, {1, 4, 1}, false, 0, CHAIN},
    {4, 1, 64, {1, 2, 2, 1}, false, 0, CHAIN},    {4, 2, 64, {1, 3, 2, 1}, false, 0, CHAIN},
    {5, 3, 64, {1, 2, 3, 2, 1}, false, 0, CHAIN}, {3, 2, 64, {1, 1, 1}, true, 0, CHAIN},
};

static void run_chain(const struct chain_shape *shape, uint32_t kills, uint64_t seed)
{
    struct crowd crowd = {.member = seat_main, .seed = seed};
    chain_make(&chain, shape);
    for (uint32_t g = 0; g < shape->groups; g++)
        crowd.members += shape->seats[g];
    crowd_run(&crowd, kills);
    ck_assert_uint_ge(made_by(&chain), crowd_total(kills));
    assert_sum(&chain, true);
    chain_release(&chain);
}

START_TEST(test_a_run_passes_every_record_on_once_and_in_order)
{
    run_chain(&shapes[_i], 0, (uint64_t)_i + 1);
}
END_TEST

START_TEST(test_deaths_change_nothing)
{
    run_chain(&shapes[_i], KILLS, (uint64_t)_i + 1);
}
END_TEST

/* ---- a run, cut off behind each instruction ---- */

/*
 * A child is run instruction by instruction. What a death at that place would leave is the shared
 * memory as it is then: a copy of it is taken whenever it has changed, and worked to the end by
 * successors. */
static const struct chain_shape cut_shape = {3, 8, 64, {1, 1, 1}, false, 0, CHAIN};
enum { CUT_RECORDS = 7 };

/* Everything in this process, one seat after the other: nobody ever waits. */
static void work_to_the_end(struct chain *of, uint32_t group)
{
    struct seat seat;
    attach(&seat, of, group, 0);
    if (group == 0 && !seat.now.last) {
        while (*state_of(&seat) < CUT_RECORDS || seat.now.part[0] > 0)
            if (!make(&seat))
                break;
        finish(&seat, false);
    }
    while (group > 0 && !seat.now.last && take_one(&seat))
        ;
    weir__seat_release(&seat);
}

struct role {
    struct chain *chain;
    uint32_t group;
};

static void play(void *context)
{
    const struct role *role = context;
    work_to_the_end(role->chain, role->group);
}

/* Every successor dies once more, right behind its recovery: doing that twice must be doing it
 * once. */
static void recover(struct chain *of)
{
    for (uint32_t group = 0; group < of->blueprint.groups; group++) {
        struct seat seat;
        attach(&seat, of, group, 0);
        weir__seat_release(&seat);
        work_to_the_end(of, group);
    }
    assert_sum(of, true);
}

static void cut_everywhere(uint32_t group)
{
    chain_make(&chain, &cut_shape);
    struct chain after_death = chain;
    chain_map(&after_death);
    after_death.view.blueprint = &after_death.blueprint;
    for (uint32_t g = 0; g < group; g++)
        work_to_the_end(&chain, g);
    size_t bytes = chain.view.segment.bytes;
    char *seen = malloc(bytes);
    ck_assert_ptr_nonnull(seen);
    memcpy(seen, chain.view.segment.base, bytes);
    struct role role = {&chain, group};
    pid_t pid = trace_begin(play, &role);
    uint64_t deaths = 0;
    while (pid != 0 && trace_step(pid)) {
        if (memcmp(seen, chain.view.segment.base, bytes) == 0)
            continue;
        memcpy(seen, chain.view.segment.base, bytes);
        memcpy(after_death.view.segment.base, seen, bytes);
        recover(&after_death);
        deaths++;
    }
    if (pid != 0) {
        trace_end(pid);
        ck_assert_uint_gt(deaths, 5 * CUT_RECORDS);
    }
    free(seen);
    recover(&chain);
    munmap(after_death.view.segment.base, bytes);
    chain_release(&chain);
}

START_TEST(test_a_seat_cut_off_behind_any_instruction_is_replaced_exactly)
{
    cut_everywhere((uint32_t)_i);
}
END_TEST

/* ---- single steps ---- */

static const struct chain_shape pair = {2, 2, 64, {1, 1}, false, 0, CHAIN};

static void release_all(struct seat *source, struct seat *sink)
{
    weir__seat_release(source);
    weir__seat_release(sink);
    chain_release(&chain);
}

static void publish_one(struct seat *source, uint64_t record)
{
    ck_assert_int_eq(weir__seat_secure(source), SEAT_READY);
    put(source, record);
    weir__seat_commit(source, true);
}

START_TEST(test_what_is_not_committed_is_not_seen)
{
    chain_make(&chain, &pair);
    struct seat source, sink;
    attach(&source, &chain, 0, 0);
    attach(&sink, &chain, 1, 0);
    ck_assert_int_eq(weir__seat_secure(&source), SEAT_READY);
    put(&source, 7);
    ck_assert(!weir__edge_has_more(&sink.edge[0]));
    weir__seat_commit(&source, true);
    ck_assert_int_eq(weir__seat_take(&sink), SEAT_READY);
    ck_assert_uint_eq(get(&sink, 0), 7);
    ck_assert(sink.input.number.last);
    release_all(&source, &sink);
}
END_TEST

START_TEST(test_a_number_that_comes_to_nothing_still_passes)
{
    chain_make(&chain, &pair);
    struct seat source, sink;
    attach(&source, &chain, 0, 0);
    attach(&sink, &chain, 1, 0);
    ck_assert_int_eq(weir__seat_secure(&source), SEAT_READY);
    weir__seat_commit(&source, true);
    ck_assert_int_eq(weir__seat_take(&sink), SEAT_READY);
    ck_assert_uint_eq(sink.input.number.n, 0);
    ck_assert_uint_eq(records_in_hand(&sink), 0);
    release_all(&source, &sink);
}
END_TEST

START_TEST(test_the_pill_comes_when_all_is_closed_and_taken_and_not_before)
{
    chain_make(&chain, &pair);
    struct seat source, sink;
    attach(&source, &chain, 0, 0);
    attach(&sink, &chain, 1, 0);
    publish_one(&source, 1);
    finish(&source, false);
    for (uint64_t n = 0; n < 2; n++) {
        ck_assert_int_eq(weir__seat_take(&sink), SEAT_READY);
        ck_assert_uint_eq(sink.input.number.n, n);
        commit_input(&sink);
    }
    ck_assert_int_eq(weir__seat_take(&sink), SEAT_PILL);
    release_all(&source, &sink);
}
END_TEST

START_TEST(test_a_seat_whose_readers_are_done_is_unwanted_and_waits_for_nothing)
{
    chain_make(&chain, &pair);
    struct seat source, sink;
    attach(&source, &chain, 0, 0);
    attach(&sink, &chain, 1, 0);
    publish_one(&source, 1);
    publish_one(&source, 2);
    ck_assert_int_eq(weir__seat_look(&source), SEAT_READY);
    finish(&sink, true);
    ck_assert_int_eq(weir__seat_look(&source), SEAT_UNWANTED);
    ck_assert_int_eq(weir__seat_secure(&source),
                     SEAT_READY); /* the ring is full: it does not count */
    finish(&source, true);
    ck_assert(weir__view_all_closed(&chain.view, 0));
    ck_assert(weir__view_all_done(&chain.view, 0));
    release_all(&source, &sink);
}
END_TEST

START_TEST(test_a_discarded_run_ends_every_wait)
{
    chain_make(&chain, &pair);
    struct seat source, sink;
    attach(&source, &chain, 0, 0);
    attach(&sink, &chain, 1, 0);
    word_store(&chain.view.words->run.word, RUN_DISCARD, STEP_RUN_STORE);
    ck_assert_int_eq(weir__seat_look(&source), SEAT_DISCARD);
    ck_assert_int_eq(weir__seat_secure(&source), SEAT_DISCARD);
    ck_assert_int_eq(weir__seat_take(&sink), SEAT_DISCARD);
    ck_assert_int_eq(weir__seat_await_verdict(&sink), RUN_DISCARD);
    word_store(&chain.view.words->run.word, RUN_PUBLISH, STEP_RUN_STORE);
    ck_assert_int_eq(weir__seat_await_verdict(&sink), RUN_PUBLISH);
    word_store(&chain.view.words->run.word, RUN_DRAIN, STEP_RUN_STORE);
    ck_assert_int_eq(weir__seat_look(&source), SEAT_UNWANTED);
    release_all(&source, &sink);
}
END_TEST

START_TEST(test_a_failure_is_left_with_its_number_and_withdrawn_when_nobody_wants_the_output)
{
    int poked[2];
    struct weir_err err = {0};
    chain_make(&chain, &pair);
    ck_assert_int_eq(pipe(poked), 0);
    struct seat source, sink;
    attach(&source, &chain, 0, 0);
    attach(&sink, &chain, 1, 0);
    publish_one(&source, 1);
    weir_err_set(&err, WEIR_EDATA, "it broke");
    word_store(&chain.view.words->run.word, RUN_DISCARD, STEP_RUN_STORE);
    ck_assert_int_eq(weir__seat_fail(&source, &err, poked[1]), SEAT_DISCARD);
    ck_assert_uint_eq(source.words->failed.value, 2); /* number 1, plus one */
    ck_assert_str_eq(source.words->err.text, "it broke");
    uint64_t one = 0;
    ck_assert_int_eq(read(poked[0], &one, sizeof(one)), sizeof(one));
    word_store(&chain.view.words->run.word, RUN_GO, STEP_RUN_STORE);
    finish(&sink, true);
    ck_assert_int_eq(weir__seat_fail(&source, &err, poked[1]), SEAT_UNWANTED);
    ck_assert_uint_eq(source.words->failed.value, 0);
    close(poked[0]);
    close(poked[1]);
    release_all(&source, &sink);
}
END_TEST

/* ---- the large area ---- */

enum { LARGE = 1024 }; /* more than a slot, less than the area, which has whole pages */

static void publish_large(struct seat *source, char what)
{
    weir__seat_secure(source);
    if (weir__seat_oversize(source, 0) != SEAT_READY || source->out[0].capacity < LARGE)
        _exit(4);
    memset(source->out[0].bytes, what, LARGE);
    source->out[0].used = LARGE;
    source->out[0].records = 1;
    weir__seat_commit(source, true);
}

/* A second large record, by the same process or by its successor, must wait until the first is
 * released. */
START_TEST(test_a_large_record_stays_until_it_is_released)
{
    static const struct chain_shape large = {2, 4, LARGE / 2, {1, 1}, false, 0, CHAIN};
    chain_make(&chain, &large);
    struct seat source, sink;
    attach(&source, &chain, 0, 0);
    attach(&sink, &chain, 1, 0);
    publish_large(&source, 'a');
    ck_assert_int_eq(weir__seat_take(&sink), SEAT_READY);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (_i == 1)
            attach(&source, &chain, 0, 0);
        publish_large(&source, 'b');
        _exit(0);
    }
    int status = 0, ended = 0;
    while (ended == 0 && source.group_words->parked_out.word.value == 0)
        ended = waitpid(pid, &status, WNOHANG);
    const struct slot_facts *facts = &ring_slot(&sink.ring[0], 0)->facts;
    ck_assert_uint_eq(facts->oversize, 1);
    ck_assert_uint_eq(facts->bytes, LARGE);
    for (int i = 0; i < LARGE; i++)
        ck_assert_msg(sink.ring[0].area[i] == 'a', "overwritten while it was held");
    commit_input(&sink);
    if (ended == 0)
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(weir__seat_take(&sink), SEAT_READY);
    ck_assert_int_eq(sink.ring[0].area[0], 'b');
    release_all(&source, &sink);
}
END_TEST

/* ---- splits ---- */

enum { FEW_SPLITS = 3 };

/* Two seats that read splits, before a sink. */
static void make_splits(struct chain *readers, struct seat *seat)
{
    chain_make(readers, &(struct chain_shape){2, 4, 64, {2, 1}, false, 0, CHAIN});
    munmap(readers->view.segment.base, readers->view.segment.bytes);
    readers->blueprint.group[0].splits = FEW_SPLITS;
    weir__blueprint_layout(&readers->blueprint, 0);
    chain_map(readers);
    attach(&seat[0], readers, 0, 0);
    attach(&seat[1], readers, 0, 1);
}

static void release_splits(struct chain *readers, struct seat *seat)
{
    weir__seat_release(&seat[0]);
    weir__seat_release(&seat[1]);
    chain_release(readers);
}

START_TEST(test_a_split_receives_what_the_one_before_it_hands_on)
{
    struct chain readers;
    struct seat seat[2];
    uint64_t word;
    make_splits(&readers, seat);
    for (uint32_t n = 0; n < FEW_SPLITS; n++) {
        struct seat *reader = &seat[n % 2];
        ck_assert_int_eq(weir__seat_take(reader), SEAT_READY);
        ck_assert_uint_eq(reader->input.number.n, n);
        ck_assert_int_eq(weir__seat_receive(reader, &word), SEAT_READY);
        ck_assert_uint_eq(word, n * 7);
        weir__seat_hand_on(reader, (n + 1) * 7);
        weir__seat_end_input(reader);
        weir__seat_commit(reader, true);
    }
    /* behind them there is an end for each seat */
    ck_assert_int_eq(weir__seat_take(&seat[0]), SEAT_READY);
    ck_assert_uint_eq(seat[0].input.number.n, FEW_SPLITS);
    ck_assert_int_eq(weir__seat_take(&seat[1]), SEAT_READY);
    ck_assert_uint_eq(seat[1].input.number.n, FEW_SPLITS + 1);
    release_splits(&readers, seat);
}
END_TEST

START_TEST(test_a_split_stays_unread_when_the_run_drains_unless_it_has_handed_on)
{
    struct chain readers;
    struct seat seat[2];
    uint64_t word;
    make_splits(&readers, seat);
    ck_assert_int_eq(weir__seat_take(&seat[0]), SEAT_READY);
    ck_assert_int_eq(weir__seat_take(&seat[1]), SEAT_READY);
    weir__seat_hand_on(&seat[0], 7);
    weir__seat_release(&seat[0]); /* it dies, and its successor is the one to see the run drain */
    attach(&seat[0], &readers, 0, 0);
    ck_assert(seat[0].has_input);
    word_store(&readers.view.words->run.word, RUN_DRAIN, STEP_RUN_STORE);
    ck_assert_int_eq(weir__seat_receive(&seat[0], &word), SEAT_READY);
    ck_assert_int_eq(weir__seat_receive(&seat[1], &word), SEAT_PILL);
    word_store(&readers.view.words->run.word, RUN_DISCARD, STEP_RUN_STORE);
    ck_assert_int_eq(weir__seat_receive(&seat[0], &word), SEAT_DISCARD);
    release_splits(&readers, seat);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("seat");
    TCase *steps = tcase_create("steps"), *crowd = tcase_create("crowd"),
          *cut = tcase_create("cut");
    tcase_add_test(steps, test_what_is_not_committed_is_not_seen);
    tcase_add_test(steps, test_a_number_that_comes_to_nothing_still_passes);
    tcase_add_test(steps, test_the_pill_comes_when_all_is_closed_and_taken_and_not_before);
    tcase_add_test(steps, test_a_seat_whose_readers_are_done_is_unwanted_and_waits_for_nothing);
    tcase_add_test(steps, test_a_discarded_run_ends_every_wait);
    tcase_add_test(steps, test_a_split_receives_what_the_one_before_it_hands_on);
    tcase_add_test(steps, test_a_split_stays_unread_when_the_run_drains_unless_it_has_handed_on);
    tcase_add_test(
        steps, test_a_failure_is_left_with_its_number_and_withdrawn_when_nobody_wants_the_output);
    tcase_add_loop_test(steps, test_a_large_record_stays_until_it_is_released, 0, 2);
    tcase_set_timeout(crowd, 120);
    tcase_add_loop_test(crowd, test_a_run_passes_every_record_on_once_and_in_order, 0,
                        (int)COUNT(shapes));
    tcase_add_loop_test(crowd, test_deaths_change_nothing, 0, (int)COUNT(shapes));
    tcase_set_timeout(cut, 120);
    tcase_add_loop_test(cut, test_a_seat_cut_off_behind_any_instruction_is_replaced_exactly, 0,
                        (int)cut_shape.groups);
    suite_add_tcase(suite, steps);
    suite_add_tcase(suite, crowd);
    suite_add_tcase(suite, cut);
    return unit_run(suite);
}
