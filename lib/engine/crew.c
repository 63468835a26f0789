#include "engine/crew.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* base */
#include "base/clock.h"

enum { TEXT_ROOM = 64 << 10 }; /* what a stage with raw output is promised at least */

static struct ledger_copy *now(struct crew *crew)
{
    return &crew->seat->now;
}

/* ---- commits ---- */

static int secure(struct crew *crew)
{
    return weir__seat_secure(crew->seat) == SEAT_DISCARD ? CREW_DISCARD : 0;
}

static void note_counts(struct crew *crew)
{
    for (uint32_t m = 0; m < crew->group->members; m++)
        now(crew)->open[m] = crew->member[m].counts;
}

/* What has been done becomes the seat's with the next commit. */
static void settle(struct crew *crew)
{
    note_counts(crew);
    weir__seat_settle(crew->seat);
    for (uint32_t m = 0; m < crew->group->members; m++) {
        struct crew_member *member = &crew->member[m];
        member->counts = (struct member_counts){0};
        memcpy(now(crew)->state[m], member->state, member->stage.type->state_bytes);
    }
}

/* Commits what there is as a part. */
static void commit_output(struct crew *crew)
{
    note_counts(crew);
    weir__seat_commit(crew->seat, false);
}

int weir__crew_commit_part(struct crew *crew)
{
    commit_output(crew);
    return secure(crew);
}

int weir__crew_checkpoint(struct crew *crew, uint64_t settled)
{
    settle(crew);
    now(crew)->settled = settled;
    weir__seat_commit(crew->seat, false);
    return secure(crew);
}

bool weir__crew_has_output(const struct seat *seat)
{
    for (uint32_t port = 0; port < seat->of->ports; port++)
        if (seat->out[port].used > 0 || seat->out[port].records > 0)
            return true;
    return false;
}

/* ---- one call of a member ---- */

/* The member's rejects go to the free bytes of its port's slot. */
static void begin_call(struct crew *crew, uint32_t m)
{
    struct crew_member *member = &crew->member[m];
    member->stage.count = (struct weir_counts){0};
    member->runtime.rejected = 0;
    if (member->stage.type->outputs != NULL)
        memset(member->output, 0, sizeof(member->output));
    if (member->reject_port < 0)
        return;
    const struct outlet *out = &crew->seat->out[member->reject_port];
    member->runtime.rejects_done =
        weir__outlet_pass_records(crew->seat, (uint32_t)member->reject_port, UINT32_MAX);
    member->room = (struct reject_room){
        .bytes = out->bytes, .capacity = out->capacity, .used = out->used, .rows = out->records};
}

static void end_call(struct crew *crew, uint32_t m)
{
    struct crew_member *member = &crew->member[m];
    const struct weir_counts *count = &member->stage.count;
    struct member_counts made = {.in = count->in,
                                 .dropped = count->dropped,
                                 .null_dropped = count->null_dropped,
                                 .rejected = member->runtime.rejected,
                                 .failed = count->failed,
                                 .bytes = count->bytes,
                                 .slow_bytes = count->slow_bytes};
    weir__counts_add(&member->counts, &made);
    if (member->reject_port >= 0) {
        struct outlet *out = &crew->seat->out[member->reject_port];
        out->used = (uint32_t)member->room.used;
        out->records = member->room.rows;
        out->made.records += member->runtime.rejected;
    }
}

/* ---- output ---- */

static void aim(struct crew *crew, struct weir_output *out)
{
    struct outlet *slot = &crew->seat->out[0];
    *out = (struct weir_output){.bytes = slot->bytes + slot->used,
                                .capacity = slot->capacity - slot->used,
                                .origin = {.file = UINT32_MAX}};
}

static int pack_oversize(struct crew *crew, uint32_t port, const struct weir_batch *batch,
                         uint32_t *record)
{
    struct outlet *slot = &crew->seat->out[port];
    if (weir__seat_oversize(crew->seat, port) == SEAT_DISCARD)
        return CREW_DISCARD;
    struct weir_batch one = *batch;
    one.records = *record + 1;
    size_t bytes = weir__pack(&crew->packing[port], &one, record, slot->bytes, slot->capacity);
    if (bytes == 0)
        return weir_err_set(
            &crew->err, WEIR_EDATA, "stage '%s': a record is larger than max_record (%zu bytes)",
            crew->member[crew->group->port[port].member].stage.id, crew->facts.max_record);
    slot->used = (uint32_t)bytes;
    slot->records = 1;
    return 0;
}

