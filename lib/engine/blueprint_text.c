/* The blueprint as canonical text, and back: what every worker builds its configuration from. */
#include "engine/blueprint.h"

#include <weir/engine.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* flow */
#include "flow/schema_text.h"
/* stage */
#include "stage/module.h"
#include "stage/node.h"

/* ---- writing ---- */

static void put(struct node *map, const char *key, const char *text)
{
    weir__node_append(map, key, weir__node_scalar(text));
}

static void put_number(struct node *map, const char *key, int64_t number)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRId64, number);
    put(map, key, text);
}

static void put_columns(struct node *map, const struct columns *columns)
{
    struct buf text;
    weir__buf_init(&text);
    for (uint32_t c = 0; c < columns->count; c++)
        weir__buf_putc(&text, columns->needed[c] ? '1' : '0');
    put(map, "columns", text.failed ? NULL : text.data);
    weir__buf_release(&text);
}

/* Which of its outer type's inner ones a member is; -1: the outer type itself. */
static int inner_index(const struct member *member)
{
    for (int i = 0; member->outer->inner != NULL && member->outer->inner[i] != NULL; i++)
        if (member->outer->inner[i] == member->type)
            return i;
    return -1;
}

/* A source reads nothing, and yet has a schema. */
static uint32_t described_inputs(const struct group *group)
{
    return group->inputs > 0 ? group->inputs : 1;
}

static struct node *member_node(const struct member *member)
{
    struct node *map = weir__node_map();
    put(map, "type", member->outer->name);
    put_number(map, "inner", inner_index(member));
    put_number(map, "stage", member->stage);
    put_number(map, "on_error", member->on_error);
    put_number(map, "reject_port", member->reject_port);
    put_number(map, "raw_out", member->raw_out);
    put_number(map, "first_file", member->first_file);
    put_number(map, "files", member->files);
    put_number(map, "workers", member->workers);
    if (member->probed != NULL)
        put(map, "probed", member->probed);
    if (member->with != NULL)
        weir__node_append(map, "with", weir__node_copy(member->with));
    put_columns(map, &member->out);
    return map;
}

static struct node *input_node(const struct input *input)
{
    struct node *map = weir__node_map();
    struct buf text;
    weir__buf_init(&text);
    weir__schema_write(&input->schema, &text);
    put(map, "schema", text.failed ? NULL : text.data);
    weir__buf_release(&text);
    put_number(map, "ordered", input->ordered);
    return map;
}

static struct node *port_node(const struct port *port)
{
    struct node *map = weir__node_map(), *readers = weir__node_list();
    put_number(map, "kind", port->kind);
    put_number(map, "member", port->member);
    put_number(map, "output", port->output);
    put_columns(map, &port->columns);
    put_number(map, "raw", port->raw);
    put_number(map, "oversize", port->oversize);
    put_number(map, "apart", port->apart);
    put_number(map, "seldom", port->seldom);
    for (uint32_t r = 0; r < port->readers; r++) {
        struct node *reader = weir__node_map();
        put_number(reader, "group", port->reader[r].group);
        put_number(reader, "input", port->reader[r].input);
        weir__node_append(readers, NULL, reader);
    }
    weir__node_append(map, "readers", readers);
    return map;
}

static struct node *group_node(const struct group *group)
{
    struct node *map = weir__node_map(), *members = weir__node_list(), *ports = weir__node_list(),
                *inputs = weir__node_list();
    put_number(map, "seats", group->seats);
    put_number(map, "ordered", group->ordered);
    put_number(map, "lazy", group->lazy);
    put_number(map, "sandbox", group->sandbox);
    put_number(map, "splits", (int64_t)group->splits);
    put_number(map, "aside_port", group->aside_port);
    put_number(map, "has_main", group->has_main);
    put_number(map, "inputs", group->inputs);
    put_number(map, "spread", group->spread);
    for (uint32_t m = 0; m < group->members; m++)
        weir__node_append(members, NULL, member_node(&group->member[m]));
    for (uint32_t i = 0; i < described_inputs(group); i++)
        weir__node_append(inputs, NULL, input_node(&group->input[i]));
    for (uint32_t p = 0; p < group->ports; p++)
        weir__node_append(ports, NULL, port_node(&group->port[p]));
    weir__node_append(map, "members", members);
    weir__node_append(map, "reads", inputs);
    weir__node_append(map, "ports", ports);
    return map;
}

