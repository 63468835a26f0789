#include "transform_steps.h"

#include <stdlib.h>
#include <string.h>

static int no_memory(struct weir_stage *stage)
{
    return weir_fail(stage, WEIR_EOS, "out of memory");
}

/* The worse of what has happened so far and now: mistakes are gathered, anything else ends the
 * work. */
static int gather(int before, int now)
{
    return now != 0 && (before == 0 || now != WEIR_ECONFIG) ? now : before;
}

static bool is_fatal(int code)
{
    return code != 0 && code != WEIR_ECONFIG;
}

/* ---- expressions ---- */

static int compile(struct weir_stage *stage, const char *option, const char *key, const char *text,
                   const struct weir_schema *schema, struct weir_expr **ret)
{
    struct weir_expr_fault fault;
    int code = weir_expr_compile(text, schema, ret, &fault);
    if (code == WEIR_ECONFIG)
        return weir_option_error(stage, option, key, fault.offset, fault.span,
                                 fault.note[0] != '\0' ? fault.note : NULL, "%s", fault.text);
    return code == 0 ? 0 : no_memory(stage);
}

static int bind_where(struct weir_stage *stage, struct transform_steps *steps)
{
    const char *text = weir_option_string(stage, "where");
    if (text == NULL)
        return 0;
    int code = compile(stage, "where", NULL, text, &steps->working, &steps->where);
    if (code != 0)
        return code;
    enum weir_type type = weir_expr_type(steps->where);
    if (type == WEIR_BOOLEAN)
        return 0;
    bool number = type == WEIR_INTEGER || type == WEIR_DECIMAL || type == WEIR_DOUBLE;
    const char *note = number ? "compare it, as in: quantity > 0"
                              : "compare it, as in: status = 'paid', or write status::boolean";
    return weir_option_error(stage, "where", NULL, 0, 0, note,
                             "'where' is a condition, true or false; this is %s",
                             weir_type_name(type));
}

/* A set that is wrong still makes its column, so that what uses it is not wrong too. */
static int bind_set(struct weir_stage *stage, struct transform_steps *steps,
                    const struct weir_pair *pair)
{
    struct transform_set *set = &steps->set[steps->sets];
    struct weir_schema *working = &steps->working;
    int code = compile(stage, "set", pair->key, pair->value, working, &set->expr);
    if (is_fatal(code))
        return code;
    enum weir_type type = code == 0 ? weir_expr_type(set->expr) : WEIR_UNTYPED;
    int found = weir_schema_find(working, pair->key);
    if (found >= 0)
        working->column[found].type = type;
    else if (weir_schema_add(working, pair->key, type) != 0)
        code = no_memory(stage);
    set->name = pair->key;
    set->target = found >= 0 ? (uint32_t)found : working->columns - 1;
    steps->sets++;
    return code;
}

static int bind_sets(struct weir_stage *stage, struct transform_steps *steps)
{
    const struct weir_pair *pair;
    size_t n = weir_option_map(stage, "set", &pair);
    int code = 0;
    steps->set = calloc(n + 1, sizeof(*steps->set));
    if (steps->set == NULL)
        return no_memory(stage);
    for (size_t i = 0; i < n && !is_fatal(code); i++)
        code = gather(code, bind_set(stage, steps, &pair[i]));
    return code;
}

/* ---- columns ---- */

static int unknown_column(struct weir_stage *stage, const char *option, const char *name,
                          const struct weir_schema *schema)
{
    char note[256] = "";
    const char *nearest = weir_schema_nearest(schema, name);
    size_t used = 0;
    if (nearest != NULL)
        snprintf(note, sizeof(note), "did you mean '%s'?", nearest);
    for (uint32_t i = 0; nearest == NULL && i < schema->columns && used < sizeof(note); i++)
        used += (size_t)snprintf(note + used, sizeof(note) - used, "%s%s",
                                 i == 0 ? "the columns are " : ", ", schema->column[i].name);
    return weir_option_error(stage, option, name, WEIR_OPTION_KEY, 0, note, "no column '%s'", name);
}

/* The names of a list must be columns, each once. They are added to *ret. */
static int check_names(struct weir_stage *stage, const char *option, const char *const *list,
                       size_t n, const struct weir_schema *working, struct weir_schema *ret)
{
    int code = 0;
    for (size_t i = 0; i < n && !is_fatal(code); i++) {
        if (weir_schema_find(working, list[i]) < 0)
            code = unknown_column(stage, option, list[i], working);
        else if (weir_schema_find(ret, list[i]) >= 0)
            code = weir_option_error(stage, option, list[i], 0, 0, NULL,
                                     "column '%s' is listed twice", list[i]);
        else if (weir_schema_add(ret, list[i], WEIR_UNTYPED) != 0)
            code = no_memory(stage);
    }
    return code;
}

/* select or drop. *ret_count working columns stay, in the order of steps->output. */
static int choose(struct weir_stage *stage, struct transform_steps *steps, uint32_t *ret_count)
{
    const struct weir_schema *working = &steps->working;
    const char *const *select, *const *drop;
    size_t selects = weir_option_list(stage, "select", &select);
    size_t drops = weir_option_list(stage, "drop", &drop);
    struct weir_schema selected = {0}, dropped = {0};
    uint32_t count = 0;
    int code = gather(check_names(stage, "select", select, selects, working, &selected),
                      check_names(stage, "drop", drop, drops, working, &dropped));
    steps->output = calloc(working->columns + 1u, sizeof(*steps->output));
    if (steps->output == NULL)
        code = no_memory(stage);
    for (size_t i = 0; i < selects && code == 0; i++)
        steps->output[count++] = (uint32_t)weir_schema_find(working, select[i]);
    for (uint32_t i = 0; selects == 0 && !is_fatal(code) && i < working->columns; i++)
        if (weir_schema_find(&dropped, working->column[i].name) < 0)
            steps->output[count++] = i;
    if (code == 0 && count == 0)
        code = weir_option_error(stage, "drop", NULL, 0, 0, NULL, "'drop' leaves no column");
    *ret_count = count;
    weir_schema_release(&selected);
    weir_schema_release(&dropped);
    return code;
}

