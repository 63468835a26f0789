/*
 * join: both inputs are written to the kept file as they come, since none of them may be waited for.
 * At the end the records of the right one get an index in memory; then those of the left one are
 * read in their order, and for each the right ones of its key.
 */
#include "kept/join.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>

#include "file/hash.h"
#include "file/kept.h"
#include "kept/columns.h"

#include "kept/values.h"

enum { LEFT, RIGHT, SIDES };
enum { INNER, OUTER_LEFT, FULL };
enum { MOST_RECORDS = 1024 }; /* of a batch */

static const char *const inputs[] = {"left", "right", NULL};
static const char *const sides[] = {"left", "right", "both"};
enum { BOTH = SIDES };

static const struct weir_option options[] = {
    {"by", WEIR_OPT_LIST, NULL, NULL, true, "the columns that must be the same"},
    {"how", WEIR_OPT_ENUM, "inner", "inner|left|full", false,
     "inner: records of both that go together; left: those of the left one without a partner, too; "
     "full: and those of the right one"},
    {"side", WEIR_OPT_STRING, NULL, NULL, false,
     "the name of a column to add, which says where a record comes from: both, left or right"},
    {"memory", WEIR_OPT_BYTES, "256MiB", "1MiB..", false,
     "what the index may take, 20 to 28 bytes for each record of the right input"},
    {0}};

/* A record in the file: this, the values of its key, and those of its other columns. */
struct header {
    uint32_t bytes; /* of the whole */
    uint32_t key_bytes;
    uint32_t side;
    uint32_t no_key; /* a value of it is null */
};

struct join_state {
    uint64_t bytes;  /* of the kept file */
    uint64_t rights; /* records of the right input in it */
    /* at the end: */
    uint64_t side;  /* whose records are gone through */
    uint64_t at;    /* where the next of these, or of the others, stands in the file */
    uint64_t right; /* the ordinal of the next right one that is met */
    uint64_t done;  /* partners of the left record at `at` that have been put out */
};

/* Where a column of the output comes from. */
struct origin {
    uint32_t side;  /* BOTH: the key's */
    uint32_t place; /* among the values that are written of a record */
};

struct join {
    uint32_t *by[SIDES];
    size_t bys;
    uint32_t *written[SIDES]; /* columns of the input: the key's, then others that are needed */
    uint32_t writes[SIDES];
    struct origin *origin; /* of each column of the output, but for `side` */
    uint32_t origins;
    int how;
    struct bytes values; /* of the batch in hand */

    /* at the end */
    const char *base; /* the file */
    uint64_t *place;  /* of each right record */
    uint32_t *next;   /* the next of the same chain, plus one */
    uint32_t *chain;  /* first of each, plus one */
    uint64_t chains;
    uint8_t *met; /* a right record has a partner */
    struct weir_value *value[SIDES];
    struct bytes heap;
    struct weir_column *column;
    uint64_t *entry; /* MOST_RECORDS a column */
};

static int no_memory(struct weir_stage *stage)
{
    return weir_fail(stage, WEIR_EOS, "out of memory");
}

/* ---- planning ---- */

static int join_configure(struct weir_stage *stage)
{
    struct join *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return no_memory(stage);
    stage->self = self;
    stage->memory_bytes = (uint64_t)weir_option_number(stage, "memory");
    self->how = (int)weir_option_number(stage, "how");
    return 0;
}

static bool is_key(const struct join *self, uint32_t side, uint32_t column)
{
    for (size_t i = 0; i < self->bys; i++)
        if (self->by[side][i] == column)
            return true;
    return false;
}

/* The key's columns of one input. */
static int find_key(struct weir_stage *stage, uint32_t side)
{
    struct join *self = stage->self;
    struct weir_schema key = {0};
    const struct weir_schema *in = stage->in;
    stage->in = weir_input_schema(stage, side);
    int code = stage->in->raw ? weir_fail(stage, WEIR_ECONFIG,
                                          "what comes in is text that has not been parsed: there "
                                          "are no records to join")
                              : weir__columns_find(stage, "by", &self->by[side], &self->bys, &key);
    stage->in = in;
    weir_schema_release(&key);
    return code;
}

static int clashes(struct weir_stage *stage, const char *name)
{
    return weir_fail(stage, WEIR_ECONFIG,
                     "column '%s' would be there twice: rename or drop one of them before", name);
}