void weir__blueprint_write(const struct blueprint *blueprint, struct buf *to)
{
    struct node *map = weir__node_map(), *files = weir__node_list(), *stages = weir__node_list(),
                *groups = weir__node_list(), *modules = weir__node_list();
    put(map, "name", blueprint->name);
    put(map, "run_id", blueprint->run_id);
    put_number(map, "slots", blueprint->slots);
    put_number(map, "slot_bytes", blueprint->slot_bytes);
    put_number(map, "split_bytes", blueprint->split_bytes);
    put_number(map, "max_record", blueprint->max_record);
    for (size_t m = 0; weir__module_at(m) != NULL; m++)
        weir__node_append(modules, NULL, weir__node_scalar(weir__module_at(m)));
    for (size_t f = 0; f < blueprint->files; f++)
        weir__node_append(files, NULL, weir__node_scalar(blueprint->file[f]));
    for (uint32_t s = 0; s < blueprint->stages; s++) {
        struct node *stage = weir__node_map();
        put(stage, "id", blueprint->stage[s].id);
        put(stage, "type", blueprint->stage[s].type->name);
        put_number(stage, "implicit", blueprint->stage[s].implicit);
        weir__node_append(stages, NULL, stage);
    }
    for (uint32_t g = 0; g < blueprint->groups; g++)
        weir__node_append(groups, NULL, group_node(&blueprint->group[g]));
    weir__node_append(map, "modules", modules);
    weir__node_append(map, "files", files);
    weir__node_append(map, "stages", stages);
    weir__node_append(map, "groups", groups);
    weir__node_write(map, to);
    weir__node_free(map);
}

/* ---- reading ---- */

static const char *get(const struct node *map, const char *key)
{
    const struct node *node = weir__node_get(map, key);
    return node != NULL && node->kind == NODE_SCALAR ? node->text : NULL;
}

static int64_t get_number(const struct node *map, const char *key)
{
    const char *text = get(map, key);
    return text == NULL ? 0 : strtoll(text, NULL, 10);
}

static const struct node *first(const struct node *map, const char *key)
{
    const struct node *list = weir__node_get(map, key);
    return list == NULL ? NULL : list->child;
}

static char *copy_text(const char *text)
{
    return text == NULL ? NULL : strdup(text);
}

static int read_columns(const char *text, struct columns *ret)
{
    size_t count = text == NULL ? 0 : strlen(text);
    ret->count = (uint32_t)count;
    ret->needed = calloc(count + 1, sizeof(bool));
    if (ret->needed == NULL)
        return WEIR_EOS;
    for (size_t c = 0; c < count; c++)
        ret->needed[c] = text[c] == '1';
    return 0;
}

/* NULL if the type has no such inner one. */
static const struct weir_stage_type *inner_type(const struct weir_stage_type *outer, int64_t index)
{
    if (index < 0)
        return outer;
    int64_t count = 0;
    while (outer->inner != NULL && outer->inner[count] != NULL)
        count++;
    return index < count ? outer->inner[index] : NULL;
}

