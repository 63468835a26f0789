/*
 * seat.h - a worker's place: its ledger, its input, its output slots, and the transaction that
 * joins them.
 *
 *     take input -> secure output slots -> work, into own slots beyond tail
 *     -> write the ledger's other copy -> sequence + 1: the one commit point
 *     -> the commit's tail (publish, release, close)
 *
 * A successor does the tail of the last commit again, always, and then works again on what is TAKEN
 * in its name. There is no other state to repair, so every function here may be cut off behind any
 * line.
 *
 * A struct seat belongs to one process and holds pointers into its own mapping. `now` is the copy
 * being written.
 */
#ifndef WEIR_SEAT_H
#define WEIR_SEAT_H

/* engine */
#include "engine/layout.h"

struct outlet {
    struct ring ring;
    bool secured;    /* the slot of position now.tail may be written */
    bool oversize;   /* its payload goes to the ring's large area */
    bool unfinished; /* of a seldom port: what has been begun goes on in the next slot */
    char *bytes;     /* of the secured slot */
    uint32_t capacity;
    uint32_t used;
    uint32_t records;
    struct made made; /* since what is settled, with what a successor has passed over */
    struct weir_position origin;
    uint64_t whole_bytes;
};

struct seat {
    struct run_view *view;
    uint32_t group, seat;
    const struct group *of;
    struct group_words *group_words;
    struct seat_words *words;
    struct ledger_copy now;
    uint64_t sequence;

    struct edge edge[GROUP_INPUTS]; /* what it reads */
    uint32_t edges;                 /* none: a source that produces */
    struct ring *ring;              /* of all edges */
    uint32_t turn;                  /* the edge to be looked at first */
    bool has_input;
    struct taken input;
    uint32_t input_edge; /* where it was taken */
    struct outlet out[GROUP_PORTS];
};

/* What a wait ends with. Negative codes pass through. */
enum seat_event {
    SEAT_WAITS = 0, /* nothing yet (never returned to callers) */
    SEAT_READY,     /* an input was taken; the slots are secured */
    SEAT_PILL,      /* the input has ended, or is to end here */
    SEAT_UNWANTED,  /* everybody who reads the output is done: end early */
    SEAT_DISCARD,   /* the run has failed or been stopped: leave */
};

/* Attaches to the seat, and does the recovery: the last commit's tail once more, and finding what
 * is in hand. */
int weir__seat_attach(struct seat *seat, struct run_view *view, uint32_t group, uint32_t number,
                      struct weir_err *err);
void weir__seat_release(struct seat *seat);

/* Waits for the next input: READY with seat->input, PILL, UNWANTED or DISCARD. */
enum seat_event weir__seat_take(struct seat *seat);

/* A seat that has had enough in the middle of a number takes and drops its other parts: else they
 * would stand in the way of its neighbours for ever. UNWANTED when that is done, or nobody of its
 * group reads any more; DISCARD. */
enum seat_event weir__seat_drop_parts(struct seat *seat);

/* Waits until a slot of every port is secured: READY, or DISCARD. Slots secured already stay so. */
enum seat_event weir__seat_secure(struct seat *seat);

/* Whether everybody who reads the output is done. */
bool weir__seat_unwanted(const struct seat *seat);

/* A source, before it produces: READY, UNWANTED or DISCARD, without waiting. */
enum seat_event weir__seat_look(struct seat *seat);

/* For one record larger than a slot: waits until the port's large area is free and makes it the
 * secured slot's payload. */
enum seat_event weir__seat_oversize(struct seat *seat, uint32_t port);

/*
 * Commits. Ports that have something are published as the next part of now.number; with
 * end_of_number every ordered port is, even if empty, as the last part; whoever waits for it is
 * woken. If now.input_done is set the input is released. Never waits.
 */
void weir__seat_commit(struct seat *seat, bool end_of_number);

/* What the output so far was made of becomes settled with the next commit: a successor will not
 * work on it again. */
void weir__seat_settle(struct seat *seat);

/* The next commit releases the input in hand. */
void weir__seat_end_input(struct seat *seat);

/* Puts text that has been written behind a slot's used bytes to its account, but for what was
 * published already. */
void weir__outlet_add_text(struct seat *seat, uint32_t port, size_t bytes, uint32_t records);
/* The number of records, of so many that come next, that were published already. */
uint32_t weir__outlet_pass_records(struct seat *seat, uint32_t port, uint32_t records);

/* Forgets what was written into `now` since the last commit. */
void weir__seat_roll_back(struct seat *seat);

/* Commits the input in hand as one that gives nothing more. The slots must be secured. */
void weir__seat_pass_empty(struct seat *seat);

/* Sleeps until the run's word is one of PUBLISH and DISCARD, and returns it. */
enum run_word weir__seat_await_verdict(struct seat *seat);

/* Waits for what the split before the one in hand has handed on (0 for the first): READY. PILL if
 * the run is to end and this split has not handed on yet: then it is to stay unread, and no later
 * one will be read. UNWANTED or DISCARD. */
enum seat_event weir__seat_receive(struct seat *seat, uint64_t *ret);
/* Hands on to the split behind the one in hand; value is below 2^56. Before any other work, since
 * that one waits for it. May be repeated with the same value. */
void weir__seat_hand_on(struct seat *seat, uint64_t value);

/* Leaves the error where the supervisor finds it, and sleeps until the run is discarded, or nobody
 * wants the output any more: then the error is withdrawn, and UNWANTED returned. */
enum seat_event weir__seat_fail(struct seat *seat, const struct weir_err *err, int poke_fd);

#endif