/* The left columns, the right ones without the key, and the side. Where the types of a key differ
 * the bytes are compared all the same, and the left one's stands. */
static int make_schema(struct weir_stage *stage, struct weir_schema *ret)
{
    struct join *self = stage->self;
    const char *side_name = weir_option_string(stage, "side");
    for (uint32_t side = 0; side < SIDES; side++) {
        const struct weir_schema *in = weir_input_schema(stage, side);
        for (uint32_t c = 0; c < in->columns; c++) {
            if (side == RIGHT && is_key(self, side, c))
                continue;
            if (weir_schema_find(ret, in->column[c].name) >= 0)
                return clashes(stage, in->column[c].name);
            if (weir_schema_add(ret, in->column[c].name, in->column[c].type) < 0)
                return no_memory(stage);
        }
    }
    if (side_name == NULL)
        return 0;
    if (weir_schema_find(ret, side_name) >= 0)
        return clashes(stage, side_name);
    return weir_schema_add(ret, side_name, WEIR_TEXT) < 0 ? no_memory(stage) : 0;
}

static int join_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    if (weir_input_schema(stage, RIGHT) == NULL)
        return weir_fail(stage, WEIR_ECONFIG, "it reads two stages: inputs: {left: a, right: b}");
    for (uint32_t side = 0; side < SIDES; side++) {
        int code = find_key(stage, side);
        if (code < 0)
            return code;
    }
    return make_schema(stage, ret);
}

/* What is written of a record of that input: the key, and what somebody wants behind it. */
static void join_needs(struct weir_stage *stage, bool *in_needed)
{
    const struct join *self = stage->self;
    uint32_t side = stage->in == weir_input_schema(stage, RIGHT) ? RIGHT : LEFT;
    for (uint32_t c = 0; c < stage->in->columns; c++) {
        int at = weir_schema_find(stage->out, stage->in->column[c].name);
        in_needed[c] = is_key(self, side, c) || (at >= 0 && stage->needed[at]);
    }
}

/* ---- a worker ---- */

static bool list_written(struct weir_stage *stage, uint32_t side)
{
    struct join *self = stage->self;
    const struct weir_schema *in = weir_input_schema(stage, side);
    bool *needed = calloc(in->columns + 1, sizeof(*needed));
    const struct weir_schema *before = stage->in;
    self->written[side] = calloc(in->columns + 1, sizeof(*self->written[side]));
    self->value[side] = calloc(in->columns + 1, sizeof(*self->value[side]));
    if (needed == NULL || self->written[side] == NULL || self->value[side] == NULL) {
        free(needed);
        return false;
    }
    stage->in = in;
    join_needs(stage, needed);
    stage->in = before;
    for (size_t i = 0; i < self->bys; i++)
        self->written[side][self->writes[side]++] = self->by[side][i];
    for (uint32_t c = 0; c < in->columns; c++)
        if (needed[c] && !is_key(self, side, c))
            self->written[side][self->writes[side]++] = c;
    free(needed);
    return true;
}

/* Where each column of the output stands in what was written. */
static bool find_origins(struct weir_stage *stage)
{
    struct join *self = stage->self;
    self->origins = stage->out->columns - (weir_option_given(stage, "side") ? 1 : 0);
    self->origin = calloc(stage->out->columns + 1u, sizeof(*self->origin));
    if (self->origin == NULL)
        return false;
    for (uint32_t side = 0; side < SIDES; side++)
        for (uint32_t w = side == RIGHT ? (uint32_t)self->bys : 0; w < self->writes[side]; w++) {
            const char *name = weir_input_schema(stage, side)->column[self->written[side][w]].name;
            self->origin[weir_schema_find(stage->out, name)] =
                (struct origin){w < self->bys ? BOTH : side, w};
        }
    return true;
}

static int join_open(struct weir_stage *stage)
{
    return list_written(stage, LEFT) && list_written(stage, RIGHT) && find_origins(stage)
               ? 0
               : no_memory(stage);
}

static void add_record(struct join *self, const struct weir_batch *in, uint32_t r)
{
    struct header header = {.side = in->input};
    size_t begun = self->values.used;
    bytes_add(&self->values, &header, sizeof(header));
    for (uint32_t w = 0; w < self->writes[in->input]; w++) {
        struct weir_value value = weir_value(&in->column[self->written[in->input][w]], r);
        value_write(&self->values, value);
        if (w >= self->bys)
            continue;
        header.no_key |= value.data == NULL;
        header.key_bytes = (uint32_t)(self->values.used - begun - sizeof(header));
    }
    header.bytes = (uint32_t)(self->values.used - begun);
    if (!self->values.failed)
        memcpy(self->values.data + begun, &header, sizeof(header));
}