static int read_member(const struct node *map, struct member *ret)
{
    const char *name = get(map, "type");
    ret->outer = name == NULL ? NULL : weir_stage_type(name);
    if (ret->outer == NULL)
        return WEIR_EINTERNAL;
    ret->type = inner_type(ret->outer, get_number(map, "inner"));
    if (ret->type == NULL)
        return WEIR_EINTERNAL;
    ret->stage = (uint32_t)get_number(map, "stage");
    ret->on_error = (enum on_error)get_number(map, "on_error");
    ret->reject_port = (int)get_number(map, "reject_port");
    ret->raw_out = get_number(map, "raw_out") != 0;
    const char *probed = get(map, "probed");
    if (probed != NULL && (ret->probed = strdup(probed)) == NULL)
        return WEIR_EOS;
    const struct node *with = weir__node_get(map, "with");
    if (with != NULL && (ret->with = weir__node_copy(with)) == NULL)
        return WEIR_EOS;
    ret->first_file = (uint32_t)get_number(map, "first_file");
    ret->files = (uint32_t)get_number(map, "files");
    ret->workers = (uint32_t)get_number(map, "workers");
    return read_columns(get(map, "columns"), &ret->out);
}

static int read_port(const struct node *map, struct port *ret)
{
    ret->kind = (enum port_kind)get_number(map, "kind");
    ret->member = (uint32_t)get_number(map, "member");
    ret->output = (uint32_t)get_number(map, "output");
    ret->raw = get_number(map, "raw") != 0;
    ret->oversize = get_number(map, "oversize") != 0;
    ret->apart = get_number(map, "apart") != 0;
    ret->seldom = get_number(map, "seldom") != 0;
    for (const struct node *n = first(map, "readers"); n != NULL; n = n->next) {
        if (ret->readers == PORT_READERS)
            return WEIR_EINTERNAL;
        ret->reader[ret->readers++] = (struct reader){.group = (uint32_t)get_number(n, "group"),
                                                      .input = (uint32_t)get_number(n, "input")};
    }
    return read_columns(get(map, "columns"), &ret->columns);
}

static int read_input(const struct node *map, struct input *ret)
{
    const char *schema = get(map, "schema");
    ret->ordered = get_number(map, "ordered") != 0;
    return schema == NULL ? 0 : weir__schema_read(schema, &ret->schema);
}

static int read_group(const struct node *map, struct group *ret)
{
    ret->seats = (uint32_t)get_number(map, "seats");
    ret->ordered = get_number(map, "ordered") != 0;
    ret->lazy = get_number(map, "lazy") != 0;
    ret->sandbox = (uint32_t)get_number(map, "sandbox");
    ret->splits = (uint64_t)get_number(map, "splits");
    ret->aside_port = (int)get_number(map, "aside_port");
    ret->has_main = get_number(map, "has_main") != 0;
    ret->inputs = (uint32_t)get_number(map, "inputs");
    ret->spread = get_number(map, "spread") != 0;
    for (const struct node *n = first(map, "members"); n != NULL; n = n->next) {
        if (ret->members == GROUP_MEMBERS)
            return WEIR_EINTERNAL;
        int code = read_member(n, &ret->member[ret->members++]);
        if (code < 0)
            return code;
    }
    uint32_t described = 0;
    for (const struct node *n = first(map, "reads"); n != NULL; n = n->next) {
        int code =
            described == GROUP_INPUTS ? WEIR_EINTERNAL : read_input(n, &ret->input[described++]);
        if (code < 0)
            return code;
    }
    for (const struct node *n = first(map, "ports"); n != NULL; n = n->next) {
        int code =
            ret->ports == GROUP_PORTS ? WEIR_EINTERNAL : read_port(n, &ret->port[ret->ports++]);
        if (code < 0)
            return code;
    }
    return ret->inputs > described ? WEIR_EINTERNAL : 0;
}

