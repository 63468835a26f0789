#include "engine/stats.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* flow */
#include "flow/ring.h"

/* A member's counts over all seats of its group. */
static struct member_counts member_total(const struct run_view *view, uint32_t g, uint32_t m)
{
    struct member_counts sum = {0};
    for (uint32_t seat = 0; seat < view->blueprint->group[g].seats; seat++) {
        const struct ledger_copy *ledger = weir__view_ledger(view, g, seat);
        weir__counts_add(&sum, &ledger->total[m]);
        weir__counts_add(&sum, &ledger->open[m]);
    }
    return sum;
}

static bool is_source(const struct member *member)
{
    return (member->type->traits & WEIR_SOURCE) != 0;
}

static bool is_sink(const struct member *member)
{
    return (member->type->traits & WEIR_SINK) != 0;
}

/* A source of bytes has no records: those that its parser finds are the stage's input. */
static bool counts_records(const struct member *member)
{
    return !is_source(member) || !member->raw_out;
}

/* ---- the graph, member by member ---- */

/* A walk along the groups: what the one before has emitted is what the next must have taken. */
struct walk {
    const struct run_view *view;
    struct weir_receipt *receipt;
    struct weir_stage_stats *stats; /* of the user's stage that the walk is in */
    uint32_t stage;
    bool known; /* emitted is a number of records */
    uint64_t emitted;
};

/* What has gone through a port that has no member's count of its own. */
static uint64_t through_port(const struct run_view *view, uint32_t g, uint32_t port)
{
    uint64_t sum = 0;
    for (uint32_t seat = 0; seat < view->blueprint->group[g].seats; seat++) {
        const struct ledger_copy *ledger = weir__view_ledger(view, g, seat);
        sum += ledger->emitted[port] + ledger->passed[port].records;
    }
    return sum;
}

static uint64_t set_aside(const struct run_view *view, uint32_t g)
{
    uint64_t sum = 0;
    for (uint32_t m = 0; m < view->blueprint->group[g].members; m++)
        sum += member_total(view, g, m).quarantined;
    return sum;
}

/* What a port has emitted, in the words of who counts it. False: it is not known in records. */
static bool emitted_by(const struct run_view *view, const struct feed *feed, uint64_t *ret)
{
    const struct group *group = &view->blueprint->group[feed->group];
    const struct port *port = &group->port[feed->port];
    const struct member *member = &group->member[port->member];
    if (port->kind == PORT_REJECTS)
        *ret = member_total(view, feed->group, port->member).rejected;
    else if (port->kind == PORT_ASIDE)
        *ret = set_aside(view, feed->group);
    else if (port->output > 0)
        *ret = through_port(view, feed->group, feed->port);
    else
        *ret = member_total(view, feed->group, port->member).out;
    return port->kind != PORT_BYTES || counts_records(member);
}

/* What must have come to a group. */
static void begin_group(struct walk *walk, uint32_t g)
{
    const struct group *group = &walk->view->blueprint->group[g];
    walk->known = group->feeds > 0;
    walk->emitted = 0;
    for (uint32_t f = 0; f < group->feeds; f++) {
        uint64_t records = 0;
        walk->known = emitted_by(walk->view, &group->feed[f], &records) && walk->known;
        walk->emitted += records;
    }
}

/* Adds what a member has put out beside its stream. */
static void add_ports(struct weir_stage_stats *stats, const struct run_view *view, uint32_t g,
                      uint32_t m)
{
    const struct group *group = &view->blueprint->group[g];
    for (uint32_t p = 0; p < group->ports && stats->ports < WEIR_PORTS_MOST; p++) {
        const struct port *port = &group->port[p];
        if (port->kind != PORT_RECORDS || port->output == 0 || port->member != m)
            continue;
        stats->port[stats->ports++] =
            (struct weir_port_stats){.name = port->name, .out = through_port(view, g, p)};
    }
}

static bool any_done(const struct run_view *view, uint32_t g)
{
    for (uint32_t seat = 0; seat < view->blueprint->group[g].seats; seat++)
        if (word_load(&view_seat(view, g, seat)->done, STEP_DONE_LOAD) != 0)
            return true;
    return false;
}

