#include "engine/layout.h"

#include <stdlib.h>

/* shm */
#include "shm/wait.h"

_Static_assert(offsetof(struct run_words, run) == WORD_APART, "the run's word stands apart");
_Static_assert(sizeof(struct group_words) == (size_t)(3 + GROUP_INPUTS) * WORD_APART,
               "as laid out");
_Static_assert(offsetof(struct seat_words, sequence) == WORD_APART, "as laid out");
_Static_assert(sizeof(struct seat_words) % WORD_APART == 0, "seats stand apart");
_Static_assert(offsetof(struct slot, claim) == WORD_APART, "claims stand apart from the number");

enum { PAGE = 4096 };

static uint64_t align(uint64_t offset, uint64_t to)
{
    return (offset + to - 1) / to * to;
}

/* What is set aside is little, and seldom. */
enum { SELDOM_SLOTS = 2, SELDOM_SLOT_BYTES = 64 << 10 };

static uint32_t ring_slots(const struct blueprint *blueprint, const struct port *port)
{
    return port->seldom ? SELDOM_SLOTS : blueprint->slots;
}

static uint32_t ring_slot_bytes(const struct blueprint *blueprint, const struct port *port)
{
    return port->seldom ? SELDOM_SLOT_BYTES : blueprint->slot_bytes;
}

static uint64_t ring_words_bytes(const struct blueprint *blueprint, const struct port *port)
{
    return sizeof(struct lone_word) + ring_slots(blueprint, port) * slot_bytes_of(port->readers);
}

static uint64_t ring_area_bytes(const struct blueprint *blueprint, const struct port *port)
{
    return port->oversize ? align((uint64_t)blueprint->max_record + blueprint->slot_bytes, PAGE)
                          : 0;
}

static uint64_t ring_payload_bytes(const struct blueprint *blueprint, const struct port *port)
{
    return (uint64_t)ring_slots(blueprint, port) * ring_slot_bytes(blueprint, port) +
           ring_area_bytes(blueprint, port);
}

static void find_feeds(struct blueprint *blueprint)
{
    for (uint32_t g = 0; g < blueprint->groups; g++)
        blueprint->group[g].feeds = 0;
    for (uint32_t g = 0; g < blueprint->groups; g++)
        for (uint32_t p = 0; p < blueprint->group[g].ports; p++) {
            const struct port *port = &blueprint->group[g].port[p];
            for (uint32_t r = 0; r < port->readers; r++) {
                struct group *reader = &blueprint->group[port->reader[r].group];
                if (reader->feeds < GROUP_FEEDS)
                    reader->feed[reader->feeds++] = (struct feed){
                        .group = g, .port = p, .edge = r, .input = port->reader[r].input};
            }
        }
}

void weir__blueprint_layout(struct blueprint *blueprint, size_t text_bytes)
{
    find_feeds(blueprint);
    uint64_t at = sizeof(struct run_words);
    blueprint->text_offset = at;
    at = align(at + text_bytes + 1, WORD_APART);
    for (uint32_t g = 0; g < blueprint->groups; g++) {
        struct group *group = &blueprint->group[g];
        group->words_offset = at;
        at += sizeof(struct group_words);
        group->seat_offset = at;
        at += group->seats * sizeof(struct seat_words);
        group->split_offset = at;
        at += group->splits > 0 ? sizeof(struct split_words) : 0;
        for (uint32_t p = 0; p < group->ports; p++) {
            group->port[p].ring_offset = at;
            at += group->seats * ring_words_bytes(blueprint, &group->port[p]);
        }
    }
    at = align(at, PAGE);
    uint64_t payloads = at;
    for (uint32_t g = 0; g < blueprint->groups; g++) {
        struct group *group = &blueprint->group[g];
        for (uint32_t p = 0; p < group->ports; p++) {
            group->port[p].payload_offset = at;
            at += group->seats * ring_payload_bytes(blueprint, &group->port[p]);
        }
    }
    blueprint->slot_total_bytes = at - payloads;
    blueprint->segment_bytes = at;
}

struct ring weir__view_ring(const struct run_view *view, uint32_t group, uint32_t seat,
                            uint32_t port)
{
    const struct blueprint *blueprint = view->blueprint;
    const struct port *of = &blueprint->group[group].port[port];
    uint32_t slots = ring_slots(blueprint, of), slot_bytes = ring_slot_bytes(blueprint, of);
    char *words = view->segment.base + of->ring_offset + seat * ring_words_bytes(blueprint, of);
    char *payload =
        view->segment.base + of->payload_offset + seat * ring_payload_bytes(blueprint, of);
    return (struct ring){
        .tail = &((struct lone_word *)(void *)words)->word,
        .slot = (struct slot *)(void *)(words + sizeof(struct lone_word)),
        .edges = of->readers,
        .payload = payload,
        .area = of->oversize ? payload + (size_t)slots * slot_bytes : NULL,
        .slots = slots,
        .slot_bytes = slot_bytes,
        .area_bytes = (uint32_t)ring_area_bytes(blueprint, of),
        .owner_group = group,
        .owner_port = port,
        .owner = seat,
    };
}