static int join_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                        struct weir_output *out)
{
    struct join *self = stage->self;
    struct join_state *state = stage->state;
    (void)out;
    self->values.used = 0;
    for (uint32_t r = 0; r < in->records; r++)
        add_record(self, in, r);
    if (self->values.failed)
        return no_memory(stage);
    int code = weir__kept_write(stage, self->values.data, self->values.used, state->bytes);
    if (code < 0)
        return code;
    state->bytes += self->values.used;
    state->rights += in->input == RIGHT ? in->records : 0;
    *cursor = UINT64_MAX;
    return 0;
}

/* ---- the end: the index ---- */

static int damaged(struct weir_stage *stage)
{
    return weir_fail(stage, WEIR_EINTERNAL, "the temporary file is damaged");
}

static bool header_at(const struct join *self, const struct join_state *state, uint64_t at,
                      struct header *ret)
{
    if (state->bytes - at < sizeof(*ret))
        return false;
    memcpy(ret, self->base + at, sizeof(*ret));
    return ret->bytes >= sizeof(*ret) && ret->bytes <= state->bytes - at &&
           ret->key_bytes <= ret->bytes - sizeof(*ret) && ret->side < SIDES;
}

static uint64_t chain_of(const struct join *self, uint64_t at, const struct header *header)
{
    return hash_bytes(0, self->base + at + sizeof(*header), header->key_bytes) & (self->chains - 1);
}

/* The first record of a chain, from an ordinal plus one on, that has the key of the one at `at`. 0:
 * none. */
static uint32_t partner(const struct join *self, uint64_t at, const struct header *header,
                        uint32_t from)
{
    for (; from != 0; from = self->next[from - 1]) {
        struct header other;
        uint64_t place = self->place[from - 1];
        memcpy(&other, self->base + place, sizeof(other));
        if (other.key_bytes == header->key_bytes &&
            memcmp(self->base + place + sizeof(other), self->base + at + sizeof(other),
                   other.key_bytes) == 0)
            return from;
    }
    return 0;
}

static uint32_t first_partner(const struct join *self, uint64_t at, const struct header *header)
{
    return header->no_key != 0 ? 0
                               : partner(self, at, header, self->chain[chain_of(self, at, header)]);
}

static int allocate(struct weir_stage *stage, struct join *self)
{
    const struct join_state *state = stage->state;
    uint64_t memory = (uint64_t)weir_option_number(stage, "memory");
    for (self->chains = 1; self->chains < state->rights; self->chains *= 2)
        ;
    uint64_t wanted =
        state->rights * (sizeof(uint64_t) + sizeof(uint32_t) + 1) + self->chains * sizeof(uint32_t);
    if (state->rights >= UINT32_MAX || wanted > memory)
        return weir_fail(stage, WEIR_ECONFIG,
                         "the right input has %" PRIu64 " records, whose index takes %" PRIu64
                         " MiB: give it more `memory`, or let it be the left one",
                         state->rights, (wanted >> 20) + 1);
    self->place = calloc(state->rights + 1, sizeof(*self->place));
    self->next = calloc(state->rights + 1, sizeof(*self->next));
    self->met = calloc(state->rights + 1, 1);
    self->chain = calloc(self->chains, sizeof(*self->chain));
    self->column = calloc(stage->out->columns + 1u, sizeof(*self->column));
    self->entry = calloc((stage->out->columns + 1u) * (size_t)MOST_RECORDS, sizeof(*self->entry));
    return self->place == NULL || self->next == NULL || self->met == NULL || self->chain == NULL ||
                   self->column == NULL || self->entry == NULL
               ? no_memory(stage)
               : 0;
}

static int map_file(struct weir_stage *stage, struct join *self)
{
    const struct join_state *state = stage->state;
    if (state->bytes == 0)
        return 0;
    void *base = mmap(NULL, state->bytes, PROT_READ, MAP_SHARED, weir_kept(stage), 0);
    if (base == MAP_FAILED)
        return weir_fail_errno(stage, WEIR_EOS, "cannot read the temporary file");
    self->base = base;
    return 0;
}

