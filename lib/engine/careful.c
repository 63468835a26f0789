/*
 * Working on an input that has killed a worker: one record at a time, so that the record that does
 * it can be told; and setting that record aside.
 *
 * What is set aside goes to a port of its own as a frame: how long both parts are, a line of JSON
 * that says what happened, and the record's bytes as they arrived. A frame may take several slots.
 * It is the same bytes whoever makes it, since the supervisor has said what stands in it.
 */
#include "engine/crew.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* base */
#include "base/buf.h"
/* expr */
#include "expr/json_text.h"

bool weir__careful_begins(const struct seat *seat, const struct caution *caution)
{
    bool accused = caution->careful && seat->has_input && seat->input.ring == caution->ring &&
                   seat->input.position == caution->position;
    return accused || seat->now.settled > 0;
}

/* ---- one record at a time ---- */

/* What is left of a batch, and the first record of it as a batch of its own. */
struct division {
    const struct weir_batch *whole;
    uint64_t at; /* records, or bytes of raw input, that stand before `one` */
    uint64_t next;
    uint64_t line;
    struct weir_batch one;
    struct weir_column *column;
};

static void locate_one(const struct weir_batch *batch, uint32_t record, struct weir_position *ret)
{
    const struct division *division = batch->locate_context;
    division->whole->locate(division->whole, (uint32_t)division->at + record, ret);
}

static int divide_begin(struct crew *crew, const struct weir_batch *batch,
                        struct division *division)
{
    *division = (struct division){.whole = batch, .one = *batch};
    division->one.notes = NULL;
    if (batch->column == NULL)
        return 0;
    struct weir_column *column = realloc(crew->column, (batch->columns + 1) * sizeof(*column));
    if (column == NULL)
        return weir_err_set(&crew->err, WEIR_EOS, "out of memory");
    division->column = crew->column = column;
    division->one.column = division->column;
    division->one.records = 1;
    division->one.locate_context = division;
    division->one.locate = batch->locate == NULL ? NULL : locate_one;
    return 0;
}

static bool divide_columns(struct division *division)
{
    const struct weir_batch *whole = division->whole;
    if (division->next == whole->records)
        return false;
    division->at = division->next++;
    for (uint32_t c = 0; c < whole->columns; c++) {
        division->column[c] = whole->column[c];
        if (whole->column[c].entry != NULL)
            division->column[c].entry = whole->column[c].entry + division->at;
    }
    return true;
}

static bool divide_bytes(struct crew *crew, struct division *division)
{
    struct weir_stage *stage = &crew->member[crew->first].stage;
    const struct weir_batch *whole = division->whole;
    uint64_t lines = 0;
    if (division->next == whole->byte_count)
        return false;
    division->at = division->next;
    division->one.bytes = whole->bytes + division->at;
    division->one.byte_count = whole->byte_count - division->at;
    division->one.whole_at = whole->whole_at - division->at;
    division->one.origin.offset = whole->origin.offset + division->at;
    division->one.origin.line = whole->origin.line + division->line;
    size_t bytes = division->one.byte_count;
    if (stage->type->first_record != NULL)
        bytes = stage->type->first_record(stage, &division->one, &lines);
    if (bytes == 0 || bytes > division->one.byte_count)
        bytes = division->one.byte_count;
    division->one.byte_count = bytes;
    division->one.whole_bytes = division->next + bytes > whole->whole_at ? whole->whole_bytes : 0;
    division->next += bytes;
    division->line += lines;
    return true;
}

static bool divide(struct crew *crew, struct division *division)
{
    return division->column != NULL ? divide_columns(division) : divide_bytes(crew, division);
}

static bool is_doomed(const struct crew *crew, uint64_t record)
{
    const struct caution *caution = &crew->caution;
    return caution->doomed && crew->seat->input.ring == caution->ring &&
           crew->seat->input.position == caution->position && record == caution->record;
}

