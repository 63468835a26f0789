#include "engine/blueprint.h"

#include <stdio.h>
#include <string.h>

#include <weir/engine.h>

/* stage */
#include "stage/node.h"

#include "unit/unit.h"

/* ---- stage types with nothing in them ---- */

static int no_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                      struct weir_output *out)
{
    (void)stage, (void)in, (void)out;
    *cursor = UINT64_MAX;
    return 0;
}

static const struct weir_option no_options[] = {{0}};

static const struct weir_stage_type one = {.abi = WEIR_STAGE_ABI,
                                           .size = sizeof(struct weir_stage_type),
                                           .name = "test.one",
                                           .summary = "nothing",
                                           .options = no_options,
                                           .process = no_process};

static const struct weir_stage_type first_inner = {.abi = WEIR_STAGE_ABI,
                                                   .size = sizeof(struct weir_stage_type),
                                                   .name = "test.first",
                                                   .summary = "nothing",
                                                   .options = no_options,
                                                   .traits = WEIR_INNER,
                                                   .process = no_process};

static const struct weir_stage_type second_inner = {.abi = WEIR_STAGE_ABI,
                                                    .size = sizeof(struct weir_stage_type),
                                                    .name = "test.second",
                                                    .summary = "nothing",
                                                    .options = no_options,
                                                    .traits = WEIR_INNER,
                                                    .process = no_process};

static const struct weir_stage_type *const inner[] = {&first_inner, &second_inner, NULL};

static const struct weir_stage_type outer = {.abi = WEIR_STAGE_ABI,
                                             .size = sizeof(struct weir_stage_type),
                                             .name = "test.outer",
                                             .summary = "nothing",
                                             .options = no_options,
                                             .inner = inner};

static const struct weir_stage_type *const types[] = {&one, &outer, NULL};

/* ---- a blueprint that has something of everything ---- */

static const char odd_text[] =
    "a \"quoted\" \\ back\\slash,\nnew line, {brace} [bracket] \xC3\xBC \x01";

static void add_stage(struct blueprint *blueprint, const char *id,
                      const struct weir_stage_type *type, bool implicit)
{
    struct blueprint_stage *stage = weir__blueprint_add_stage(blueprint);
    ck_assert_ptr_nonnull(stage);
    ck_assert_ptr_null(stage->id);
    *stage = (struct blueprint_stage){.id = strdup(id), .type = type, .implicit = implicit};
}

static struct member *add_member(struct group *group, const struct weir_stage_type *of,
                                 const struct weir_stage_type *type, uint32_t stage)
{
    struct member *member = &group->member[group->members++];
    *member = (struct member){
        .outer = of, .type = type, .stage = stage, .reject_port = -1, .on_error = ON_ERROR_STOP};
    return member;
}

static struct group *add_group(struct blueprint *blueprint, uint32_t seats)
{
    struct group *group = weir__blueprint_add_group(blueprint);
    ck_assert_ptr_nonnull(group);
    group->seats = seats;
    return group;
}

static void add_port(struct group *group, uint32_t consumer, bool oversize)
{
    group->port[group->ports++] = (struct port){
        .kind = PORT_BYTES, .readers = 1, .reader = {{.group = consumer}}, .oversize = oversize};
}

static void make_source(struct blueprint *blueprint)
{
    struct group *group = add_group(blueprint, 1);
    struct member *member = add_member(group, &outer, &first_inner, 0);
    member->with = weir__node_map();
    struct node *list = weir__node_list();
    weir__node_append(list, NULL, weir__node_scalar(odd_text));
    weir__node_append(list, NULL, weir__node_scalar(""));
    weir__node_append(member->with, "list \"of\" things", list);
    weir__node_append(member->with, "map", weir__node_map());
    weir__node_append(member->with, "path", weir__node_scalar("a.csv"));
    struct weir_schema *in = &group->input[0].schema;
    in->raw = true;
    in->preamble = strdup("id,\"a \"\"b\"\"\"\r\n");
    in->preamble_bytes = strlen(in->preamble);
    member->probed = strdup("");
    member->first_file = 1;
    member->files = 3;
    group->has_main = true;
    add_port(group, 1, true);
}

static struct columns seventy_columns(void)
{
    struct columns columns = {calloc(70, sizeof(bool)), 70};
    columns.needed[0] = columns.needed[3] = columns.needed[69] = true;
    return columns;
}

