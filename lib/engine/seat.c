#include "engine/seat.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* base */
#include "base/clock.h"
/* shm */
#include "shm/wait.h"

/* ---- waking others ---- */

/* Wakes one seat of those whose bits are among `bits`. The caller's fence stands before. */
static void wake_one(struct seat *seat, uint32_t group, struct word *parked, uint64_t bits)
{
    /* A bit of no seat is damage, and no place to wake at. */
    bits &= UINT64_MAX >> (64 - seat->view->blueprint->group[group].seats);
    for (;;) {
        uint64_t waiting = word_load(parked, STEP_PARK_LOOK) & bits;
        if (waiting == 0)
            return;
        uint64_t bit = waiting & -waiting;
        if ((weir__word_clear(parked, bit, STEP_PARK_CLEAR) & bit) == 0)
            continue; /* somebody else wakes that one: look again */
        uint32_t index = (uint32_t)__builtin_ctzll(bit);
        weir__event_wake(&view_seat(seat->view, group, index)->event.word);
        return;
    }
}

/* One seat of the group, which looks for input; or all of them. */
static void wake_group(struct seat *seat, uint32_t group, bool all)
{
    word_fence(STEP_WAKE_FENCE);
    if (all)
        weir__view_wake_group(seat->view, group);
    else
        wake_one(seat, group, &view_group(seat->view, group)->parked_in.word, UINT64_MAX);
}

static void wake_readers(struct seat *seat, const struct port *port, bool all)
{
    for (uint32_t r = 0; r < port->readers; r++) {
        const struct reader *reader = &port->reader[r];
        if (seat->view->blueprint->group[reader->group].spread)
            weir__event_wake(&view_seat(seat->view, reader->group, reader->input)->event.word);
        else
            wake_group(seat, reader->group, all);
    }
}

/* A taker that leaves more behind wakes the next of its group: a publisher wakes only one. Where
 * there are several seats there is one edge. */
static void wake_sibling(struct seat *seat)
{
    if (seat->of->seats == 1 || seat->of->spread)
        return;
    word_fence(STEP_WAKE_FENCE);
    if (weir__edge_has_more(&seat->edge[0]))
        wake_one(seat, seat->group, &seat->group_words->parked_in.word, UINT64_MAX);
}

/* Its slot may be written again; a split's claim may be taken by a later one. */
static void wake_owner(struct seat *seat, const struct ring *ring)
{
    if (seat->of->splits > 0) {
        wake_group(seat, seat->group, false);
        return;
    }
    word_fence(STEP_WAKE_FENCE);
    wake_one(seat, ring->owner_group, &view_group(seat->view, ring->owner_group)->parked_out.word,
             UINT64_C(1) << ring->owner);
}

/* ---- waiting ---- */

static enum run_word run_word(const struct seat *seat)
{
    return (enum run_word)word_load(&seat->view->words->run.word, STEP_RUN_LOAD);
}

bool weir__seat_unwanted(const struct seat *seat)
{
    return weir__view_unwanted(seat->view, seat->group);
}

/* Looks, and parks until looking finds something: see wait.h for the order of the steps. */
static enum seat_event wait_for(struct seat *seat, struct word *parked,
                                enum seat_event (*look)(struct seat *), uint64_t *waited_ns)
{
    enum seat_event event = look(seat);
    if (event != SEAT_WAITS)
        return event;
    uint64_t began = weir__now_ns(), bit = UINT64_C(1) << seat->seat;
    for (;;) {
        uint64_t value = word_load(&seat->words->event.word, STEP_EVENT_LOAD);
        weir__word_set(parked, bit, STEP_PARK_SET);
        word_fence(STEP_PARK_FENCE);
        event = look(seat);
        if (event != SEAT_WAITS)
            break;
        weir__event_sleep(&seat->words->event.word, value, -1);
    }
    weir__word_clear(parked, bit, STEP_PARK_CLEAR);
    *waited_ns += weir__now_ns() - began;
    return event;
}