/* Records that were emitted and never taken, because the taker had enough. They are dropped. */
static uint64_t left_behind(const struct walk *walk, uint32_t g, uint32_t m,
                            const struct member_counts *counts)
{
    const struct group *group = &walk->view->blueprint->group[g];
    if (m > 0 || !walk->known || group->feeds == 0 || walk->emitted <= counts->in ||
        !any_done(walk->view, g))
        return 0;
    return walk->emitted - counts->in;
}

static bool counts_for(const struct member *before, const struct member *member)
{
    return before->stage == member->stage && counts_records(before);
}

/* Whether a member is one through which records come into its stage: none of the stage's that
 * counts them stands before it. */
static bool comes_in(const struct blueprint *blueprint, uint32_t g, uint32_t m)
{
    const struct group *group = &blueprint->group[g];
    const struct member *member = &group->member[m];
    if (m > 0)
        return !counts_for(member - 1, member);
    for (uint32_t f = 0; f < group->feeds; f++) {
        const struct group *producer = &blueprint->group[group->feed[f].group];
        const struct port *port = &producer->port[group->feed[f].port];
        if (counts_for(&producer->member[port->member], member))
            return false;
    }
    return true;
}

static void walk_member(struct walk *walk, uint32_t g, uint32_t m)
{
    const struct member *member = &walk->view->blueprint->group[g].member[m];
    struct weir_stage_stats *stats = walk->stats;
    struct member_counts counts = member_total(walk->view, g, m);
    if (is_source(member) || is_sink(member))
        stats->bytes += counts.bytes;
    stats->slow_bytes += counts.slow_bytes;
    if (!counts_records(member))
        return;
    if (is_source(member))
        counts.in = counts.out + counts.rejected;
    uint64_t queued = left_behind(walk, g, m, &counts);
    if (walk->known && walk->emitted != counts.in + queued)
        walk->receipt->balanced = false;
    if (comes_in(walk->view->blueprint, g, m))
        stats->in += counts.in + queued;
    stats->dropped += counts.dropped + queued;
    stats->null_dropped += counts.null_dropped;
    stats->rejected += counts.rejected;
    stats->failed += counts.failed;
    stats->quarantined += counts.quarantined;
    add_ports(stats, walk->view, g, m);
    stats->out = counts.out;
    for (size_t p = 0; p < stats->ports; p++)
        stats->out += stats->port[p].out;
    walk->emitted = counts.out;
    walk->known = true;
}

/* The group whose time is the stage's: a source's first, a sink's last, else the one that it
 * computes in. */
static void set_shares(struct weir_stage_stats *stats, const struct run_view *view, uint32_t g,
                       uint64_t elapsed_ns)
{
    const struct group *group = &view->blueprint->group[g];
    uint64_t in_ns = 0, out_ns = 0, slots = 0, waiting = 0;
    for (uint32_t seat = 0; seat < group->seats; seat++) {
        const struct ledger_copy *ledger = weir__view_ledger(view, g, seat);
        in_ns += ledger->wait_in_ns;
        out_ns += ledger->wait_out_ns;
    }
    uint64_t whole = elapsed_ns * group->seats;
    if (whole > 0) {
        stats->wait_in_percent = (uint32_t)(in_ns * 100 / whole);
        stats->wait_out_percent = (uint32_t)(out_ns * 100 / whole);
        uint32_t waits = stats->wait_in_percent + stats->wait_out_percent;
        stats->busy_percent = waits > 100 ? 0 : 100 - waits;
    }
    stats->workers = group->seats;
    for (uint32_t f = 0; f < group->feeds; f++)
        for (uint32_t seat = 0; seat < view->blueprint->group[group->feed[f].group].seats; seat++) {
            struct ring ring =
                weir__view_ring(view, group->feed[f].group, seat, group->feed[f].port);
            ring.edge = group->feed[f].edge;
            waiting += weir__ring_waiting(&ring);
            slots += ring.slots;
        }
    stats->queue_percent = slots == 0 ? 0 : (uint32_t)(waiting * 100 / slots);
}

