#include "engine/failure.h"

/* flow */
#include "flow/ring.h"

struct first {
    bool found;
    uint64_t number;
    uint32_t group, seat;
};

/* Where the numbers of a group's input were given. Others cannot be compared. */
static uint32_t origin_of(const struct blueprint *blueprint, uint32_t g)
{
    const struct group *group = &blueprint->group[g];
    while (group->ordered && group->inputs == 1 && group->feeds > 0) {
        g = group->feed[0].group;
        group = &blueprint->group[g];
    }
    return g;
}

/* Of those failures whose numbers come from one place the one with the lowest; of one number that of
 * the stage furthest down: it works on the earlier part. */
static struct first find_first(const struct run *run, uint32_t origin)
{
    struct first first = {0};
    for (size_t w = 0; w < run->workers; w++) {
        const struct worker_start *start = &run->worker[w].start;
        const struct seat_words *words = view_seat(&run->view, start->group, start->seat);
        uint64_t failed = word_load(&words->failed, STEP_FAILED_LOAD);
        if (failed == 0 || origin_of(run->view.blueprint, start->group) != origin)
            continue;
        uint64_t number = failed - 1;
        if (!first.found || number < first.number ||
            (number == first.number && start->group > first.group))
            first = (struct first){true, number, start->group, start->seat};
    }
    return first;
}

/*
 * Whether something that can still fail first is under way on the group's edge: a batch up to
 * `number` that somebody who has not failed has TAKEN, or a lower one that waits. Below the failed
 * group earlier parts of the same number count too.
 */
static bool holds_lower(const struct run *run, uint32_t g, uint64_t number, bool below)
{
    const struct group *group = &run->plan->blueprint.group[g];
    const struct feed *feed = &group->feed[0]; /* an ordered edge has one */
    for (uint32_t seat = 0; seat < run->plan->blueprint.group[feed->group].seats; seat++) {
        struct ring ring = weir__view_ring(&run->view, feed->group, seat, feed->port);
        for (uint32_t i = 0; i < ring.slots; i++) {
            uint64_t claim = word_load(ring_claim(&ring, i, feed->edge), STEP_CLAIM_LOAD);
            struct number of =
                number_unpack(word_load(&ring_slot(&ring, i)->number, STEP_NUMBER_LOAD));
            uint32_t taker = claim_seat(claim);
            bool published =
                claim_lap(claim) * ring.slots + i < word_load(ring.tail, STEP_TAIL_LOAD);
            if (!claim_is_taken(claim) && published && (of.n < number || (below && of.n == number)))
                return true;
            if (!claim_is_taken(claim) || of.n > number || taker >= group->seats)
                continue;
            if (word_load(&view_seat(&run->view, g, taker)->failed, STEP_FAILED_LOAD) == 0)
                return true;
        }
    }
    return false;
}

/* The same where splits are read: those below are taken, since they are taken in order. */
static bool holds_lower_split(const struct run *run, uint32_t g, uint64_t number)
{
    const struct split_words *splits = weir__view_splits(&run->view, g);
    for (uint32_t i = 0; i < SPLITS_AHEAD; i++) {
        uint64_t claim = word_load(&splits->claim[i].claim[0].word, STEP_CLAIM_LOAD);
        uint32_t taker = claim_seat(claim);
        if (!claim_is_taken(claim) || claim_lap(claim) * SPLITS_AHEAD + i > number ||
            taker >= run->plan->blueprint.group[g].seats)
            continue;
        if (word_load(&view_seat(&run->view, g, taker)->failed, STEP_FAILED_LOAD) == 0)
            return true;
    }
    return false;
}

/* A seat between two parts of a lower number holds no slot, and may fail in the next part. */
static bool awaits_lower_part(const struct run *run, uint32_t g, uint64_t number)
{
    for (uint32_t seat = 0; seat < run->plan->blueprint.group[g].seats; seat++) {
        const struct word *sequence = &view_seat(&run->view, g, seat)->sequence.word;
        bool awaits;
        uint64_t read;
        do { /* a copy is written again only after the sequence has moved on */
            read = word_load(sequence, STEP_SEQUENCE_LOAD);
            const struct ledger_copy *ledger = &view_seat(&run->view, g, seat)->copy[read & 1];
            awaits = ledger->expects_part && ledger->number < number;
            word_fence(STEP_SEQUENCE_LOAD); /* what is read above is read before the line below */
        } while (word_load(sequence, STEP_SEQUENCE_LOAD) != read);
        if (awaits)
            return true;
    }
    return false;
}

/* Whether a group is about to end since nobody reads it, or those who do are. */
static bool is_leaving(const struct run *run, uint32_t g)
{
    const struct group *group = &run->plan->blueprint.group[g];
    bool streams = false;
    for (uint32_t p = 0; p < group->ports; p++)
        for (uint32_t r = 0; r < group->port[p].readers && port_streams(&group->port[p]); r++) {
            uint32_t reader = group->port[p].reader[r].group;
            streams = true;
            if (!weir__view_all_done(&run->view, reader) && !is_leaving(run, reader))
                return false;
        }
    return streams;
}

/* Nothing lower is under way in the group any more. */
static bool drained_group(const struct run *run, const struct first *first, uint32_t g)
{
    const struct group *group = &run->plan->blueprint.group[g];
    if (group->splits > 0 && holds_lower_split(run, g, first->number))
        return false;
    if (!group->ordered)
        return true;
    if (group->feeds > 0 && holds_lower(run, g, first->number, g != first->group))
        return false;
    if (awaits_lower_part(run, g, first->number))
        return false;
    return g == first->group ||
           word_load(&view_group(&run->view, g)->next[0].word, STEP_NEXT_LOAD) >= first->number ||
           weir__view_all_done(&run->view, g);
}

/* From a group on to the sinks, as far as the numbers are the same. */
static bool drained(const struct run *run, const struct first *first, uint32_t g)
{
    const struct group *group = &run->plan->blueprint.group[g];
    bool all = drained_group(run, first, g);
    for (uint32_t p = 0; p < group->ports && all; p++)
        for (uint32_t r = 0; r < group->port[p].readers && port_streams(&group->port[p]); r++) {
            uint32_t reader = group->port[p].reader[r].group;
            if (run->plan->blueprint.group[reader].ordered)
                all = all && drained(run, first, reader);
        }
    return all;
}

/* What a seat has left in shared memory may be anything. */
static void end_texts(struct weir_err *err)
{
    err->stage[sizeof(err->stage) - 1] = err->file[sizeof(err->file) - 1] = '\0';
    err->text[sizeof(err->text) - 1] = err->source[sizeof(err->source) - 1] = '\0';
    err->note[sizeof(err->note) - 1] = '\0';
}

enum failure weir__run_failure(const struct run *run, struct weir_err *ret)
{
    enum failure failure = FAILURE_NONE;
    for (uint32_t g = 0; g < run->plan->blueprint.groups && failure != FAILURE_DECIDED; g++) {
        struct first first = find_first(run, g);
        if (!first.found)
            continue;
        *ret = view_seat(&run->view, first.group, first.seat)->err;
        end_texts(ret);
        bool decided = !is_leaving(run, first.group) && drained(run, &first, first.group);
        failure = decided ? FAILURE_DECIDED : FAILURE_UNDECIDED;
    }
    return failure;
}