struct split_words *weir__view_splits(const struct run_view *view, uint32_t group)
{
    uint64_t offset = view->blueprint->group[group].split_offset;
    return (struct split_words *)(void *)(view->segment.base + offset);
}

static uint32_t count_rings(const struct run_view *view, const struct group *reader)
{
    uint32_t rings = reader->splits > 0;
    for (uint32_t f = 0; f < reader->feeds; f++)
        rings += view->blueprint->group[reader->feed[f].group].seats;
    return rings;
}

static uint32_t add_feed(const struct run_view *view, const struct feed *feed, struct ring *to)
{
    uint32_t seats = view->blueprint->group[feed->group].seats;
    for (uint32_t seat = 0; seat < seats; seat++) {
        to[seat] = weir__view_ring(view, feed->group, seat, feed->port);
        to[seat].edge = feed->edge;
    }
    return seats;
}

struct ring *weir__view_edges(const struct run_view *view, uint32_t group, struct edge *ret)
{
    const struct group *reader = &view->blueprint->group[group];
    struct ring *ring = calloc(count_rings(view, reader) + 1, sizeof(*ring));
    if (ring == NULL)
        return NULL;
    uint32_t rings = 0;
    for (uint32_t i = 0; i < reader->inputs; i++) {
        ret[i] = (struct edge){.next = &view_group(view, group)->next[i].word,
                               .ordered = reader->input[i].ordered,
                               .by_part = reader->inputs > 1,
                               .ring = ring,
                               .first = rings};
        for (uint32_t f = 0; f < reader->feeds; f++)
            if (reader->feed[f].input == i)
                rings += add_feed(view, &reader->feed[f], &ring[rings]);
        ret[i].producers = rings - ret[i].first;
    }
    if (reader->splits > 0) {
        ring[0] = (struct ring){
            .slot = weir__view_splits(view, group)->claim, .edges = 1, .slots = SPLITS_AHEAD};
        ret[0] = (struct edge){.next = &view_group(view, group)->next[0].word,
                               .ordered = true,
                               .splits = reader->splits + reader->seats,
                               .ring = ring,
                               .producers = 1};
    }
    return ring;
}

bool weir__view_input_closed(const struct run_view *view, uint32_t group)
{
    const struct group *reader = &view->blueprint->group[group];
    if (reader->splits > 0)
        return false;
    for (uint32_t f = 0; f < reader->feeds; f++)
        if (!weir__view_all_closed(view, reader->feed[f].group))
            return false;
    return true;
}

bool weir__view_all_closed(const struct run_view *view, uint32_t group)
{
    for (uint32_t seat = 0; seat < view->blueprint->group[group].seats; seat++)
        if (word_load(&view_seat(view, group, seat)->closed, STEP_CLOSED_LOAD) == 0)
            return false;
    return true;
}

bool weir__view_all_done(const struct run_view *view, uint32_t group)
{
    for (uint32_t seat = 0; seat < view->blueprint->group[group].seats; seat++)
        if (word_load(&view_seat(view, group, seat)->done, STEP_DONE_LOAD) == 0)
            return false;
    return true;
}

bool weir__view_reader_done(const struct run_view *view, const struct reader *reader)
{
    if (view->blueprint->group[reader->group].spread)
        return word_load(&view_seat(view, reader->group, reader->input)->done, STEP_DONE_LOAD) != 0;
    return weir__view_all_done(view, reader->group);
}

bool weir__view_unwanted(const struct run_view *view, uint32_t group)
{
    const struct group *of = &view->blueprint->group[group];
    bool streams = false;
    for (uint32_t p = 0; p < of->ports; p++)
        for (uint32_t r = 0; r < of->port[p].readers && port_streams(&of->port[p]); r++) {
            streams = true;
            if (!weir__view_reader_done(view, &of->port[p].reader[r]))
                return false;
        }
    return streams;
}

void weir__view_wake_group(const struct run_view *view, uint32_t group)
{
    for (uint32_t seat = 0; seat < view->blueprint->group[group].seats; seat++)
        weir__event_wake(&view_seat(view, group, seat)->event.word);
}

void weir__view_wake_around(const struct run_view *view, uint32_t group)
{
    const struct group *of = &view->blueprint->group[group];
    word_fence(STEP_WAKE_FENCE);
    weir__view_wake_group(view, group);
    for (uint32_t f = 0; f < of->feeds; f++)
        weir__view_wake_group(view, of->feed[f].group);
    for (uint32_t p = 0; p < of->ports; p++)
        for (uint32_t r = 0; r < of->port[p].readers; r++)
            weir__view_wake_group(view, of->port[p].reader[r].group);
}

void weir__counts_add(struct member_counts *to, const struct member_counts *more)
{
    to->in += more->in;
    to->out += more->out;
    to->dropped += more->dropped;
    to->null_dropped += more->null_dropped;
    to->rejected += more->rejected;
    to->failed += more->failed;
    to->quarantined += more->quarantined;
    to->bytes += more->bytes;
    to->slow_bytes += more->slow_bytes;
}

const struct ledger_copy *weir__view_ledger(const struct run_view *view, uint32_t group,
                                            uint32_t seat)
{
    struct seat_words *words = view_seat(view, group, seat);
    return &words->copy[word_load(&words->sequence.word, STEP_SEQUENCE_LOAD) & 1];
}