/* All right records get their place; then each is put before the others of its chain, the last one
 * first, so that a chain is in the order in which they came. */
static int make_index(struct weir_stage *stage, struct join *self)
{
    const struct join_state *state = stage->state;
    struct header header;
    uint64_t rights = 0;
    for (uint64_t at = 0; at < state->bytes; at += header.bytes) {
        if (!header_at(self, state, at, &header) || rights > state->rights)
            return damaged(stage);
        if (header.side == RIGHT)
            self->place[rights++] = at;
    }
    if (rights != state->rights)
        return damaged(stage);
    while (rights-- > 0) {
        memcpy(&header, self->base + self->place[rights], sizeof(header));
        if (header.no_key != 0)
            continue;
        uint32_t *chain = &self->chain[chain_of(self, self->place[rights], &header)];
        self->next[rights] = *chain;
        *chain = (uint32_t)rights + 1;
    }
    return 0;
}

static void meet(struct join *self, uint64_t at, const struct header *header)
{
    for (uint32_t one = first_partner(self, at, header); one != 0;
         one = partner(self, at, header, self->next[one - 1]))
        self->met[one - 1] = 1;
}

/* Which right ones have a partner follows from the left ones that are done: a successor finds out
 * again. */
static int meet_again(struct weir_stage *stage, struct join *self)
{
    const struct join_state *state = stage->state;
    struct header header;
    for (uint64_t at = 0; at < (state->side == LEFT ? state->at : state->bytes);
         at += header.bytes) {
        if (!header_at(self, state, at, &header))
            return damaged(stage);
        if (header.side == LEFT)
            meet(self, at, &header);
    }
    return 0;
}

static int begin_end(struct weir_stage *stage, struct join *self)
{
    int code = map_file(stage, self);
    if (code == 0)
        code = allocate(stage, self);
    if (code == 0)
        code = make_index(stage, self);
    return code == 0 ? meet_again(stage, self) : code;
}

/* ---- the end: what comes out ---- */

static int read_values(struct weir_stage *stage, struct join *self, uint64_t at, uint32_t side)
{
    struct header header;
    const char *from = self->base + at + sizeof(header);
    memcpy(&header, self->base + at, sizeof(header));
    for (uint32_t w = 0; w < self->writes[side]; w++)
        if (!value_read(&from, self->base + at + header.bytes, &self->value[side][w]))
            return damaged(stage);
    return 0;
}

static void put_value(struct join *self, uint32_t column, uint32_t record, struct weir_value value)
{
    self->entry[(size_t)column * MOST_RECORDS + record] =
        value.data == NULL ? weir_entry_null()
                           : weir_entry((uint32_t)self->heap.used, value.length);
    if (value.data != NULL)
        bytes_add(&self->heap, value.data, value.length);
}

/* A record of what has been read of one side, or of both. */
static int put_record(struct weir_stage *stage, struct join *self, uint32_t from, uint32_t record)
{
    for (uint32_t c = 0; c < self->origins; c++) {
        const struct origin *origin = &self->origin[c];
        struct weir_value value = {0};
        uint32_t side = origin->side == BOTH ? (from == RIGHT ? RIGHT : LEFT) : origin->side;
        if (!stage->needed[c])
            continue;
        if (from == BOTH || from == side)
            value = self->value[side][origin->place];
        put_value(self, c, record, value);
    }
    if (self->origins < stage->out->columns && stage->needed[self->origins])
        put_value(self, self->origins, record,
                  (struct weir_value){sides[from], (uint32_t)strlen(sides[from])});
    return self->heap.failed ? no_memory(stage) : 0;
}

static bool is_full(const struct weir_stage *stage, const struct join *self, uint32_t records)
{
    return records == MOST_RECORDS || self->heap.used >= weir_split_bytes(stage);
}