/* Records for a port: packed into slots, one batch or part of one a slot. */
static int pack(struct crew *crew, uint32_t port, const struct weir_batch *batch)
{
    struct outlet *slot = &crew->seat->out[port];
    uint32_t done = weir__outlet_pass_records(crew->seat, port, batch->records);
    slot->made.records += done;
    while (done < batch->records) {
        int code = slot->used > 0 ? weir__crew_commit_part(crew) : 0;
        if (code != 0)
            return code;
        uint32_t record = done;
        slot->origin = batch->origin;
        size_t bytes =
            weir__pack(&crew->packing[port], batch, &record, slot->bytes, slot->capacity);
        slot->used = (uint32_t)bytes;
        slot->records = record - done;
        if (bytes == 0 && (code = pack_oversize(crew, port, batch, &record)) != 0)
            return code;
        slot->made.records += record - done;
        done = record;
    }
    return 0;
}

/* ---- driving ---- */

/* Whether the last member writes text into the slot itself. */
static bool writes_text(const struct crew *crew, uint32_t m)
{
    return m + 1 == crew->group->members && crew->group->has_main &&
           crew->group->port[0].kind == PORT_BYTES;
}

/* What a member has put out beside its stream, for the ports that somebody reads. */
static int pass_outputs(struct crew *crew, uint32_t m)
{
    int code = 0;
    for (uint32_t p = crew->group->has_main; p < crew->group->ports && code == 0; p++) {
        const struct port *port = &crew->group->port[p];
        if (port->kind == PORT_RECORDS && port->member == m)
            code = pack(crew, p, &crew->member[m].output[port->output - 1]);
    }
    return code;
}

/* Hands on what a member has put out. */
static int pass_on(struct crew *crew, uint32_t m, const struct weir_output *out)
{
    int code = crew->member[m].stage.type->outputs == NULL ? 0 : pass_outputs(crew, m);
    if (code != 0)
        return code;
    if (m + 1 < crew->group->members)
        return out->batch.records > 0 ? weir__crew_drive(crew, m + 1, &out->batch) : 0;
    if (writes_text(crew, m))
        weir__outlet_add_text(crew->seat, 0, out->used, out->records);
    else if (crew->group->has_main)
        return pack(crew, 0, &out->batch);
    return 0;
}

/* A last member that writes text is promised some room. */
static int ensure_room(struct crew *crew, uint32_t m)
{
    const struct outlet *slot = &crew->seat->out[0];
    uint32_t least = slot->capacity / 4 < TEXT_ROOM ? slot->capacity / 4 : TEXT_ROOM;
    return writes_text(crew, m) && slot->used > 0 && slot->capacity - slot->used < least
               ? weir__crew_commit_part(crew)
               : 0;
}

/* Between two calls for the same input: a full slot, or rejects that need room, are committed. */
static int between_calls(struct crew *crew, uint32_t m, bool moved)
{
    const struct crew_member *member = &crew->member[m];
    bool crowded = member->reject_port >= 0 && member->room.used > member->room.capacity / 2;
    if (!moved && !weir__crew_has_output(crew->seat))
        return weir_err_set(&crew->err, WEIR_EINTERNAL, "stage '%s' makes no progress",
                            member->stage.id);
    return writes_text(crew, m) || crowded || !moved ? weir__crew_commit_part(crew) : 0;
}

static uint64_t records_of(const struct crew *crew, uint32_t m, const struct weir_output *out)
{
    return writes_text(crew, m) ? out->records : out->batch.records;
}

