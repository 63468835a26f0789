/*
 * seats.h - seats without stages, for tests in which they are threads of one process: a source that
 * makes numbered batches of known words, groups that pass them on, a sink that checks that it gets
 * each once and in order. Whoever sits down again after a death goes on from the ledger.
 *
 * The test says what happens where something is wrong, and may look at every access of bytes that
 * seats share.
 */
#ifndef TEST_SEATS_H
#define TEST_SEATS_H

#include "unit/chain.h"

enum where { FOR_INPUT, FOR_HANDED, FOR_SLOTS, FOR_AREA, TO_POKE, FOR_VERDICT };

/* What the test that includes this has to define. */
static _Noreturn void complain_of(const char *what);
static void about_to_read(const void *bytes);
static void about_to_write(const void *bytes);
static void about_to_wait(const struct seat *seat, enum where where);
static void poke_supervisor(void);
static void await_poke(void);

static struct chain chain;
static enum chain_form form;

/* The work of a run. A number has 1 to `words` words. */
static struct work {
    uint64_t batches, words;
    uint64_t parts_every; /* every so many numbers one comes in two parts; 0: none */
    uint64_t enough;      /* the last sink wants no more after so many; 0: it wants all */
    bool large;           /* every record goes through the large area */
    bool verdict;         /* the sink waits for it at the end */
} work;

/* The state of a seat in its ledger. */
struct done {
    uint64_t numbers; /* whole ones, made or taken */
    uint64_t words;   /* in all */
    uint64_t sum;     /* of them */
    struct {
        uint64_t in_hand;  /* words of the number that is not whole yet */
        uint64_t expected; /* the lowest number that may come */
    } edge[2];
};

static struct done *done_by(struct seat *seat)
{
    return (struct done *)(void *)seat->now.state[0];
}

static uint64_t words_of(uint64_t n)
{
    return 1 + (n + 1) % work.words;
}

static uint64_t word_of(uint64_t n, uint64_t i)
{
    return (n * work.words + i + 1) * UINT64_C(0x9E3779B97F4A7C15);
}

static bool has_two_parts(uint64_t n)
{
    return work.parts_every > 0 && n % work.parts_every == 0 && words_of(n) > 1;
}

/* ---- slots ---- */

static void put(struct seat *seat, uint64_t word)
{
    struct outlet *out = &seat->out[0];
    if (out->used == 0)
        about_to_write(out->bytes);
    memcpy(out->bytes + out->used, &word, sizeof(word));
    out->used += (uint32_t)sizeof(word);
    out->records++;
}

/* The words in hand, in a buffer; returns how many. */
static uint32_t get(const struct seat *seat, uint64_t *words)
{
    const struct ring *ring = &seat->ring[seat->input.ring];
    const struct slot_facts *facts = &ring_slot(ring, seat->input.position)->facts;
    about_to_read(facts);
    uint32_t records = facts->records, bytes = facts->bytes;
    if (records > work.words || bytes != records * sizeof(uint64_t))
        complain_of("a slot's header is not what was written");
    if (records > 0) {
        const char *from = facts->oversize ? ring->area : ring_payload(ring, seat->input.position);
        about_to_read(from);
        memcpy(words, from, bytes);
    }
    return records;
}

static void secure(struct seat *seat)
{
    about_to_wait(seat, FOR_SLOTS);
    if (weir__seat_secure(seat) != SEAT_READY)
        complain_of("a wait for a slot ended otherwise");
    if (!work.large || seat->of->ports == 0)
        return;
    about_to_wait(seat, FOR_AREA);
    if (weir__seat_oversize(seat, 0) != SEAT_READY)
        complain_of("a wait for the large area ended otherwise");
}

static void commit(struct seat *seat, bool end_of_number)
{
    for (uint32_t port = 0; port < seat->of->ports; port++)
        if (seat->out[port].secured)
            about_to_write(&ring_slot(&seat->out[port].ring, seat->now.tail[port])->facts);
    about_to_write(&seat->words->copy[(seat->sequence + 1) & 1]);
    weir__seat_commit(seat, end_of_number);
}