static void make_middle(struct blueprint *blueprint)
{
    struct group *group = add_group(blueprint, 64);
    struct member *parse = add_member(group, &outer, &second_inner, 0);
    struct member *pass = add_member(group, &one, &one, 1);
    for (int type = 0; type < 9; type++) {
        char name[32];
        snprintf(name, sizeof(name), "%s %d", type == 4 ? odd_text + 2 : "column", type);
        ck_assert_int_eq(weir_schema_add(&group->input[0].schema, name, (enum weir_type)type), 0);
    }
    group->inputs = 1;
    parse->out = seventy_columns();
    parse->on_error = ON_ERROR_REJECT;
    parse->reject_port = 1;
    pass->on_error = ON_ERROR_SET_NULL;
    pass->raw_out = true;
    pass->out.needed = calloc(1, sizeof(bool));
    pass->probed = strdup(odd_text);
    group->ordered = false;
    group->has_main = true;
    add_port(group, 2, false);
    add_port(group, 3, false);
    group->port[0].kind = PORT_RECORDS;
    group->port[0].raw = group->port[0].apart = true;
    group->port[0].member = 1;
    group->port[0].output = 2;
    group->port[0].columns = seventy_columns();
    group->port[0].reader[group->port[0].readers++] = (struct reader){.group = 4, .input = 1};
}

/* Reads the middle twice: through its own port, and through that of everybody. */
static void make_merge(struct blueprint *blueprint)
{
    struct group *group = add_group(blueprint, 1);
    add_member(group, &one, &one, 1);
    group->inputs = 2;
    group->ordered = false;
    group->input[0].ordered = true;
    ck_assert_int_eq(weir_schema_add(&group->input[1].schema, odd_text, WEIR_DATE), 0);
}

static struct blueprint make_blueprint(void)
{
    struct blueprint blueprint = {.name = strdup(odd_text),
                                  .run_id = strdup("7f3a"),
                                  .slots = 16,
                                  .slot_bytes = 256 << 10,
                                  .split_bytes = 1 << 20,
                                  .max_record = 16 << 20,
                                  .files = 2,
                                  .file = calloc(2, sizeof(char *))};
    blueprint.file[0] = strdup("in/a file, with \"quotes\".csv");
    blueprint.file[1] = strdup("-");
    add_stage(&blueprint, "read", &outer, false);
    add_stage(&blueprint, odd_text, &one, false);
    add_stage(&blueprint, "rejects", &one, true);
    make_source(&blueprint);
    make_middle(&blueprint);
    for (uint32_t i = 0; i < 2; i++) {
        struct group *sink = add_group(&blueprint, 1);
        sink->inputs = 1;
        add_member(sink, &one, &one, 1 + i);
    }
    make_merge(&blueprint);
    return blueprint;
}

static struct buf text_of(const struct blueprint *blueprint)
{
    struct buf text;
    weir__buf_init(&text);
    weir__blueprint_write(blueprint, &text);
    ck_assert(!text.failed);
    return text;
}

/* ---- comparing ---- */

static void assert_same_text(const char *a, const char *b)
{
    ck_assert_int_eq(a == NULL, b == NULL);
    if (a != NULL)
        ck_assert_str_eq(a, b);
}

static void assert_same_schema(const struct weir_schema *a, const struct weir_schema *b)
{
    ck_assert_int_eq(a->raw, b->raw);
    ck_assert_uint_eq(a->preamble_bytes, b->preamble_bytes);
    ck_assert_int_eq(a->preamble == NULL, b->preamble == NULL);
    if (a->preamble != NULL)
        ck_assert_mem_eq(a->preamble, b->preamble, a->preamble_bytes);
    ck_assert_uint_eq(a->columns, b->columns);
    for (uint32_t c = 0; c < a->columns; c++) {
        ck_assert_str_eq(a->column[c].name, b->column[c].name);
        ck_assert_int_eq(a->column[c].type, b->column[c].type);
    }
}

static void assert_same_node(const struct node *a, const struct node *b)
{
    for (; a != NULL && b != NULL; a = a->next, b = b->next) {
        ck_assert_int_eq(a->kind, b->kind);
        assert_same_text(a->key, b->key);
        assert_same_text(a->text, b->text);
        assert_same_node(a->child, b->child);
    }
    ck_assert_ptr_null(a);
    ck_assert_ptr_null(b);
}

static void assert_same_columns(const struct columns *a, const struct columns *b)
{
    ck_assert_uint_eq(a->count, b->count);
    for (uint32_t c = 0; c < a->count; c++)
        ck_assert_int_eq(a->needed[c], b->needed[c]);
}