/* The supervisor sees what is worked on, and since when. */
static int process(struct crew *crew, uint32_t m, const struct weir_batch *in, uint64_t *cursor,
                   struct weir_output *out)
{
    struct weir_stage *stage = &crew->member[m].stage;
    struct trial *trial = &crew->seat->words->trial;
    word_store(&trial->running, trial_running(weir__now_ns() / 1000, m), STEP_RUNNING_STORE);
    int progress = stage->type->process(stage, in, cursor, out);
    /* A record that wants more memory than a worker may have kills it. */
    if (progress == WEIR_EOS && crew->group->aside_port >= 0)
        _exit(CREW_NO_MEMORY);
    word_store(&trial->running, 0, STEP_RUNNING_STORE);
    return progress;
}

int weir__crew_drive(struct crew *crew, uint32_t m, const struct weir_batch *in)
{
    struct crew_member *member = &crew->member[m];
    uint64_t cursor = 0, counted = member->counts.in;
    if (crew->doomed == (int)m)
        return weir__careful_set_aside(crew, m, in);
    while (cursor != UINT64_MAX && !crew->enough) {
        int code = ensure_room(crew, m);
        if (code != 0)
            return code;
        struct weir_output out = {0};
        if (crew->group->has_main && m + 1 == crew->group->members)
            aim(crew, &out);
        out.other = member->output;
        uint64_t stopped = cursor;
        begin_call(crew, m);
        int progress = process(crew, m, in, &stopped, &out);
        if (progress < 0)
            return progress;
        end_call(crew, m);
        if ((code = pass_on(crew, m, &out)) != 0)
            return code;
        member->counts.out += records_of(crew, m, &out);
        crew->enough = crew->enough || progress == WEIR_ENOUGH;
        bool moved = stopped != cursor;
        cursor = stopped;
        if (cursor != UINT64_MAX && !crew->enough && (code = between_calls(crew, m, moved)) != 0)
            return code;
    }
    if (member->counts.in == counted) /* else it has counted what it found in raw bytes */
        member->counts.in += in->records;
    return 0;
}

/* ---- transactions ---- */

/* The batch in the slot that is in hand. What its header says is checked before it is used. */
static int batch_in_slot(struct crew *crew, struct weir_batch *ret)
{
    struct seat *seat = crew->seat;
    const struct ring *ring = &seat->ring[seat->input.ring];
    struct slot_facts facts = ring_slot(ring, seat->input.position)->facts;
    atomic_signal_fence(memory_order_seq_cst); /* loaded once: not again behind the checks */
    struct weir_position origin = {.file = facts.file, .offset = facts.offset, .line = facts.line};
    bool large = facts.oversize != 0 && ring->area != NULL;
    const char *bytes = large ? ring->area : ring_payload(ring, seat->input.position);
    if (facts.bytes > (large ? ring->area_bytes : ring->slot_bytes))
        return weir_err_set(&crew->err, WEIR_EINTERNAL, "a slot's header is damaged");
    const struct weir_schema *in =
        &crew->group->input[group_input(crew->group, seat->input_edge)].schema;
    if (in->raw || facts.bytes == 0) {
        *ret = (struct weir_batch){.records = facts.records,
                                   .bytes = bytes,
                                   .byte_count = facts.bytes,
                                   .origin = origin,
                                   .whole_bytes = facts.whole_bytes};
        return 0;
    }
    const struct group *producer = &seat->view->blueprint->group[ring->owner_group];
    const struct columns *columns = &producer->port[ring->owner_port].columns;
    int code = columns->count != in->columns
                   ? WEIR_EINTERNAL
                   : weir__unpack(&crew->unpacked, columns->needed, in->columns, bytes, facts.bytes,
                                  &origin);
    if (code < 0)
        return weir_err_set(&crew->err, code, "a slot's records are damaged");
    *ret = crew->unpacked.batch;
    ret->input = group_input(crew->group, seat->input_edge);
    return 0;
}

/* What is in hand as a batch. 0, or what the crew is to return; CREW_UNWANTED. */
static int batch_in_hand(struct crew *crew, struct weir_batch *ret)
{
    struct weir_stage *reader = &crew->member[0].stage;
    if (crew->first == 0)
        return batch_in_slot(crew, ret);
    if (crew->seat->input.number.n >= crew->group->splits)
        return CREW_ENDS_HERE; /* behind all splits: the seat's own end */
    begin_call(crew, 0);
    *ret = (struct weir_batch){0};
    int code = reader->type->read_split(reader, crew->seat->input.number.n, ret);
    end_call(crew, 0);
    return code == WEIR_ENOUGH ? CREW_UNWANTED : code;
}