/* ---- the three kinds of seats ---- */

static void finish(struct seat *seat, bool early)
{
    if (!early)
        secure(seat);
    seat->now.last = true;
    seat->now.done = early;
    if (seat->of->feeds > 0 && seat->of->ordered)
        seat->now.number = word_load(seat->edge[0].next, STEP_NEXT_LOAD) + seat->seat;
    for (uint32_t port = 0; early && port < seat->of->ports; port++)
        seat->out[port].secured = false;
    commit(seat, !early);
}

static void release_input(struct seat *seat)
{
    bool last = seat->input.number.last || !seat->of->ordered;
    seat->now.input_done = true;
    seat->now.input_ring = seat->input.ring;
    seat->now.input_position = seat->input.position;
    seat->now.expects_part = !last;
    commit(seat, last);
}

/* Several seats of a source share the numbers out, one by one. */
static void produce(struct seat *seat)
{
    struct done *done = done_by(seat);
    for (;;) {
        uint64_t n = done->numbers * seat->of->seats + seat->seat, words, from = 0;
        seat->now.number = n;
        if (n >= work.batches)
            break;
        words = words_of(n);
        if (weir__seat_look(seat) != SEAT_READY) {
            finish(seat, true);
            return;
        }
        secure(seat);
        if (has_two_parts(n)) {
            for (; from < words / 2; from++)
                if (seat->now.part[0] == 0)
                    put(seat, word_of(n, from));
            if (seat->now.part[0] == 0) {
                commit(seat, false);
                secure(seat);
            }
        }
        for (; from < words; from++)
            put(seat, word_of(n, from));
        done->numbers++;
        commit(seat, true);
    }
    seat->now.number = work.batches + seat->seat;
    finish(seat, false);
}

static enum seat_event take(struct seat *seat)
{
    about_to_wait(seat, FOR_INPUT);
    return seat->has_input ? SEAT_READY : weir__seat_take(seat);
}

/* Each split is a number. What it hands on is the next one's number. */
static void read_splits(struct seat *seat)
{
    uint64_t before;
    while (take(seat) == SEAT_READY && seat->input.number.n < seat->of->splits) {
        uint64_t n = seat->input.number.n;
        about_to_wait(seat, FOR_HANDED);
        if (weir__seat_receive(seat, &before) != SEAT_READY || before != n)
            complain_of("not what the split before has handed on");
        weir__seat_hand_on(seat, n + 1);
        seat->now.number = n;
        secure(seat);
        for (uint64_t i = 0; i < words_of(n); i++)
            put(seat, word_of(n, i));
        release_input(seat);
    }
    secure(seat);
    seat->now.last = true;
    seat->now.number = seat->input.number.n;
    release_input(seat);
}

/* How many groups have turned the bits over on the way to a sink. */
static uint32_t turns(void)
{
    switch (form) {
    case BROADCAST:
    case SPREAD:
    case MERGE: return 0;
    case DIAMOND: return 1;
    default: return chain.blueprint.groups - 2;
    }
}

static uint64_t turned(uint64_t word)
{
    return turns() % 2 == 0 ? word : ~word;
}

static void pass_on(struct seat *seat)
{
    uint64_t words[64];
    enum seat_event event;
    while ((event = take(seat)) == SEAT_READY) {
        uint32_t count = get(seat, words);
        if (seat->of->ordered)
            seat->now.number = seat->input.number.n;
        seat->now.expects_part = false;
        secure(seat);
        for (uint32_t i = 0; i < count; i++)
            put(seat, ~words[i]);
        release_input(seat);
    }
    finish(seat, event == SEAT_UNWANTED);
}

/* Where ports are spread all words go to the first; on the second one numbers pass empty. */
static uint64_t words_on(uint32_t edge, uint64_t n)
{
    return form == SPREAD && edge == 1 ? 0 : words_of(n);
}