static bool owns_time(const struct weir_stage_stats *stats, const struct group *group, uint32_t m)
{
    if (stats->source)
        return is_source(&group->member[m]);
    return stats->sink ? is_sink(&group->member[m]) || stats->workers == 0 : true;
}

static void read_published(struct weir_stage_stats *stats, const struct run_view *view, uint32_t g)
{
    const struct seat_words *words = view_seat(view, g, 0);
    const char *path = words->published;
    if (path[0] != '\0' && memchr(path, '\0', sizeof(words->published)) != NULL)
        stats->published = path;
}

/* ---- the whole ---- */

struct weir_receipt *weir__receipt_new(const struct run_view *view)
{
    struct weir_receipt *receipt = calloc(1, sizeof(*receipt));
    struct weir_stage_stats *stage = calloc(view->blueprint->stages, sizeof(*stage));
    if (receipt == NULL || stage == NULL) {
        free(receipt);
        free(stage);
        return NULL;
    }
    receipt->stage = stage;
    receipt->stages = view->blueprint->stages;
    receipt->name = view->blueprint->name;
    receipt->run_id = view->blueprint->run_id;
    return receipt;
}

static void begin_stage(struct weir_stage_stats *stats, const struct blueprint *blueprint,
                        uint32_t s)
{
    *stats = (struct weir_stage_stats){.id = blueprint->stage[s].id,
                                       .type = blueprint->stage[s].type->name,
                                       .slow_way = blueprint->stage[s].type->slow_way};
    for (uint32_t g = 0; g < blueprint->groups; g++)
        for (uint32_t m = 0; m < blueprint->group[g].members; m++) {
            const struct member *member = &blueprint->group[g].member[m];
            if (member->stage != s)
                continue;
            stats->source = stats->source || is_source(member);
            stats->sink = stats->sink || is_sink(member);
        }
    stats->bytes_total = blueprint->stage[s].input_bytes;
}

static void walk_group(struct walk *walk, uint32_t g)
{
    const struct blueprint *blueprint = walk->view->blueprint;
    const struct group *group = &blueprint->group[g];
    begin_group(walk, g);
    for (uint32_t m = 0; m < group->members; m++) {
        const struct member *member = &group->member[m];
        if (member->stage != walk->stage) {
            walk->stage = member->stage;
            walk->stats = (struct weir_stage_stats *)(uintptr_t)&walk->receipt->stage[walk->stage];
        }
        walk->stats->quarantine = group->lazy;
        walk_member(walk, g, m);
        if (owns_time(walk->stats, group, m))
            set_shares(walk->stats, walk->view, g, walk->receipt->elapsed_ns);
    }
    read_published(walk->stats, walk->view, g);
}

void weir__receipt_read(struct weir_receipt *receipt, const struct run_view *view)
{
    const struct blueprint *blueprint = view->blueprint;
    struct weir_stage_stats *stage = (struct weir_stage_stats *)(uintptr_t)receipt->stage;
    struct walk walk = {.view = view, .receipt = receipt, .stage = UINT32_MAX};
    receipt->balanced = true;
    for (uint32_t s = 0; s < blueprint->stages; s++)
        begin_stage(&stage[s], blueprint, s);
    for (uint32_t g = 0; g < blueprint->groups; g++)
        walk_group(&walk, g);
    for (uint32_t s = 0; s < blueprint->stages; s++) {
        struct weir_stage_stats *one = &stage[s];
        uint64_t other = one->dropped + one->rejected + one->failed + one->quarantined;
        receipt->balanced = receipt->balanced && other <= one->in;
        one->used = other <= one->in ? one->in - other : 0;
    }
    /* Most runs have nothing to set aside, and nobody who would take it. */
    const struct weir_stage_stats *last = &stage[blueprint->stages - 1];
    receipt->stages = blueprint->stages - (last->quarantine && last->in == 0);
}

static bool own(const char **text)
{
    *text = *text == NULL ? NULL : strdup(*text);
    return *text != NULL;
}

