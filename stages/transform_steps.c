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

static bool in_list(const char *const *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], name) == 0)
            return true;
    return false;
}

/* The names of a list must be columns, each once. */
static int check_names(struct weir_stage *stage, const char *option, const char *const *list,
                       size_t n, const struct weir_schema *working)
{
    int code = 0;
    for (size_t i = 0; i < n; i++) {
        if (weir_schema_find(working, list[i]) < 0)
            code = unknown_column(stage, option, list[i], working);
        else if (in_list(list, i, list[i]))
            code = weir_option_error(stage, option, list[i], 0, 0, NULL,
                                     "column '%s' is listed twice", list[i]);
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
    uint32_t count = 0;
    int code = gather(check_names(stage, "select", select, selects, working),
                      check_names(stage, "drop", drop, drops, working));
    steps->output = calloc(working->columns + selects + 1, sizeof(*steps->output));
    if (steps->output == NULL)
        return no_memory(stage);
    for (size_t i = 0; i < selects && code == 0; i++)
        steps->output[count++] = (uint32_t)weir_schema_find(working, select[i]);
    for (uint32_t i = 0; selects == 0 && i < working->columns; i++)
        if (!in_list(drop, drops, working->column[i].name))
            steps->output[count++] = i;
    if (code == 0 && count == 0)
        code = weir_option_error(stage, "drop", NULL, 0, 0, NULL, "'drop' leaves no column");
    *ret_count = count;
    return code;
}

static const char *renamed(const struct weir_pair *pair, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(pair[i].key, name) == 0)
            return pair[i].value;
    return name;
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
    for (size_t i = 0; i < n; i++) {
        uint32_t count = 0;
        for (uint32_t c = 0; c < schema->columns; c++)
            count += strcmp(schema->column[c].name, pair[i].value) == 0;
        if (count > 1)
            return weir_option_error(stage, "rename", pair[i].key, 0, 0, NULL,
                                     "there would be two columns '%s'", pair[i].value);
    }
    return 0;
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
        if (weir_schema_add(&chosen, field->name, field->type) != 0 ||
            weir_schema_add(ret, renamed(pair, renames, field->name), field->type) != 0)
            code = no_memory(stage);
    }
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

void weir__transform_needs(const struct transform_steps *steps, const struct weir_schema *in,
                           uint32_t outputs, const bool *needed, bool *in_needed)
{
    bool replaced;
    for (uint32_t c = 0; c < in->columns; c++) {
        in_needed[c] = false;
        for (uint32_t o = 0; o < outputs; o++)
            in_needed[c] = in_needed[c] || (needed[o] && steps->output[o] == c);
    }
    /* From the last set to the first: the column that a set makes is not needed before it, what the
     * set uses is. Every set is evaluated, for it may reject a record. */
    for (size_t i = steps->sets; i-- > 0;)
        for (uint32_t c = 0; c < in->columns; c++) {
            replaced = steps->set[i].target == c;
            in_needed[c] = (in_needed[c] && !replaced) || weir_expr_uses(steps->set[i].expr, c);
        }
    for (uint32_t c = 0; steps->where != NULL && c < in->columns; c++)
        in_needed[c] = in_needed[c] || weir_expr_uses(steps->where, c);
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