/* From every edge in turn: each keeps its order, and none is to wait for another. Where inputs are
 * spread only the seat's own is its. */
static bool take_from_edges(struct seat *seat)
{
    if (seat->of->spread)
        seat->turn = seat->seat;
    for (uint32_t i = 0; i < (seat->of->spread ? 1 : seat->edges); i++) {
        uint32_t edge = (seat->turn + i) % seat->edges;
        if (!weir__edge_take(&seat->edge[edge], seat->seat, &seat->input))
            continue;
        seat->input_edge = edge;
        seat->turn = edge + 1;
        return true;
    }
    return false;
}

/* The CLOSED words are read first: what is found missing afterwards will never come. */
static enum seat_event look_for_input(struct seat *seat)
{
    if (run_word(seat) == RUN_DISCARD)
        return SEAT_DISCARD;
    /* Between two parts as well: where a neighbour has ended early in the middle of a number, the
     * parts that it has left fill the ring, and the next of ours may never come. */
    if (weir__seat_unwanted(seat))
        return SEAT_UNWANTED;
    if (seat->now.enough && weir__view_all_done(seat->view, seat->group))
        return SEAT_UNWANTED;
    if (seat->now.expects_part)
        return weir__edge_take_part(&seat->edge[0], seat->seat, seat->now.input_ring,
                                    seat->now.input_position + 1, &seat->input)
                   ? SEAT_READY
                   : SEAT_WAITS;
    bool closed = weir__view_input_closed(seat->view, seat->group);
    if (take_from_edges(seat))
        return SEAT_READY;
    return closed ? SEAT_PILL : SEAT_WAITS;
}

enum seat_event weir__seat_take(struct seat *seat)
{
    /* Who waits for a part sets no bit: a part wakes everybody, and a wake for new work must not be
     * spent on this seat. */
    struct word nowhere = {0};
    struct word *parked = seat->now.expects_part ? &nowhere : &seat->group_words->parked_in.word;
    enum seat_event event = wait_for(seat, parked, look_for_input, &seat->now.wait_in_ns);
    if (event == SEAT_READY) {
        seat->has_input = true;
        wake_sibling(seat);
    }
    return event;
}

enum seat_event weir__seat_drop_parts(struct seat *seat)
{
    while (seat->has_input || seat->now.expects_part) {
        enum seat_event event = seat->has_input ? SEAT_READY : weir__seat_take(seat);
        if (event != SEAT_READY)
            return event;
        seat->now.expects_part = !seat->input.number.last;
        weir__seat_end_input(seat);
        weir__seat_commit(seat, false);
    }
    return SEAT_UNWANTED;
}

static void secured(struct seat *seat, uint32_t port)
{
    struct outlet *out = &seat->out[port];
    out->secured = true;
    out->oversize = false;
    out->bytes = ring_payload(&out->ring, seat->now.tail[port]);
    out->capacity = out->ring.slot_bytes;
    out->used = out->records = 0;
    out->origin = (struct weir_position){.file = UINT32_MAX};
    out->whole_bytes = 0;
}

/* An edge all of whose seats are DONE does not count: nobody reads there any more. */
static bool writable(struct seat *seat, uint32_t port, uint64_t position)
{
    const struct port *of = &seat->of->port[port];
    for (uint32_t edge = 0; edge < of->readers; edge++)
        if (!weir__ring_writable(&seat->out[port].ring, edge, position) &&
            !weir__view_reader_done(seat->view, &of->reader[edge]))
            return false;
    return true;
}

/* The same for a position that was published before. */
static bool released(struct seat *seat, uint32_t port, uint64_t position)
{
    const struct port *of = &seat->of->port[port];
    for (uint32_t edge = 0; edge < of->readers; edge++)
        if (!weir__ring_released(&seat->out[port].ring, edge, position) &&
            !weir__view_reader_done(seat->view, &of->reader[edge]))
            return false;
    return true;
}