/* The left record at state->at, with its partners from state->done on. */
static int put_left(struct weir_stage *stage, struct join *self, const struct header *header,
                    uint32_t *records)
{
    struct join_state *state = stage->state;
    uint32_t one = first_partner(self, state->at, header);
    int code = read_values(stage, self, state->at, LEFT);
    for (uint64_t skipped = 0; one != 0 && skipped < state->done; skipped++)
        one = partner(self, state->at, header, self->next[one - 1]);
    bool alone = one == 0 && state->done == 0;
    for (; one != 0 && code == 0 && !is_full(stage, self, *records); state->done++) {
        self->met[one - 1] = 1;
        code = read_values(stage, self, self->place[one - 1], RIGHT);
        if (code == 0)
            code = put_record(stage, self, BOTH, (*records)++);
        one = partner(self, state->at, header, self->next[one - 1]);
    }
    if (alone && self->how == INNER)
        stage->count.dropped++;
    else if (alone && code == 0)
        code = put_record(stage, self, LEFT, (*records)++);
    if (one == 0) {
        state->at += header->bytes;
        state->done = 0;
    }
    return code;
}

static int put_right(struct weir_stage *stage, struct join *self, const struct header *header,
                     uint32_t *records)
{
    struct join_state *state = stage->state;
    int code = 0;
    if (self->met[state->right++] == 0) {
        if (self->how != FULL)
            stage->count.dropped++;
        else if ((code = read_values(stage, self, state->at, RIGHT)) == 0)
            code = put_record(stage, self, RIGHT, (*records)++);
    }
    state->at += header->bytes;
    return code;
}

static int join_finish(struct weir_stage *stage, struct weir_output *out)
{
    struct join *self = stage->self;
    struct join_state *state = stage->state;
    uint32_t records = 0;
    int code = self->place == NULL ? begin_end(stage, self) : 0;
    self->heap.used = 0;
    while (code == 0 && !is_full(stage, self, records)) {
        struct header header;
        if (state->at == state->bytes && state->side == RIGHT)
            break;
        if (state->at == state->bytes) {
            state->side = RIGHT;
            state->at = 0;
        } else if (!header_at(self, state, state->at, &header)) {
            code = damaged(stage);
        } else if (header.side != state->side) {
            state->at += header.bytes;
        } else {
            code = header.side == LEFT ? put_left(stage, self, &header, &records)
                                       : put_right(stage, self, &header, &records);
        }
    }
    if (code < 0)
        return code;
    for (uint32_t c = 0; c < stage->out->columns; c++)
        self->column[c] =
            (struct weir_column){stage->needed[c] ? self->entry + (size_t)c * MOST_RECORDS : NULL,
                                 self->heap.data, (uint32_t)self->heap.used};
    out->batch = (struct weir_batch){
        .records = records, .columns = stage->out->columns, .column = self->column};
    return state->at == state->bytes && state->side == RIGHT ? 0 : WEIR_MORE;
}

static void join_close(struct weir_stage *stage)
{
    struct join *self = stage->self;
    const struct join_state *state = stage->state;
    if (self == NULL)
        return;
    if (self->base != NULL)
        munmap((void *)(uintptr_t)self->base, state->bytes);
    for (uint32_t side = 0; side < SIDES; side++) {
        free(self->by[side]);
        free(self->written[side]);
        free(self->value[side]);
    }
    free(self->origin);
    free(self->values.data);
    free(self->place);
    free(self->next);
    free(self->chain);
    free(self->met);
    free(self->heap.data);
    free(self->column);
    free(self->entry);
    free(self);
    stage->self = NULL;
}

const struct weir_stage_type weir_join = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "join",
    .summary = "joins the records of two stages that have the same values in some columns",
    .doc =
        "Its inputs have names: `inputs: {left: orders, right: payments}`. For each record of the "
        "left one it puts out one for each of the right one with the same values in the columns "
        "`by`, in the order of the left one and then of the right one, and with `full` at last "
        "those of the right one that nobody wanted. The columns are those of the left one, then "
        "those of the right one without the key; of both sides they must have different names. "
        "Values are compared as they are written: 1 and 1.0 are two. A null is like nothing, not "
        "even another null.\n"
        "Records without a partner that are not put out are dropped, and counted. Until both "
        "inputs have ended their records stand in a temporary file without a name in the folder "
        "TMPDIR (/tmp); of the right one there is an index in memory. For a small table in a "
        "file, lookup is quicker. Where a record stood in its file is not known behind this "
        "stage.",
    .options = options,
    .traits = WEIR_ONE_SEAT | WEIR_KEEPS | WEIR_SANDBOX_STRICT,
    .inputs = inputs,
    .state_bytes = sizeof(struct join_state),
    .configure = join_configure,
    .bind = join_bind,
    .needs = join_needs,
    .open = join_open,
    .process = join_process,
    .finish = join_finish,
    .close = join_close,
};