/* What has been set aside is never looked at again, so that is committed at once. */
static int do_without(struct crew *crew, const struct division *division)
{
    crew->doomed = (int)crew->caution.member;
    int code = weir__crew_drive(crew, crew->first, &division->one);
    crew->doomed = -1;
    if (code != 0)
        return code;
    crew->caution.slow = false;
    code = weir__crew_checkpoint(crew, division->next);
    if (crew->notice[0] != '\0')
        fprintf(stderr, "%s and is set aside\n", crew->notice);
    crew->notice[0] = '\0';
    return code;
}

/* Whether output of the record that comes next may have been published by a predecessor. Then it
 * has been worked on once, and is not to be set aside as well. */
static bool is_passing(const struct seat *seat)
{
    for (uint32_t port = 0; port < seat->of->ports; port++) {
        const struct made *made = &seat->out[port].made, *passed = &seat->now.passed[port];
        if (made->bytes < passed->bytes || made->records < passed->records)
            return true;
    }
    return false;
}

int weir__careful_drive(struct crew *crew, const struct weir_batch *batch)
{
    struct division division;
    struct trial *trial = &crew->seat->words->trial;
    int code = divide_begin(crew, batch, &division);
    while (code == 0 && !crew->enough && divide(crew, &division)) {
        if (division.at < crew->seat->now.settled)
            continue;
        bool doomed = is_doomed(crew, division.at);
        trial->record = is_passing(crew->seat) && !doomed ? TRIAL_WHOLE : division.at;
        code = doomed ? do_without(crew, &division)
                      : weir__crew_drive(crew, crew->first, &division.one);
    }
    trial->record = TRIAL_WHOLE;
    return code;
}

/* ---- setting aside ---- */

static void put_json_member(struct buf *to, const char *name, const char *text)
{
    weir__buf_printf(to, "\"%s\":", name);
    weir__json_put_text(to, text, strlen(text));
}

/* Where the record's own bytes are not at hand, its columns stand for them. */
static void put_columns(struct buf *to, const struct weir_schema *schema,
                        const struct weir_batch *in, uint32_t record)
{
    const char *between = "";
    weir__buf_puts(to, ",\"record\":{");
    for (uint32_t c = 0; c < in->columns; c++) {
        if (in->column[c].entry == NULL)
            continue;
        weir__buf_puts(to, between);
        between = ",";
        weir__json_put_text(to, schema->column[c].name, strlen(schema->column[c].name));
        struct weir_value value = weir_value(&in->column[c], record);
        weir__buf_putc(to, ':');
        if (value.data == NULL)
            weir__buf_puts(to, "null");
        else
            weir__json_put_text(to, value.data, value.length);
    }
    weir__buf_putc(to, '}');
}

static void put_account(struct buf *to, struct crew *crew, const struct weir_stage *stage,
                        const struct weir_position *position)
{
    const struct caution *caution = &crew->caution;
    char text[32] = "";
    time_t at = (time_t)caution->time;
    struct tm utc;
    if (gmtime_r(&at, &utc) != NULL)
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    weir__buf_putc(to, '{');
    put_json_member(to, "stage", stage->id);
    if (position->file != UINT32_MAX && position->line != 0) {
        weir__buf_putc(to, ',');
        put_json_member(to, "file", weir_file_name(stage, position->file));
        weir__buf_printf(to, ",\"line\":%" PRIu64 ",\"byte\":%" PRIu64, position->line,
                         position->offset);
    }
    weir__buf_putc(to, ',');
    put_json_member(to, "reason", caution->reason);
    weir__buf_printf(to, ",\"deaths\":%u,", caution->deaths);
    put_json_member(to, "time", text);
    weir__buf_putc(to, ',');
    put_json_member(to, "run", crew->facts.run_id);
}

static int put_bytes(struct crew *crew, const void *bytes, size_t n)
{
    uint32_t port = (uint32_t)crew->group->aside_port;
    struct outlet *out = &crew->seat->out[port];
    for (size_t done = 0; done < n;) {
        if (out->used == out->capacity) {
            int code = weir__crew_commit_part(crew);
            if (code != 0)
                return code;
        }
        size_t room = out->capacity - out->used, some = n - done < room ? n - done : room;
        memcpy(out->bytes + out->used, (const char *)bytes + done, some);
        weir__outlet_add_text(crew->seat, port, some, 0);
        done += some;
    }
    return 0;
}