/* Of an input that is given up in the middle, maybe by a successor of whom worked on it: what a
 * member has passed on, dropped or set aside it has taken, and so has everybody before it. */
static void close_books(struct ledger_copy *ledger, const struct group *group)
{
    uint64_t out = group->has_main ? ledger->passed[0].records : 0;
    for (uint32_t m = group->members; m-- > 0; out = ledger->open[m].in) {
        struct member_counts *counts = &ledger->open[m];
        counts->out = out > counts->out ? out : counts->out;
        uint64_t taken = counts->out + counts->dropped + counts->rejected + counts->quarantined;
        for (uint32_t p = group->has_main; p < group->ports; p++)
            if (group->port[p].kind == PORT_RECORDS && group->port[p].member == m)
                taken += ledger->passed[p].records;
        counts->in = taken > counts->in ? taken : counts->in;
    }
}

int weir__crew_abandon(struct crew *crew)
{
    struct seat *seat = crew->seat;
    weir__seat_roll_back(seat);
    close_books(now(crew), crew->group);
    for (uint32_t m = 0; m < crew->group->members; m++) {
        struct crew_member *member = &crew->member[m];
        member->counts = (struct member_counts){0};
        memcpy(member->state, now(crew)->state[m], MEMBER_STATE);
    }
    if (!seat->has_input)
        return 0;
    int code = secure(crew);
    if (code == 0)
        weir__seat_pass_empty(seat);
    return code;
}

static void begin_trial(struct crew *crew)
{
    for (uint32_t m = 0; m < crew->group->members; m++)
        crew->member[m].runtime.number = crew->seat->input.number.n;
    struct trial *trial = &crew->seat->words->trial;
    trial->ring = crew->seat->input.ring;
    trial->position = crew->seat->input.position;
    trial->record = TRIAL_WHOLE;
}

/*
 * Without order, or with several inputs, a seat need not wait for the rest of a number where each
 * slot stands for itself. And it must not: a sink that waits for one producer, who waits for room at
 * another sink, which waits for another producer, who waits for room at the first, would wait for
 * ever.
 */
static bool is_apart(const struct seat *seat)
{
    if (seat->of->ordered || seat->of->inputs == 0)
        return false;
    const struct ring *ring = &seat->ring[seat->input.ring];
    return seat->view->blueprint->group[ring->owner_group].port[ring->owner_port].apart;
}

int weir__crew_process(struct crew *crew)
{
    struct seat *seat = crew->seat;
    struct weir_batch batch;
    int code = batch_in_hand(crew, &batch);
    if (code == CREW_ENDS_HERE)
        return WEIR_DONE;
    if (code == CREW_UNWANTED)
        return (code = weir__crew_abandon(crew)) == 0 ? WEIR_MORE : code;
    if (code != 0)
        return code;
    begin_trial(crew);
    if (seat->of->ordered)
        seat->now.number = seat->input.number.n;
    seat->now.expects_part = false;
    if ((code = secure(crew)) != 0)
        return code;
    if (batch.byte_count > 0 || (batch.column != NULL && batch.records > 0))
        code = crew->careful ? weir__careful_drive(crew, &batch)
                             : weir__crew_drive(crew, crew->first, &batch);
    /* What stood before a record that ends the run goes on: a limit may be reached with it. */
    if (code < 0 && weir__crew_has_output(seat))
        commit_output(crew);
    if (code != 0)
        return code;
    bool last = seat->input.number.last || is_apart(seat);
    crew->careful = crew->careful && crew->caution.slow;
    settle(crew);
    weir__seat_end_input(seat);
    seat->now.expects_part = !last;
    seat->now.enough = seat->now.done = crew->enough;
    weir__seat_commit(seat, last || crew->enough);
    return crew->enough ? WEIR_DONE : WEIR_MORE;
}