/* What came is what was made: each group between has turned the bits over. */
static void check_input(struct seat *seat)
{
    uint64_t words[64], n = seat->input.number.n;
    struct done *done = done_by(seat);
    uint32_t count = get(seat, words), edge = seat->input_edge;
    bool last_group = seat->group + 1 == chain.blueprint.groups;
    if (seat->of->input[edge].ordered && n < done->edge[edge].expected)
        complain_of("a number came again, or late");
    for (uint32_t i = 0; i < count; i++) {
        if (turned(words[i]) != word_of(n, done->edge[edge].in_hand++))
            complain_of("a word is not what was written");
        done->words++;
        done->sum += words[i];
    }
    if (!seat->input.number.last)
        return;
    if (n < work.batches && done->edge[edge].in_hand != words_on(edge, n))
        complain_of("words of a number are missing");
    done->numbers++;
    done->edge[edge].in_hand = 0;
    done->edge[edge].expected = n + 1;
    seat->now.done = last_group && work.enough > 0 && n + 1 >= work.enough;
}

static void collect(struct seat *seat)
{
    enum seat_event event = SEAT_READY;
    while (!seat->now.done && (event = take(seat)) == SEAT_READY) {
        seat->now.expects_part = false;
        check_input(seat);
        release_input(seat);
    }
    finish(seat, event == SEAT_UNWANTED || seat->now.done);
}

static void sit_down(struct seat *seat, uint32_t group, uint32_t number)
{
    struct weir_err err;
    weir__seat_release(seat); /* of one that has died */
    if (weir__seat_attach(seat, &chain.view, group, number, &err) < 0)
        complain_of("cannot attach");
}

static void work_in(struct seat *seat)
{
    bool sink = !seat->of->has_main;
    if (!seat->now.last) {
        if (seat->of->splits > 0)
            read_splits(seat);
        else if (seat->of->feeds == 0)
            produce(seat);
        else
            sink ? collect(seat) : pass_on(seat);
    }
    if (!sink || !work.verdict)
        return;
    about_to_wait(seat, TO_POKE);
    poke_supervisor();
    about_to_wait(seat, FOR_VERDICT);
    if (weir__seat_await_verdict(seat) != RUN_PUBLISH)
        complain_of("not the verdict that was given");
}

/* ---- the supervisor's part ---- */

static bool all_closed(void)
{
    for (uint32_t g = 0; g < chain.blueprint.groups; g++)
        if (!weir__view_all_closed(&chain.view, g))
            return false;
    return true;
}

/* The books, when all is closed: whether everything that was made came once to a sink, from each of
 * its edges. */
static bool balances_at(uint32_t sink)
{
    uint64_t words = 0, sum = 0, edges = form == SPREAD ? 1 : chain.blueprint.group[sink].inputs;
    for (uint32_t seat = 0; seat < chain.blueprint.group[sink].seats; seat++) {
        const struct ledger_copy *ledger = weir__view_ledger(&chain.view, sink, seat);
        about_to_read(ledger);
        const struct done *done = (const struct done *)(const void *)ledger->state[0];
        words += done->words;
        sum += done->sum;
    }
    bool enough = work.enough > 0 && sink + 1 == chain.blueprint.groups;
    uint64_t made = 0, made_sum = 0, numbers = enough ? work.enough : work.batches;
    for (uint64_t n = 0; n < numbers; n++)
        for (uint64_t i = 0; i < words_of(n); i++, made++)
            made_sum += turned(word_of(n, i));
    return words == made * edges && sum == made_sum * edges;
}

static bool balances(void)
{
    for (uint32_t g = 0; g < chain.blueprint.groups; g++)
        if (!chain.blueprint.group[g].has_main && !balances_at(g))
            return false;
    return true;
}

static void decree(enum run_word verdict)
{
    word_store(&chain.view.words->run.word, verdict, STEP_RUN_STORE);
    word_fence(STEP_WAKE_FENCE);
    for (uint32_t g = 0; g < chain.blueprint.groups; g++)
        weir__view_wake_group(&chain.view, g);
}

static void supervise(void)
{
    while (!all_closed())
        await_poke();
    if (!balances())
        complain_of("something was lost, or came twice");
    decree(RUN_PUBLISH);
}

#endif