static void assert_same_port(const struct port *a, const struct port *b)
{
    ck_assert_int_eq(a->kind, b->kind);
    ck_assert_uint_eq(a->member, b->member);
    ck_assert_uint_eq(a->output, b->output);
    ck_assert_uint_eq(a->readers, b->readers);
    for (uint32_t r = 0; r < a->readers; r++) {
        ck_assert_uint_eq(a->reader[r].group, b->reader[r].group);
        ck_assert_uint_eq(a->reader[r].input, b->reader[r].input);
    }
    assert_same_columns(&a->columns, &b->columns);
    ck_assert_int_eq(a->raw, b->raw);
    ck_assert_int_eq(a->oversize, b->oversize);
    ck_assert_uint_eq(a->ring_offset, b->ring_offset);
    ck_assert_uint_eq(a->payload_offset, b->payload_offset);
}

static void assert_same_member(const struct member *a, const struct member *b)
{
    ck_assert_ptr_eq(a->outer, b->outer);
    ck_assert_ptr_eq(a->type, b->type);
    ck_assert_uint_eq(a->stage, b->stage);
    ck_assert_int_eq(a->on_error, b->on_error);
    ck_assert_int_eq(a->reject_port, b->reject_port);
    ck_assert_int_eq(a->raw_out, b->raw_out);
    ck_assert_uint_eq(a->first_file, b->first_file);
    ck_assert_uint_eq(a->files, b->files);
    assert_same_columns(&a->out, &b->out);
    assert_same_text(a->probed, b->probed);
    assert_same_node(a->with, b->with);
}

static void assert_same_group(const struct group *a, const struct group *b)
{
    ck_assert_uint_eq(a->seats, b->seats);
    ck_assert_int_eq(a->ordered, b->ordered);
    ck_assert_uint_eq(a->inputs, b->inputs);
    for (uint32_t i = 0; i == 0 || i < a->inputs; i++) {
        ck_assert_int_eq(a->input[i].ordered, b->input[i].ordered);
        assert_same_schema(&a->input[i].schema, &b->input[i].schema);
    }
    ck_assert_int_eq(a->lazy, b->lazy);
    ck_assert_int_eq(a->aside_port, b->aside_port);
    ck_assert_uint_eq(a->feeds, b->feeds);
    for (uint32_t f = 0; f < a->feeds; f++) {
        ck_assert_uint_eq(a->feed[f].group, b->feed[f].group);
        ck_assert_uint_eq(a->feed[f].port, b->feed[f].port);
        ck_assert_uint_eq(a->feed[f].edge, b->feed[f].edge);
        ck_assert_uint_eq(a->feed[f].input, b->feed[f].input);
    }
    ck_assert_int_eq(a->has_main, b->has_main);
    ck_assert_uint_eq(a->members, b->members);
    for (uint32_t m = 0; m < a->members; m++)
        assert_same_member(&a->member[m], &b->member[m]);
    ck_assert_uint_eq(a->ports, b->ports);
    for (uint32_t p = 0; p < a->ports; p++)
        assert_same_port(&a->port[p], &b->port[p]);
    ck_assert_uint_eq(a->words_offset, b->words_offset);
    ck_assert_uint_eq(a->seat_offset, b->seat_offset);
}

static void assert_same(const struct blueprint *a, const struct blueprint *b)
{
    ck_assert_str_eq(a->name, b->name);
    ck_assert_str_eq(a->run_id, b->run_id);
    ck_assert_uint_eq(a->slots, b->slots);
    ck_assert_uint_eq(a->slot_bytes, b->slot_bytes);
    ck_assert_uint_eq(a->split_bytes, b->split_bytes);
    ck_assert_uint_eq(a->max_record, b->max_record);
    ck_assert_uint_eq(a->files, b->files);
    for (size_t f = 0; f < a->files; f++)
        ck_assert_str_eq(a->file[f], b->file[f]);
    ck_assert_uint_eq(a->stages, b->stages);
    for (uint32_t s = 0; s < a->stages; s++) {
        ck_assert_str_eq(a->stage[s].id, b->stage[s].id);
        ck_assert_ptr_eq(a->stage[s].type, b->stage[s].type);
        ck_assert_int_eq(a->stage[s].implicit, b->stage[s].implicit);
    }
    ck_assert_uint_eq(a->groups, b->groups);
    for (uint32_t g = 0; g < a->groups; g++)
        assert_same_group(&a->group[g], &b->group[g]);
}

/* ---- the tests ---- */

