/* Making a seat's stages from the blueprint, and taking them down again. */
#include "engine/crew.h"

#include <stdlib.h>
#include <string.h>

static int grant_area(struct weir_stage *stage, struct weir_output *out)
{
    struct crew *crew = stage->runtime->engine;
    if (weir__seat_oversize(crew->seat, 0) == SEAT_DISCARD)
        return CREW_DISCARD;
    out->bytes = crew->seat->out[0].bytes;
    out->capacity = crew->facts.max_record + 1;
    return 0;
}

static int receive(struct weir_stage *stage, uint64_t *ret)
{
    struct crew *crew = stage->runtime->engine;
    switch (weir__seat_receive(crew->seat, ret)) {
    case SEAT_READY: return 0;
    case SEAT_PILL: return CREW_ENDS_HERE;
    case SEAT_DISCARD: return CREW_DISCARD;
    default: return WEIR_ENOUGH;
    }
}

static void hand_on(struct weir_stage *stage, uint64_t value)
{
    struct crew *crew = stage->runtime->engine;
    weir__seat_hand_on(crew->seat, value);
}

static int configure(struct crew *crew, uint32_t m)
{
    const struct member *from = &crew->group->member[m];
    struct crew_member *member = &crew->member[m];
    const struct blueprint *blueprint = crew->seat->view->blueprint;
    member->reject_port = from->reject_port;
    member->runtime.on_error = from->on_error;
    member->runtime.rejects = from->reject_port >= 0 ? &member->room : NULL;
    member->runtime.workers = from->workers;
    member->runtime.first_file = from->first_file;
    member->runtime.files = from->files;
    for (uint32_t i = 0; m == 0 && i < (crew->group->spread ? 1 : crew->group->inputs); i++)
        member->runtime.input[member->runtime.inputs++] = &crew->group->input[i].schema;
    for (uint32_t p = 0; p < crew->group->ports; p++) {
        const struct port *port = &crew->group->port[p];
        if (port->kind == PORT_RECORDS && port->member == m && port->output > 0 &&
            port->output <= STAGE_OUTPUTS)
            member->runtime.output_needed[port->output - 1] = port->columns.needed;
    }
    member->runtime.facts = &crew->facts;
    member->runtime.probed = from->probed;
    member->runtime.fresh = crew->seat->sequence == 0;
    member->runtime.err = &crew->err;
    member->runtime.oversize = grant_area;
    member->runtime.receive = receive;
    member->runtime.hand_on = hand_on;
    member->runtime.engine = crew;
    member->stage =
        (struct weir_stage){.type = from->type,
                            .id = blueprint->stage[from->stage].id,
                            .in = m == 0 ? &crew->group->input[0].schema : &crew->member[m - 1].out,
                            .out = &member->out,
                            .needed = from->out.needed,
                            .state = member->state,
                            .runtime = &member->runtime};
    struct weir_errors ignored = {0}; /* the plan has checked the same text */
    int code = weir__settings_read(from->outer->options, from->with, &ignored, &member->settings);
    weir_errors_release(&ignored);
    member->runtime.settings = member->settings;
    if (code < 0)
        return weir_err_set(&crew->err, code, "stage '%s': cannot read its options again",
                            member->stage.id);
    return from->type->configure == NULL ? 0 : from->type->configure(&member->stage);
}

/* A type works out in `needs` what it has to do; which columns they are is known already. */
static int ask_needs(struct weir_stage *stage)
{
    const struct weir_schema *in = stage->in;
    for (uint32_t i = 0; (stage->in = weir_input_schema(stage, i)) != NULL; i++) {
        bool *ignored = calloc(stage->in->columns + 1, sizeof(bool));
        if (ignored == NULL)
            return WEIR_EOS;
        stage->type->needs(stage, ignored);
        free(ignored);
        stage->in = in;
    }
    stage->in = in;
    return 0;
}

/* A source's schema is what its probe found: the plan has put it into the blueprint as the group's
 * input. */
static int bind(const struct member *from, struct crew_member *member)
{
    struct weir_stage *stage = &member->stage;
    if ((from->type->traits & WEIR_SOURCE) != 0) {
        int code = weir_schema_copy(&member->out, stage->in);
        stage->in = NULL;
        if (code < 0)
            return code;
    }
    int code = from->type->bind == NULL ? 0 : from->type->bind(stage, &member->out);
    return code < 0 || from->type->needs == NULL || stage->in == NULL ? code : ask_needs(stage);
}

static int open_member(struct crew *crew, uint32_t m)
{
    const struct member *from = &crew->group->member[m];
    struct crew_member *member = &crew->member[m];
    memcpy(member->state, crew->seat->now.state[m], MEMBER_STATE);
    int code = bind(from, member);
    if (code == 0 && from->type->open != NULL)
        code = from->type->open(&member->stage);
    if (member->stage.irreplaceable)
        crew->seat->words->irreplaceable = 1;
    return code;
}

int weir__crew_open(struct crew *crew, struct seat *seat, const struct worker_start *start)
{
    const struct blueprint *blueprint = seat->view->blueprint;
    crew->seat = seat;
    crew->caution = start->caution;
    crew->careful = weir__careful_begins(seat, &start->caution);
    crew->doomed = -1;
    crew->group = seat->of;
    crew->first = seat->of->splits > 0;
    crew->facts = (struct run_facts){.file = blueprint->file,
                                     .files = blueprint->files,
                                     .max_record = blueprint->max_record,
                                     .split_bytes = crew->first ? blueprint->split_bytes
                                                                : blueprint->slot_bytes,
                                     .run_id = blueprint->run_id};
    crew->member = calloc(crew->group->members, sizeof(*crew->member));
    if (crew->member == NULL)
        return weir_err_set(&crew->err, WEIR_EOS, "out of memory");
    int code = 0;
    for (uint32_t m = 0; m < crew->group->members && code == 0; m++) {
        crew->member[m].runtime.head_fd = start->head_fd;
        crew->member[m].runtime.kept_fd = start->kept_fd;
        crew->member[m].runtime.given = start->given;
        crew->member[m].runtime.kept_before = start->kept_before;
        crew->member[m].runtime.kept_befores = start->kept_befores;
        crew->member[m].runtime.seat = start->seat;
        code = configure(crew, m);
    }
    for (uint32_t m = 0; m < crew->group->members && code == 0; m++)
        code = open_member(crew, m);
    for (uint32_t p = 0; p < crew->group->ports; p++)
        crew->packing[p] = (struct packing){.needed = crew->group->port[p].columns.needed,
                                            .raw = crew->group->port[p].raw};
    if (code < 0 && crew->err.text[0] == '\0')
        weir_err_set(&crew->err, code, "cannot open the stages of this seat");
    return code;
}

void weir__crew_close(struct crew *crew)
{
    for (uint32_t m = 0; crew->member != NULL && m < crew->group->members; m++) {
        struct crew_member *member = &crew->member[m];
        if (member->stage.type != NULL && member->stage.type->close != NULL)
            member->stage.type->close(&member->stage);
        weir__settings_free(member->settings);
        weir_schema_release(&member->out);
    }
    free(crew->member);
    free(crew->column);
    crew->member = NULL;
    crew->column = NULL;
    weir__unpacked_release(&crew->unpacked);
}
