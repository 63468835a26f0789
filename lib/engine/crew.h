/*
 * crew.h - the stages of a group at work in one process.
 *
 * The first member works on the group's input, each further one on what the one before it made, the
 * last writes into the output slot. When a slot is full what is in it is committed as a part,
 * wherever the work stands; a successor makes the same again from the input's beginning and passes
 * over what was published. Counts and state become the seat's when the input is done.
 */
#ifndef WEIR_CREW_H
#define WEIR_CREW_H

/* flow */
#include "flow/pack.h"
/* stage */
#include "stage/runtime.h"
/* engine */
#include "engine/seat.h"
#include "engine/worker.h"

struct crew_member {
    struct weir_stage stage;
    struct stage_runtime runtime;
    struct settings *settings;
    struct weir_schema out;
    struct reject_room room;
    int reject_port;                         /* -1: none */
    struct weir_batch output[STAGE_OUTPUTS]; /* what a call put out beside its stream */
    struct member_counts counts;             /* of what is not settled */
    _Alignas(8) char state[MEMBER_STATE];    /* as the calls leave it; the ledger's follows when the
                                             input is settled */
};

/* All members of a seat. */
struct crew {
    struct seat *seat;
    const struct group *group;
    struct run_facts facts;
    struct crew_member *member; /* group->members of them */
    uint32_t first; /* the member that takes what is in hand: behind one who reads splits */
    struct unpacked unpacked;
    struct packing packing[GROUP_PORTS]; /* of those that carry records */
    struct weir_err err;
    bool enough; /* a member wants no more input */

    /* An input that killed a worker is worked on one record at a time. */
    struct caution caution;
    bool careful;
    struct weir_column *column; /* of the one record */
    char notice[600];           /* about what was set aside and is not committed */
    int doomed; /* the member that must not see the record that is worked on; -1: none */
};

/* What work ends with, beside negative codes (err says why). */
enum { CREW_DISCARD = 3, CREW_ENDS_HERE = 4, CREW_UNWANTED = 5 };

/* What a worker exits with that ran out of memory in a stage's code. */
enum { CREW_NO_MEMORY = 71 };

/* Configures, binds and opens every member from the blueprint. crew is zeroed before. */
int weir__crew_open(struct crew *crew, struct seat *seat, const struct worker_start *start);

/* One transaction or more, from an input in hand to its release. WEIR_MORE, or WEIR_DONE when no
 * further input is wanted: if it is the seat's end behind all splits, or a split that is to stay
 * unread, it is still in hand, and its number is that of the last transaction. */
int weir__crew_process(struct crew *crew);

/* A source: one transaction. WEIR_MORE, or WEIR_DONE when there is no more. */
int weir__crew_produce(struct crew *crew);

/* The last transaction. early: nobody wants the output any more, so that there is none. Not of a
 * group of totals, whose output is made here. */
int weir__crew_finish(struct crew *crew, bool early);

/* Lets the number of an input that is not wanted any more pass with what was published of it. 0 or
 * CREW_DISCARD. */
int weir__crew_abandon(struct crew *crew);

/* A sink's outcome. */
int weir__crew_publish(struct crew *crew, bool keep);

void weir__crew_close(struct crew *crew);

/* ---- between crew.c and careful.c ---- */

/* Runs member m, and all behind it, over a batch. */
int weir__crew_drive(struct crew *crew, uint32_t m, const struct weir_batch *in);
/* Whether something is written that is not committed. */
bool weir__crew_has_output(const struct seat *seat);
/* A slot is full: commits what there is, and goes on in the next. 0 or CREW_DISCARD. */
int weir__crew_commit_part(struct crew *crew);
/* Settles what has been done of the input, and commits. */
int weir__crew_checkpoint(struct crew *crew, uint64_t settled);

/* Whether the input in hand killed a worker before. */
bool weir__careful_begins(const struct seat *seat, const struct caution *caution);
/* Runs all members over a batch, one of its records at a time. */
int weir__careful_drive(struct crew *crew, const struct weir_batch *batch);
/* In place of running member m over them: sets the records aside. */
int weir__careful_set_aside(struct crew *crew, uint32_t m, const struct weir_batch *in);

#endif