int weir__crew_produce(struct crew *crew)
{
    struct seat *seat = crew->seat;
    struct crew_member *member = &crew->member[0];
    int code = secure(crew);
    if (code != 0)
        return code;
    struct weir_output out;
    aim(crew, &out);
    begin_call(crew, 0);
    int progress = member->stage.type->produce(&member->stage, &out);
    if (progress < 0 || progress == CREW_DISCARD)
        return progress;
    end_call(crew, 0);
    if ((code = pass_on(crew, 0, &out)) != 0)
        return code;
    if (writes_text(crew, 0)) {
        seat->out[0].origin = out.origin;
        seat->out[0].whole_bytes = out.whole_bytes;
    }
    member->counts.out += records_of(crew, 0, &out);
    settle(crew);
    weir__seat_commit(seat, seat->out[0].used > 0);
    return progress;
}

static uint64_t last_number(const struct seat *seat)
{
    if (seat->has_input)
        return seat->input.number.n;
    if (!group_takes(seat->of) || !seat->of->ordered)
        return seat->now.number;
    return word_load(seat->edge[0].next, STEP_NEXT_LOAD) + seat->seat;
}

/* What a member has put out at its end is settled before it puts out more. Where the numbers are
 * the seat's own each is one of them; else all are parts of its last. */
static int commit_finished(struct crew *crew)
{
    struct seat *seat = crew->seat;
    settle(crew);
    weir__seat_commit(seat, !seat->of->ordered || weir__group_totals(seat->of));
    return secure(crew);
}

/* 0, CREW_UNWANTED or what went wrong. */
static int finish_member(struct crew *crew, uint32_t m)
{
    struct crew_member *member = &crew->member[m];
    int progress = WEIR_MORE, code = 0;
    if (member->stage.type->finish == NULL)
        return 0;
    while (progress == WEIR_MORE) {
        struct weir_output out = {0};
        if (crew->group->has_main && m + 1 == crew->group->members)
            aim(crew, &out);
        out.other = member->output;
        begin_call(crew, m);
        progress = member->stage.type->finish(&member->stage, &out);
        if (progress < 0)
            return progress;
        end_call(crew, m);
        if ((code = pass_on(crew, m, &out)) != 0)
            return code;
        member->counts.out += records_of(crew, m, &out);
        if (progress == WEIR_MORE && (code = commit_finished(crew)) != 0)
            return code;
        if (progress == WEIR_MORE && weir__seat_unwanted(crew->seat))
            return CREW_UNWANTED;
    }
    return 0;
}

int weir__crew_finish(struct crew *crew, bool early)
{
    struct seat *seat = crew->seat;
    bool inside = early && seat->now.expects_part &&
                  !seat->now.enough; /* of a number, which others wait for the end of */
    int code = early && !inside ? 0 : secure(crew);
    if (code != 0)
        return code;
    if (inside) {
        seat->now.expects_part = false;
        weir__seat_commit(seat, true);
    }
    seat->now.number = last_number(seat);
    for (uint32_t m = 0; m < crew->group->members && code == 0; m++)
        if (!early || (crew->member[m].stage.type->traits & WEIR_SINK) != 0)
            code = finish_member(crew, m);
    if (code == CREW_UNWANTED)
        early = true;
    else if (code != 0)
        return code;
    settle(crew);
    seat->now.last = true;
    seat->now.done = early || seat->now.enough;
    if (seat->has_input)
        weir__seat_end_input(seat);
    /* Who ends early has no number of its own on a port that goes by numbers. */
    for (uint32_t port = 0; seat->now.done && port < seat->of->ports; port++)
        if (early || !seat->of->port[port].seldom)
            seat->out[port].secured = false;
    weir__seat_commit(seat, !early);
    return 0;
}

int weir__crew_publish(struct crew *crew, bool keep)
{
    struct seat_words *words = crew->seat->words;
    for (uint32_t m = 0; m < crew->group->members; m++) {
        struct crew_member *member = &crew->member[m];
        if (member->stage.type == NULL || member->stage.type->publish == NULL)
            continue;
        const char *path = NULL;
        int code = member->stage.type->publish(&member->stage, keep, &path);
        if (path != NULL)
            snprintf(words->published, sizeof(words->published), "%s", path);
        if (code < 0)
            return code;
    }
    return 0;
}