static int put_frame(struct crew *crew, const struct buf *json, const char *raw, size_t raw_bytes)
{
    struct outlet *out = &crew->seat->out[crew->group->aside_port];
    uint64_t head[2] = {json->len, raw_bytes};
    /* The sink waits for all of a frame. Who makes one must not wait for room at other sinks, so
     * that nothing else is to be published on the way. */
    int code = weir__crew_has_output(crew->seat) ? weir__crew_commit_part(crew) : 0;
    if (code != 0)
        return code;
    out->unfinished = true;
    code = put_bytes(crew, head, sizeof(head));
    if (code == 0)
        code = put_bytes(crew, json->data, json->len);
    if (code == 0)
        code = put_bytes(crew, raw, raw_bytes);
    out->unfinished = false;
    if (code == 0)
        weir__outlet_add_text(crew->seat, (uint32_t)crew->group->aside_port, 0, 1);
    return code;
}

/* What has happened, for people. */
static void tell_deaths(const struct crew *crew, const struct weir_stage *stage,
                        const struct weir_position *position, char *to, size_t room)
{
    const struct caution *caution = &crew->caution;
    char where[300];
    bool known = weir__position_text(stage, position, where, sizeof(where));
    snprintf(to, room, "%s killed %u worker%s in stage '%s' (%s)", known ? where : "a record",
             caution->deaths, caution->deaths == 1 ? "" : "s", stage->id, caution->reason);
}

static int refuse(struct crew *crew, const struct weir_stage *stage,
                  const struct weir_position *position)
{
    char deaths[500];
    tell_deaths(crew, stage, position, deaths, sizeof(deaths));
    weir_err_set(&crew->err, WEIR_EDATA,
                 "%s, and no more records may be set aside (quarantine: max)", deaths);
    snprintf(crew->err.stage, sizeof(crew->err.stage), "%s", stage->id);
    weir__place_record(stage, position, NULL, &crew->err);
    return WEIR_EDATA;
}

/* Record i of what member m was given: where it stood, and its bytes if they are at hand. */
static void find_record(const struct crew *crew, uint32_t m, const struct weir_batch *in,
                        uint32_t i, struct weir_position *ret)
{
    *ret = (struct weir_position){.file = UINT32_MAX};
    if (in->column == NULL && m == crew->first)
        *ret = (struct weir_position){.file = in->origin.file,
                                      .offset = in->origin.offset,
                                      .line = in->origin.line,
                                      .raw = in->bytes,
                                      .raw_bytes = in->byte_count};
    else if (in->locate != NULL)
        in->locate(in, i, ret);
}

static int set_aside(struct crew *crew, uint32_t m, const struct weir_batch *in, uint32_t i)
{
    const struct weir_stage *stage = &crew->member[m].stage;
    struct weir_position position;
    struct buf json;
    find_record(crew, m, in, i, &position);
    if (crew->caution.refused)
        return refuse(crew, stage, &position);
    weir__buf_init(&json);
    put_account(&json, crew, stage, &position);
    if (position.raw == NULL && in->column != NULL)
        put_columns(&json, m == 0 ? weir_input_schema(stage, in->input) : stage->in, in, i);
    weir__buf_puts(&json, "}\n");
    int code = json.failed ? weir_err_set(&crew->err, WEIR_EOS, "out of memory")
                           : put_frame(crew, &json, position.raw,
                                       position.raw == NULL ? 0 : position.raw_bytes);
    weir__buf_release(&json);
    crew->member[m].counts.quarantined++;
    /* Said once it is committed. */
    tell_deaths(crew, stage, &position, crew->notice, sizeof(crew->notice));
    return code;
}

int weir__careful_set_aside(struct crew *crew, uint32_t m, const struct weir_batch *in)
{
    struct crew_member *member = &crew->member[m];
    bool raw = in->column == NULL;
    uint32_t records = raw ? 1 : in->records;
    for (uint32_t i = 0; i < records; i++) {
        int code = set_aside(crew, m, in, i);
        if (code != 0)
            return code;
    }
    member->counts.in += records;
    return 0;
}