int weir__receipt_own(struct weir_receipt *receipt)
{
    struct weir_stage_stats *stage = (struct weir_stage_stats *)(uintptr_t)receipt->stage;
    bool whole = own(&receipt->name);
    whole = own(&receipt->run_id) && whole;
    for (size_t s = 0; s < receipt->stages; s++) {
        whole = own(&stage[s].id) && whole;
        whole = own(&stage[s].type) && whole;
        for (size_t p = 0; p < stage[s].ports; p++)
            whole = own(&stage[s].port[p].name) && whole;
        if (stage[s].slow_way != NULL)
            whole = own(&stage[s].slow_way) && whole;
        if (stage[s].published != NULL)
            whole = own(&stage[s].published) && whole;
    }
    return whole ? 0 : WEIR_EOS;
}

const struct weir_stage_stats *weir_receipt_stage(const struct weir_receipt *receipt, size_t i)
{
    return i < receipt->stages ? &receipt->stage[i] : NULL;
}

void weir_receipt_free(struct weir_receipt *receipt)
{
    if (receipt == NULL)
        return;
    for (size_t s = 0; s < receipt->stages; s++) {
        free((void *)(uintptr_t)receipt->stage[s].id);
        free((void *)(uintptr_t)receipt->stage[s].type);
        for (size_t p = 0; p < receipt->stage[s].ports; p++)
            free((void *)(uintptr_t)receipt->stage[s].port[p].name);
        free((void *)(uintptr_t)receipt->stage[s].slow_way);
        free((void *)(uintptr_t)receipt->stage[s].published);
    }
    free((void *)(uintptr_t)receipt->stage);
    free((void *)(uintptr_t)receipt->name);
    free((void *)(uintptr_t)receipt->run_id);
    free(receipt);
}

/* ---- the verdict ---- */

static bool beyond(const struct limit *limit, uint64_t count, uint64_t in)
{
    if (!limit->percent)
        return count > limit->value;
    return (double)count > (double)in * (double)limit->value / 1e6;
}

/* The first rejects file that has something in it, or NULL. */
static const char *rejects_file(const struct weir_receipt *receipt)
{
    for (size_t s = receipt->stages; s-- > 0;)
        if (strstr(receipt->stage[s].id, ".rejects") != NULL && receipt->stage[s].in > 0)
            return receipt->stage[s].published;
    return NULL;
}

static const char *quarantine_file(const struct weir_receipt *receipt)
{
    const struct weir_stage_stats *last = &receipt->stage[receipt->stages - 1];
    return last->quarantine && last->published != NULL ? last->published : "the quarantine";
}

int weir__receipt_judge(struct weir_receipt *receipt, const struct weir_pipeline *pipeline)
{
    uint64_t in = 0, rejected = 0, failed = 0, quarantined = 0;
    for (size_t s = 0; s < receipt->stages; s++) {
        const struct weir_stage_stats *stage = &receipt->stage[s];
        in += stage->source ? stage->in : 0;
        rejected += stage->rejected;
        failed += stage->failed;
        quarantined += stage->quarantined;
    }
    char *to = receipt->verdict;
    size_t room = sizeof(receipt->verdict);
    const char *file = rejects_file(receipt);
    if (beyond(&pipeline->max_rejected, rejected, in))
        snprintf(to, room,
                 "%" PRIu64 " record%s rejected (%s%s%srun: max_rejected would allow them)",
                 rejected, rejected == 1 ? "" : "s", file == NULL ? "" : "see ",
                 file == NULL ? "" : file, file == NULL ? "" : "; ");
    else if (quarantined > 0 && beyond(&pipeline->max_failed, failed + quarantined, in))
        snprintf(to, room,
                 "%" PRIu64 " record%s killed %s workers and %s set aside (see %s; run: max_failed "
                 "would allow it)",
                 quarantined, quarantined == 1 ? "" : "s", quarantined == 1 ? "its" : "their",
                 quarantined == 1 ? "is" : "are", quarantine_file(receipt));
    else if (beyond(&pipeline->max_failed, failed, in))
        snprintf(to, room, "%" PRIu64 " record%s failed (run: max_failed would allow them)", failed,
                 failed == 1 ? "" : "s");
    else
        return 0;
    return 1;
}