static int read_lists(const struct node *map, struct blueprint *ret)
{
    for (const struct node *n = first(map, "modules"); n != NULL; n = n->next) {
        int code = n->text == NULL ? WEIR_EINTERNAL : weir_module_load(n->text, NULL);
        if (code < 0)
            return code;
    }
    for (const struct node *n = first(map, "files"); n != NULL; n = n->next)
        ret->files++;
    ret->file = calloc(ret->files + 1, sizeof(char *));
    if (ret->file == NULL)
        return WEIR_EOS;
    size_t f = 0;
    for (const struct node *n = first(map, "files"); n != NULL; n = n->next)
        if (n->text != NULL && (ret->file[f++] = strdup(n->text)) == NULL)
            return WEIR_EOS;
    for (const struct node *n = first(map, "stages"); n != NULL; n = n->next) {
        struct blueprint_stage *stage = weir__blueprint_add_stage(ret);
        if (stage == NULL)
            return WEIR_EOS;
        stage->id = copy_text(get(n, "id"));
        const char *type = get(n, "type");
        stage->type = type == NULL ? NULL : weir_stage_type(type);
        stage->implicit = get_number(n, "implicit") != 0;
        if (stage->id == NULL || stage->type == NULL)
            return WEIR_EINTERNAL;
    }
    for (const struct node *n = first(map, "groups"); n != NULL; n = n->next) {
        struct group *group = weir__blueprint_add_group(ret);
        int code = group == NULL ? WEIR_EOS : read_group(n, group);
        if (code < 0)
            return code;
    }
    return 0;
}

/* Who takes from several edges takes each slot for itself. */
static bool is_readable(const struct port *port, const struct group *reader, uint32_t r)
{
    return port->reader[r].input < reader->inputs && (port->apart || reader->inputs == 1);
}

/* Every index leads to something. */
static bool is_whole_group(const struct blueprint *blueprint, const struct group *group)
{
    bool whole =
        group->members > 0 && group->seats > 0 && group->seats <= GROUP_SEATS &&
        group->aside_port < (int)group->ports &&
        (group->spread ? group->inputs == group->seats : group->inputs <= 1 || group->seats == 1);
    for (uint32_t p = 0; p < group->ports; p++) {
        const struct port *port = &group->port[p];
        whole = whole && port->member < group->members && port->readers > 0;
        for (uint32_t r = 0; r < port->readers; r++)
            whole = whole && port->reader[r].group < blueprint->groups &&
                    is_readable(port, &blueprint->group[port->reader[r].group], r);
    }
    for (uint32_t m = 0; m < group->members; m++)
        whole = whole && group->member[m].stage < blueprint->stages &&
                group->member[m].reject_port < (int)group->ports;
    return whole;
}

static bool is_whole(const struct blueprint *blueprint)
{
    bool whole = blueprint->stages > 0 && blueprint->groups > 0;
    for (uint32_t g = 0; g < blueprint->groups; g++)
        whole = whole && is_whole_group(blueprint, &blueprint->group[g]);
    return whole;
}

int weir__blueprint_read(const char *text, struct blueprint *ret)
{
    *ret = (struct blueprint){0};
    struct node *map = weir__node_read(&text);
    if (map == NULL || map->kind != NODE_MAP) {
        weir__node_free(map);
        return WEIR_EINTERNAL;
    }
    ret->name = copy_text(get(map, "name"));
    ret->run_id = copy_text(get(map, "run_id"));
    ret->slots = (uint32_t)get_number(map, "slots");
    ret->slot_bytes = (uint32_t)get_number(map, "slot_bytes");
    ret->split_bytes = (uint32_t)get_number(map, "split_bytes");
    ret->max_record = (uint32_t)get_number(map, "max_record");
    int code = ret->name == NULL || ret->run_id == NULL ? WEIR_EINTERNAL : read_lists(map, ret);
    if (code == 0 && !is_whole(ret))
        code = WEIR_EINTERNAL;
    weir__node_free(map);
    if (code < 0)
        weir__blueprint_release(ret);
    return code;
}

/* FNV-1a, 64 bits (Fowler, Noll and Vo). */
uint64_t weir__blueprint_hash(const char *text)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (const char *at = text; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001B3);
    return hash;
}