static enum seat_event look_for_slots(struct seat *seat)
{
    if (run_word(seat) == RUN_DISCARD)
        return SEAT_DISCARD;
    for (uint32_t port = 0; port < seat->of->ports; port++) {
        if (seat->out[port].secured)
            continue;
        if (!writable(seat, port, seat->now.tail[port]))
            return SEAT_WAITS;
        secured(seat, port);
    }
    return SEAT_READY;
}

enum seat_event weir__seat_secure(struct seat *seat)
{
    return wait_for(seat, &seat->group_words->parked_out.word, look_for_slots,
                    &seat->now.wait_out_ns);
}

enum seat_event weir__seat_look(struct seat *seat)
{
    enum run_word run = run_word(seat);
    if (run == RUN_DISCARD)
        return SEAT_DISCARD;
    for (uint32_t port = 0; port < seat->of->ports; port++)
        if (seat->now.part[port] > 0)
            return SEAT_READY; /* a predecessor died in the middle of a number, whose end is waited
                                  for */
    return run == RUN_DRAIN || weir__seat_unwanted(seat) ? SEAT_UNWANTED : SEAT_READY;
}

static enum seat_event look_for_area(struct seat *seat)
{
    if (run_word(seat) == RUN_DISCARD)
        return SEAT_DISCARD;
    for (uint32_t port = 0; port < seat->of->ports; port++) {
        struct outlet *out = &seat->out[port];
        uint64_t user = seat->now.area[port];
        bool used = out->oversize && user != 0 && user <= seat->now.tail[port];
        /* The area is free once the slot that was published with it last is. */
        if (used && !released(seat, port, user - 1))
            return SEAT_WAITS;
    }
    return SEAT_READY;
}

enum seat_event weir__seat_oversize(struct seat *seat, uint32_t port)
{
    struct outlet *out = &seat->out[port];
    out->oversize = true;
    enum seat_event event =
        wait_for(seat, &seat->group_words->parked_out.word, look_for_area, &seat->now.wait_out_ns);
    if (event == SEAT_READY) {
        out->bytes = out->ring.area;
        out->capacity = out->ring.area_bytes;
        seat->now.area[port] = seat->now.tail[port] + 1;
    }
    return event;
}

/* ---- committing ---- */

/* Writes the header of the secured slot. Nobody reads it before tail passes it. */
static void label(struct seat *seat, uint32_t port, bool last)
{
    struct outlet *out = &seat->out[port];
    struct slot *slot = ring_slot(&out->ring, seat->now.tail[port]);
    slot->facts = (struct slot_facts){.bytes = out->used,
                                      .records = out->records,
                                      .file = out->origin.file,
                                      .oversize = out->oversize,
                                      .offset = out->origin.offset,
                                      .line = out->origin.line,
                                      .whole_bytes = out->whole_bytes};
    struct number number = {.n = seat->now.number, .part = seat->now.part[port]++, .last = last};
    /* pairs with the acquire in look_for(): who sees an old lap's claim beside this number ignores
     * it */
    word_store(&slot->number, number_pack(number), STEP_NUMBER_STORE);
    seat->now.tail[port]++;
    out->secured = false;
}

/*
 * The tail of a commit. It only repeats what the committed copy says, so that doing it twice is
 * doing it once, and it touches no word of any other seat but claims that this seat has TAKEN.
 */
static void commit_tail(struct seat *seat)
{
    const struct ledger_copy *now = &seat->now;
    for (uint32_t port = 0; port < seat->of->ports; port++)
        /* pairs with the acquire in look_for(): the slot's bytes come before */
        word_store(seat->out[port].ring.tail, now->tail[port], STEP_TAIL_PUBLISH);
    if (now->done)
        word_store(&seat->words->done, 1, STEP_DONE_STORE);
    if (now->input_done)
        weir__ring_release(&seat->ring[now->input_ring], now->input_position, seat->seat);
    if (now->last)
        word_store(&seat->words->closed, 1, STEP_CLOSED_STORE);
}

