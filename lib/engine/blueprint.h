/*
 * blueprint.h - a run laid out: groups of fused stages, their seats, ports and edges, and where
 * each word stands.
 *
 * The plan makes it; its canonical text stands in the segment; every worker reads the text back and
 * computes the same layout from it, whatever way the worker was started.
 *
 * A group is what runs in one process: one stage, or several in a row that are fused (its members).
 * It has one or more seats, and ports, each of which one or more groups read. Port 0 is the stream of
 * its last member, if that has one; further ports carry what members put out beside it.
 */
#ifndef WEIR_BLUEPRINT_H
#define WEIR_BLUEPRINT_H

#include <weir/stage.h>

/* base */
#include "base/buf.h"
/* stage */
#include "stage/runtime.h"

enum {
    GROUP_MEMBERS = 8,
    GROUP_PORTS = 32,
    PORT_READERS = 16,
    GROUP_INPUTS = 16,
    GROUP_FEEDS = 64,
    GROUP_SEATS = 64,
    MEMBER_STATE = 1024,
};

/* A digit a column: whether somebody uses it. */
struct columns {
    bool *needed; /* owned */
    uint32_t count;
};

struct member {
    const struct weir_stage_type *outer; /* as the user named it */
    const struct weir_stage_type *type;  /* itself, or one of the types that it expands into */
    uint32_t stage;                      /* the user's stage: index into blueprint.stage */
    struct node *with;                   /* owned */
    enum on_error on_error;
    uint64_t memory_bytes;      /* what it holds beside its columns; the supervisor's own too */
    int reject_port;            /* -1: none */
    uint64_t record_timeout_ms; /* 0: none; the supervisor's own, not in the text */
    bool raw_out;               /* its output is bytes */
    struct columns out;         /* its output's */
    char *probed;               /* owned, or NULL */
    uint32_t first_file, files; /* a source's, of the run's */
    uint32_t workers;           /* as the file says; 0: auto */
};

enum port_kind {
    PORT_RECORDS, /* a member's output: its columns are packed into slots */
    PORT_BYTES,   /* the last member's output, as it wrote it */
    PORT_REJECTS, /* rows of text */
    PORT_ASIDE,   /* records that killed their worker */
};

/* Who reads a port: one of a group's inputs. */
struct reader {
    uint32_t group, input;
};

struct port {
    enum port_kind kind;
    uint32_t member; /* whose output, or rejects */
    uint32_t output; /* of a member that has several: which; 0: its stream */
    char *name;      /* of such a one, owned; the supervisor's, not in the text */
    uint32_t readers;
    struct reader reader[PORT_READERS]; /* each an edge, with a claim of its own on every slot */
    struct columns columns;             /* of PORT_RECORDS */
    bool raw;      /* with the records' raw bytes, since somebody downstream may reject them */
    bool oversize; /* its rings have a large area for one record */
    bool apart;    /* every slot stands for itself: without order, parts need not stay together */
    bool seldom;   /* published when there is something, not once a number; its rings are small */
    uint64_t ring_offset; /* of the first seat's ring in the segment; the others follow */
    uint64_t payload_offset;
};

/* A port that leads to a group. */
struct feed {
    uint32_t group, port;
    uint32_t edge;  /* which of the port's readers the group is */
    uint32_t input; /* through which of its inputs */
};

struct input {
    struct weir_schema schema;
    bool ordered; /* what comes here is taken in the order of its numbers */
};

struct group {
    uint32_t seats;
    bool ordered; /* the numbers of its output are those of its only input */
    bool lazy;    /* its worker is started with the first record that is set aside */
    uint32_t members;
    struct member member[GROUP_MEMBERS];
    uint32_t inputs; /* more than one: one seat takes from all of them as it comes */
    bool spread;     /* there is an input for each seat, and a seat takes from its own */
    struct input input[GROUP_INPUTS]; /* a source has none, but as schema what its probe found */
    uint32_t ports;
    bool has_main;  /* port 0 is the last member's stream */
    int aside_port; /* for records that kill their worker, -1: none */
    struct port port[GROUP_PORTS];
    uint64_t splits; /* of a source that any number of seats read: pieces of its input; else 0 */
    uint64_t worker_memory; /* bytes of each worker's own; the supervisor's, not in the text */
    uint32_t sandbox;       /* bits WEIR_SANDBOX_...: what all its members can bear */
    bool confined;          /* and no other may make it wider; the plan's own, not in the text */
    int head_fd;        /* what the probe of a source kept; -1. The supervisor's, not in the text */
    bool irreplaceable; /* known beforehand; a worker may find it out as well */
    /* computed by weir__blueprint_layout */
    struct feed feed[GROUP_FEEDS]; /* what it reads; none: a source */
    uint32_t feeds;
    uint64_t words_offset; /* struct group_words */
    uint64_t split_offset; /* of what stands there for splits */
    uint64_t seat_offset;  /* struct seat_words, one a seat */
};

/* Whether its seats take batches or splits; else its only seat produces. */
static inline bool group_takes(const struct group *group)
{
    return group->inputs > 0 || group->splits > 0;
}

/* Of which of its inputs a batch is that came through `input`, to a stage: where they are spread they
 * are all alike. */
static inline uint32_t group_input(const struct group *group, uint32_t input)
{
    return group->spread ? 0 : input;
}

/* Whether a port is one of those that a stage works for: who reads none of them wants no more. */
static inline bool port_streams(const struct port *port)
{
    return port->kind == PORT_RECORDS || port->kind == PORT_BYTES;
}

struct blueprint_stage {
    char *id;
    const struct weir_stage_type *type;
    bool implicit;        /* a rejects file */
    uint64_t input_bytes; /* of a source; 0: unknown. The supervisor's own, not in the text */
};

struct blueprint {
    char *name;
    char *run_id;
    uint32_t slots, slot_bytes;
    uint32_t split_bytes; /* of the source's pieces, about */
    uint32_t max_record;
    char **file;
    size_t files;
    struct blueprint_stage *stage;
    uint32_t stages;
    struct group *group;
    uint32_t groups;
    /* computed by weir__blueprint_layout */
    uint64_t text_offset;
    uint64_t segment_bytes;
    uint64_t slot_total_bytes;
};

/* Appends a zeroed group, stage. NULL when memory ran out. */
struct group *weir__blueprint_add_group(struct blueprint *blueprint);
struct blueprint_stage *weir__blueprint_add_stage(struct blueprint *blueprint);

/* What people see a group's processes called: the first stage's id, and which part of an expanded
 * stage they are: "read.parse". */
void weir__group_name(const struct blueprint *blueprint, uint32_t group, char *to, size_t room);

/* True if the group's sink has something to publish or to remove at the end of the run. */
bool weir__group_publishes(const struct group *group);

/* True if the group's output is made when its input has ended: sums (WEIR_TOTALS). */
bool weir__group_totals(const struct group *group);

/* True if a seat of the group has a file to keep (WEIR_KEEPS). */
bool weir__group_keeps(const struct group *group);

/* Canonical text, and back. read: 0, WEIR_EOS, or WEIR_EINTERNAL for a text that is not ours. */
void weir__blueprint_write(const struct blueprint *blueprint, struct buf *to);
int weir__blueprint_read(const char *text, struct blueprint *ret);

/* Of a text: tells whether it is still as it was written. */
uint64_t weir__blueprint_hash(const char *text);

/* Computes every offset; text_bytes is what the text takes in the segment. */
void weir__blueprint_layout(struct blueprint *blueprint, size_t text_bytes);

void weir__blueprint_release(struct blueprint *blueprint);

#endif