static int check_renames(struct weir_stage *stage, const struct weir_pair *pair, size_t n,
                         const struct weir_schema *schema)
{
    int code = 0;
    for (size_t i = 0; i < n; i++) {
        if (pair[i].value[0] == '\0')
            code =
                weir_option_error(stage, "rename", pair[i].key, 0, 0, NULL, "a column has a name");
        if (weir_schema_find(schema, pair[i].key) < 0)
            code = unknown_column(stage, "rename", pair[i].key, schema);
    }
    return code;
}

/* No two columns of the output may have one name, where renaming has a part in it. */
static int check_unique(struct weir_stage *stage, const struct weir_pair *pair, size_t n,
                        const struct weir_schema *schema)
{
    struct weir_schema twice = {0};
    int code = 0;
    for (uint32_t c = 0; c < schema->columns && code == 0; c++) {
        const char *name = schema->column[c].name;
        if (weir_schema_find(schema, name) != (int)c &&
            weir_schema_add(&twice, name, WEIR_UNTYPED) != 0)
            code = no_memory(stage);
    }
    for (size_t i = 0; i < n && code == 0; i++)
        if (weir_schema_find(&twice, pair[i].value) >= 0)
            code = weir_option_error(stage, "rename", pair[i].key, 0, 0, NULL,
                                     "there would be two columns '%s'", pair[i].value);
    weir_schema_release(&twice);
    return code;
}

/* The chosen columns under their new names. */
static int rename_columns(struct weir_stage *stage, const struct weir_pair *pair, size_t n,
                          const struct weir_schema *chosen, struct weir_schema *ret)
{
    struct weir_schema old = {0};
    int code = 0;
    for (size_t i = 0; i < n && code == 0; i++)
        code = weir_schema_add(&old, pair[i].key, WEIR_UNTYPED);
    for (uint32_t c = 0; c < chosen->columns && code == 0; c++) {
        const struct weir_field *field = &chosen->column[c];
        int i = weir_schema_find(&old, field->name);
        code = weir_schema_add(ret, i < 0 ? field->name : pair[i].value, field->type);
    }
    weir_schema_release(&old);
    return code == 0 ? 0 : no_memory(stage);
}

static int bind_output(struct weir_stage *stage, struct transform_steps *steps,
                       struct weir_schema *ret)
{
    uint32_t count = 0;
    const struct weir_pair *pair;
    size_t renames = weir_option_map(stage, "rename", &pair);
    struct weir_schema chosen = {0};
    int code = choose(stage, steps, &count);
    for (uint32_t i = 0; i < count && !is_fatal(code); i++) {
        const struct weir_field *field = &steps->working.column[steps->output[i]];
        if (weir_schema_add(&chosen, field->name, field->type) != 0)
            code = no_memory(stage);
    }
    if (!is_fatal(code))
        code = gather(code, rename_columns(stage, pair, renames, &chosen, ret));
    if (code == 0)
        code = check_renames(stage, pair, renames, &chosen);
    if (code == 0)
        code = check_unique(stage, pair, renames, ret);
    weir_schema_release(&chosen);
    return code;
}

int weir__transform_bind(struct weir_stage *stage, struct transform_steps *steps,
                         struct weir_schema *ret_schema)
{
    weir__transform_release(steps);
    if (weir_schema_copy(&steps->working, stage->in) != 0)
        return no_memory(stage);
    int code = bind_where(stage, steps);
    if (!is_fatal(code))
        code = gather(code, bind_sets(stage, steps));
    if (!is_fatal(code))
        code = gather(code, bind_output(stage, steps, ret_schema));
    return code;
}

/* ---- what is needed ---- */

/* Those of the first n columns that the expression looks at. */
static void need_columns(const struct weir_expr *expr, uint32_t n, bool *needed)
{
    const uint32_t *column;
    size_t columns = weir_expr_columns(expr, &column);
    for (size_t i = 0; i < columns; i++)
        if (column[i] < n)
            needed[column[i]] = true;
}

void weir__transform_needs(const struct transform_steps *steps, const struct weir_schema *in,
                           uint32_t outputs, const bool *needed, bool *in_needed)
{
    memset(in_needed, 0, in->columns * sizeof(*in_needed));
    for (uint32_t o = 0; o < outputs; o++)
        if (needed[o] && steps->output[o] < in->columns)
            in_needed[steps->output[o]] = true;
    /* From the last set to the first: the column that a set makes is not needed before it, what the
     * set uses is. Every set is evaluated, for it may reject a record. */
    for (size_t i = steps->sets; i-- > 0;) {
        if (steps->set[i].target < in->columns)
            in_needed[steps->set[i].target] = false;
        need_columns(steps->set[i].expr, in->columns, in_needed);
    }
    if (steps->where != NULL)
        need_columns(steps->where, in->columns, in_needed);
}

void weir__transform_release(struct transform_steps *steps)
{
    weir_expr_free(steps->where);
    for (size_t i = 0; i < steps->sets; i++)
        weir_expr_free(steps->set[i].expr);
    free(steps->set);
    free(steps->output);
    weir_schema_release(&steps->working);
    *steps = (struct transform_steps){0};
}