void weir__seat_commit(struct seat *seat, bool end_of_number)
{
    uint64_t published = 0;
    bool followed = false;
    for (uint32_t port = 0; port < seat->of->ports; port++) {
        struct outlet *out = &seat->out[port];
        bool seldom = seat->of->port[port].seldom, empty = out->used == 0 && out->records == 0;
        if (!out->secured || (empty && (seldom || !end_of_number)))
            continue;
        followed = followed || seat->now.part[port] > 0;
        label(seat, port, seldom ? !out->unfinished : end_of_number);
        seat->now.passed[port] = out->made;
        published |= UINT64_C(1) << port;
    }
    if (end_of_number) {
        memset(seat->now.part, 0, sizeof(seat->now.part));
        if (!group_takes(seat->of) || !seat->of->ordered)
            seat->now.number++; /* nobody else gives the numbers */
    }
    seat->words->copy[(seat->sequence + 1) & 1] = seat->now;
    /* The commit point. pairs with the acquire in seat_attach(): the copy comes before the parity
     * that names it */
    word_store(&seat->words->sequence.word, ++seat->sequence, STEP_SEQUENCE_COMMIT);
    commit_tail(seat);
    for (uint32_t port = 0; port < seat->of->ports; port++)
        if ((published >> port & 1) != 0)
            wake_readers(seat, &seat->of->port[port], followed);
    if (seat->now.input_done) {
        wake_owner(seat, &seat->ring[seat->now.input_ring]);
        seat->now.input_done = false;
        seat->has_input = false;
    }
    if (seat->now.last || seat->now.done)
        weir__view_wake_around(seat->view, seat->group);
}

void weir__seat_settle(struct seat *seat)
{
    for (uint32_t m = 0; m < seat->of->members; m++)
        weir__counts_add(&seat->now.total[m], &seat->now.open[m]);
    memset(seat->now.open, 0, sizeof(seat->now.open));
    for (uint32_t port = 0; port < seat->of->ports; port++) {
        /* Who gives an input up has made less again than was published. */
        uint64_t made = seat->out[port].made.records, passed = seat->now.passed[port].records;
        seat->now.emitted[port] += made > passed ? made : passed;
        seat->out[port].made = (struct made){0};
    }
    memset(seat->now.passed, 0, sizeof(seat->now.passed));
}

void weir__outlet_add_text(struct seat *seat, uint32_t port, size_t bytes, uint32_t records)
{
    struct outlet *out = &seat->out[port];
    const struct made *passed = &seat->now.passed[port];
    uint64_t before = out->made.bytes;
    out->made.bytes += bytes;
    out->made.records += records;
    if (before < passed->bytes) {
        uint64_t published = passed->bytes - before;
        size_t skip = published < bytes ? (size_t)published : bytes;
        memmove(out->bytes + out->used, out->bytes + out->used + skip, bytes - skip);
        bytes -= skip;
    }
    out->used += (uint32_t)bytes;
    if (out->made.records > passed->records)
        out->records = (uint32_t)(out->made.records - passed->records);
}

uint32_t weir__outlet_pass_records(struct seat *seat, uint32_t port, uint32_t records)
{
    const struct made *made = &seat->out[port].made, *passed = &seat->now.passed[port];
    if (made->records >= passed->records)
        return 0;
    uint64_t published = passed->records - made->records;
    return published < records ? (uint32_t)published : records;
}

void weir__seat_roll_back(struct seat *seat)
{
    seat->now = seat->words->copy[seat->sequence & 1];
    seat->now.input_done = false;
}

void weir__seat_end_input(struct seat *seat)
{
    seat->now.settled = 0;
    seat->now.input_done = true;
    seat->now.input_ring = seat->input.ring;
    seat->now.input_position = seat->input.position;
}