START_TEST(test_a_blueprint_comes_back_from_its_text)
{
    struct blueprint blueprint = make_blueprint(), back;
    struct buf text = text_of(&blueprint);
    ck_assert_int_eq(weir__blueprint_read(text.data, &back), 0);
    assert_same(&blueprint, &back);
    struct buf again = text_of(&back);
    ck_assert_str_eq(again.data, text.data);
    weir__buf_release(&again);
    weir__buf_release(&text);
    weir__blueprint_release(&blueprint);
    weir__blueprint_release(&back);
}
END_TEST

START_TEST(test_a_worker_computes_the_layout_that_the_plan_has)
{
    struct blueprint blueprint = make_blueprint(), back;
    struct buf text = text_of(&blueprint);
    weir__blueprint_layout(&blueprint, text.len);
    ck_assert_int_eq(weir__blueprint_read(text.data, &back), 0);
    weir__blueprint_layout(&back, text.len);
    assert_same(&blueprint, &back);
    ck_assert_uint_eq(back.text_offset, blueprint.text_offset);
    ck_assert_uint_eq(back.segment_bytes, blueprint.segment_bytes);
    ck_assert_uint_eq(back.slot_total_bytes, blueprint.slot_total_bytes);
    weir__buf_release(&text);
    weir__blueprint_release(&blueprint);
    weir__blueprint_release(&back);
}
END_TEST

START_TEST(test_a_text_that_is_cut_off_is_refused)
{
    struct blueprint blueprint = make_blueprint(), back;
    struct buf text = text_of(&blueprint);
    for (size_t n = 0; n < text.len; n++) {
        char *cut = strndup(text.data, n);
        int code = weir__blueprint_read(cut, &back);
        if (code != WEIR_EINTERNAL)
            ck_abort_msg("%zu bytes: %d", n, code);
        free(cut);
    }
    weir__buf_release(&text);
    weir__blueprint_release(&blueprint);
}
END_TEST

/* What stands in the whole text, and what it is replaced by. */
static const struct {
    const char *from, *to;
} replaced[] = {
    {"test.outer", "test.nobody"}, /* the first is a stage's */
    {"test.one", "test.nobody"},
    {"\"inner\" \"1\"", "\"inner\" \"2\""},
    {"\"inner\" \"1\"", "\"inner\" \"99\""},
    {"\"inner\" \"-1\"", "\"inner\" \"0\""}, /* a type without inner ones */
    {"\"name\"", "\"eman\""},
    {"\"groups\"", "\"spuorg\""},
};

START_TEST(test_a_text_that_says_the_impossible_is_refused)
{
    struct blueprint blueprint = make_blueprint(), back;
    struct buf text = text_of(&blueprint), changed;
    const char *at = strstr(text.data, replaced[_i].from);
    ck_assert_msg(at != NULL, "no %s in %s", replaced[_i].from, text.data);
    weir__buf_init(&changed);
    weir__buf_add(&changed, text.data, (size_t)(at - text.data));
    weir__buf_puts(&changed, replaced[_i].to);
    weir__buf_puts(&changed, at + strlen(replaced[_i].from));
    ck_assert_int_eq(weir__blueprint_read(changed.data, &back), WEIR_EINTERNAL);
    weir__buf_release(&changed);
    weir__buf_release(&text);
    weir__blueprint_release(&blueprint);
}
END_TEST

static const char *const strange[] = {"",    " ", "x", "\"text\"", "[]", "{}", "{\"name\" []}",
                                      "\x01"};

START_TEST(test_a_text_that_is_not_a_blueprint_is_refused)
{
    struct blueprint back;
    ck_assert_int_eq(weir__blueprint_read(strange[_i], &back), WEIR_EINTERNAL);
}
END_TEST

START_TEST(test_a_released_blueprint_is_empty)
{
    struct blueprint blueprint = make_blueprint();
    weir__blueprint_release(&blueprint);
    ck_assert_uint_eq(blueprint.groups, 0);
    ck_assert_ptr_null(blueprint.group);
    ck_assert_ptr_null(blueprint.name);
    weir__blueprint_release(&blueprint);
}
END_TEST

int main(void)
{
    struct weir_err err = {0};
    if (weir_register(types, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    Suite *suite = suite_create("blueprint");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, test_a_blueprint_comes_back_from_its_text);
    tcase_add_test(all, test_a_worker_computes_the_layout_that_the_plan_has);
    tcase_add_test(all, test_a_text_that_is_cut_off_is_refused);
    tcase_add_loop_test(all, test_a_text_that_says_the_impossible_is_refused, 0,
                        (int)COUNT(replaced));
    tcase_add_loop_test(all, test_a_text_that_is_not_a_blueprint_is_refused, 0,
                        (int)COUNT(strange));
    tcase_add_test(all, test_a_released_blueprint_is_empty);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