void weir__seat_pass_empty(struct seat *seat)
{
    for (uint32_t port = 0; port < seat->of->ports; port++)
        seat->out[port].used = seat->out[port].records = 0;
    if (seat->of->ordered)
        seat->now.number = seat->input.number.n;
    weir__seat_settle(seat);
    weir__seat_end_input(seat);
    seat->now.expects_part = false; /* the number ends here, whatever the input had left */
    weir__seat_commit(seat, true);
}

/* ---- from split to split ---- */

/* In one word: what is handed on, and a count of the laps, which tells whether it is of this split
 * or of one long before. */
enum { HANDED_BITS = 56 };

static struct word *handed_by(const struct seat *seat, uint64_t split)
{
    struct split_words *splits = weir__view_splits(seat->view, seat->group);
    return &splits->handed[split % (2 * SPLITS_AHEAD)].word;
}

static uint64_t handed_lap(uint64_t split)
{
    return (split / (2 * SPLITS_AHEAD) + 1) << HANDED_BITS;
}

static bool has_handed_on(const struct seat *seat, uint64_t split, uint64_t *ret)
{
    uint64_t word = word_load(handed_by(seat, split), STEP_HANDED_LOAD);
    *ret = word & ((UINT64_C(1) << HANDED_BITS) - 1);
    return (word ^ handed_lap(split)) >> HANDED_BITS == 0;
}

static enum seat_event look_for_handed(struct seat *seat)
{
    uint64_t split = seat->input.number.n, ignored;
    enum run_word run = run_word(seat);
    if (run == RUN_DISCARD)
        return SEAT_DISCARD;
    if (weir__seat_unwanted(seat))
        return SEAT_UNWANTED;
    if (run == RUN_DRAIN && !has_handed_on(seat, split, &ignored))
        return SEAT_PILL;
    return split == 0 || has_handed_on(seat, split - 1, &ignored) ? SEAT_READY : SEAT_WAITS;
}

enum seat_event weir__seat_receive(struct seat *seat, uint64_t *ret)
{
    *ret = 0;
    enum seat_event event = wait_for(seat, &seat->group_words->parked_handed.word, look_for_handed,
                                     &seat->now.wait_in_ns);
    if (event == SEAT_READY && seat->input.number.n > 0)
        has_handed_on(seat, seat->input.number.n - 1, ret);
    return event;
}

void weir__seat_hand_on(struct seat *seat, uint64_t value)
{
    uint64_t split = seat->input.number.n;
    word_store(handed_by(seat, split), handed_lap(split) | value, STEP_HANDED_STORE);
    word_fence(STEP_WAKE_FENCE);
    const struct slot *next = ring_slot(&seat->ring[0], split + 1);
    uint64_t claim = word_load(&next->claim[0].word, STEP_CLAIM_LOAD);
    uint32_t holder = claim_seat(claim);
    if (claim_is_taken(claim) && holder < seat->of->seats)
        wake_one(seat, seat->group, &seat->group_words->parked_handed.word, UINT64_C(1) << holder);
}

/* ---- attaching, and recovery ---- */

static int attach_rings(struct seat *seat, struct weir_err *err)
{
    for (uint32_t port = 0; port < seat->of->ports; port++) {
        struct outlet *out = &seat->out[port];
        out->ring = weir__view_ring(seat->view, seat->group, seat->seat, port);
        if (!seat->of->port[port].seldom)
            weir__segment_populate(out->ring.payload,
                                   (size_t)out->ring.slots * out->ring.slot_bytes);
    }
    if (!group_takes(seat->of))
        return 0;
    seat->edges = seat->of->inputs > 0 ? seat->of->inputs : 1;
    seat->ring = weir__view_edges(seat->view, seat->group, seat->edge);
    return seat->ring == NULL ? weir_err_set(err, WEIR_EOS, "out of memory") : 0;
}

/* The ledger lies in shared memory: what is used as an index is checked. */
static bool read_ledger(struct seat *seat)
{
    seat->now = seat->words->copy[seat->sequence & 1];
    bool names_input = seat->now.input_done || seat->now.expects_part;
    uint32_t rings = 0;
    for (uint32_t i = 0; i < seat->edges; i++)
        rings += seat->edge[i].producers;
    return !names_input || seat->now.input_ring < rings;
}

static void find_input(struct seat *seat)
{
    for (uint32_t i = 0; i < seat->edges && !seat->has_input; i++) {
        seat->has_input = weir__edge_find_taken(&seat->edge[i], seat->seat, &seat->input);
        seat->input_edge = i;
    }
}

int weir__seat_attach(struct seat *seat, struct run_view *view, uint32_t group, uint32_t number,
                      struct weir_err *err)
{
    *seat = (struct seat){.view = view,
                          .group = group,
                          .seat = number,
                          .of = &view->blueprint->group[group],
                          .group_words = view_group(view, group),
                          .words = view_seat(view, group, number)};
    int code = attach_rings(seat, err);
    if (code < 0)
        return code;
    /* pairs with the release in seat_commit() */
    seat->sequence = word_load(&seat->words->sequence.word, STEP_SEQUENCE_LOAD);
    if (!read_ledger(seat))
        return weir_err_set(err, WEIR_EINTERNAL, "the ledger of a seat is damaged");
    commit_tail(seat);
    seat->now.input_done = false;
    /* A bit that the dead has left would draw a wake that others need. */
    weir__word_clear(&seat->group_words->parked_in.word, UINT64_C(1) << number, STEP_PARK_CLEAR);
    weir__word_clear(&seat->group_words->parked_out.word, UINT64_C(1) << number, STEP_PARK_CLEAR);
    weir__word_clear(&seat->group_words->parked_handed.word, UINT64_C(1) << number,
                     STEP_PARK_CLEAR);
    find_input(seat);
    /* The dead may have cleared a bit and not yet woken its owner. */
    weir__view_wake_around(view, group);
    return 0;
}

void weir__seat_release(struct seat *seat)
{
    free(seat->ring);
    seat->ring = NULL;
}

/* ---- the end ---- */

static enum seat_event look_for_verdict(struct seat *seat)
{
    enum run_word run = run_word(seat);
    if (run == RUN_DISCARD)
        return SEAT_DISCARD;
    return run == RUN_PUBLISH ? SEAT_READY : SEAT_WAITS;
}

enum run_word weir__seat_await_verdict(struct seat *seat)
{
    uint64_t ignored = 0;
    struct word nowhere = {0}; /* the verdict wakes everybody: no bit is needed */
    enum seat_event event = wait_for(seat, &nowhere, look_for_verdict, &ignored);
    return event == SEAT_READY ? RUN_PUBLISH : RUN_DISCARD;
}

static enum seat_event look_for_pardon(struct seat *seat)
{
    if (run_word(seat) == RUN_DISCARD)
        return SEAT_DISCARD;
    return weir__seat_unwanted(seat) ? SEAT_UNWANTED : SEAT_WAITS;
}

enum seat_event weir__seat_fail(struct seat *seat, const struct weir_err *err, int poke_fd)
{
    uint64_t ignored = 0, one = 1;
    struct word nowhere = {0};
    seat->words->err = *err;
    uint64_t number = seat->has_input ? seat->input.number.n : seat->now.number;
    word_store(&seat->words->failed, number + 1, STEP_FAILED_STORE);
    if (write(poke_fd, &one, sizeof(one)) < 0)
        one = 0; /* the supervisor looks a little later, by itself */
    enum seat_event event = wait_for(seat, &nowhere, look_for_pardon, &ignored);
    if (event == SEAT_UNWANTED)
        word_store(&seat->words->failed, 0, STEP_FAILED_STORE);
    return event;
}
