/* route: each record to the first of several ports whose condition it meets. */
#include "route.h"

#include <stdlib.h>
#include <string.h>

#include <weir/expr.h>

#include "file/subset.h"

enum { ROUTES_MOST = 15 }; /* and `else` */

static const struct weir_option options[] = {
    {"routes", WEIR_OPT_EXPR_MAP, NULL, NULL, true,
     "ports and the conditions of what goes there: {big: \"total > 1000\"}; the first that is true "
     "counts"},
    {0}};

struct condition {
    struct weir_expr *expr;
    /* of the batch in hand */
    const uint8_t *truth;
    struct weir_expr_errors errors;
    size_t settled;
};

struct route {
    const char *name[ROUTES_MOST + 1]; /* the last is `else` */
    struct condition condition[ROUTES_MOST];
    uint32_t conditions;
    struct subset subset[ROUTES_MOST + 1];
};

/* ---- planning ---- */

static bool is_name(const char *text)
{
    return text[0] != '\0' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(text);
}

static int route_configure(struct weir_stage *stage)
{
    struct route *self = stage->self = calloc(1, sizeof(*self));
    const struct weir_pair *pair;
    if (self == NULL)
        return weir_fail(stage, WEIR_EOS, "out of memory");
    size_t n = weir_option_map(stage, "routes", &pair);
    int code = 0;
    if (n > ROUTES_MOST)
        return weir_option_error(stage, "routes", NULL, 0, 0, "let a second route take the rest",
                                 "%zu routes are more than %d", n, ROUTES_MOST);
    for (size_t i = 0; i < n; i++) {
        bool taken = strcmp(pair[i].key, "else") == 0 || strcmp(pair[i].key, "rejects") == 0;
        if (taken)
            code = weir_option_error(stage, "routes", pair[i].key, WEIR_OPTION_KEY, 0, NULL,
                                     "there is a port '%s' anyhow: give this one another name",
                                     pair[i].key);
        else if (!is_name(pair[i].key))
            code = weir_option_error(stage, "routes", pair[i].key, WEIR_OPTION_KEY, 0, NULL,
                                     "the name of a port is made of a-z, 0-9, '_' and '-'");
        self->name[i] = pair[i].key;
    }
    self->conditions = (uint32_t)n;
    self->name[n] = "else";
    return code;
}

static uint32_t route_outputs(const struct weir_stage *stage, const char *const **ret)
{
    const struct route *self = stage->self;
    *ret = self->name;
    return self->conditions + 1;
}

static int compile(struct weir_stage *stage, const struct weir_pair *pair, struct weir_expr **ret)
{
    struct weir_expr_fault fault;
    int code = weir_expr_compile(pair->value, stage->in, ret, &fault);
    if (code == WEIR_ECONFIG)
        return weir_option_error(stage, "routes", pair->key, fault.offset, fault.span,
                                 fault.note[0] != '\0' ? fault.note : NULL, "%s", fault.text);
    if (code != 0)
        return weir_fail(stage, WEIR_EOS, "out of memory");
    if (weir_expr_type(*ret) == WEIR_BOOLEAN)
        return 0;
    return weir_option_error(stage, "routes", pair->key, 0, 0, NULL,
                             "a route is a condition, true or false; this is %s",
                             weir_type_name(weir_expr_type(*ret)));
}

static int route_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    struct route *self = stage->self;
    const struct weir_pair *pair;
    int worst = 0;
    if (stage->in->raw)
        return weir_fail(stage, WEIR_ECONFIG,
                         "a route works on records, and what comes in is text that has not been "
                         "parsed");
    weir_option_map(stage, "routes", &pair);
    for (uint32_t i = 0; i < self->conditions; i++) {
        int code = compile(stage, &pair[i], &self->condition[i].expr);
        if (code != 0 && code != WEIR_ECONFIG)
            return code;
        worst = code != 0 ? code : worst;
    }
    return worst != 0 ? worst : weir_schema_copy(ret, stage->in);
}

static void mark_columns(const struct weir_expr *expr, bool *needed)
{
    const uint32_t *column;
    size_t n = weir_expr_columns(expr, &column);
    for (size_t i = 0; i < n; i++)
        needed[column[i]] = true;
}

static void route_needs(struct weir_stage *stage, bool *in_needed)
{
    const struct route *self = stage->self;
    for (uint32_t i = 0; i <= self->conditions; i++) {
        const bool *needed = weir_output_needed(stage, i);
        for (uint32_t c = 0; needed != NULL && c < stage->in->columns; c++)
            in_needed[c] = in_needed[c] || needed[c];
        if (i < self->conditions)
            mark_columns(self->condition[i].expr, in_needed);
    }
}

/* ---- a batch ---- */

static int reject(struct weir_stage *stage, const struct weir_batch *in, uint32_t route,
                  const struct weir_expr_error *error)
{
    const struct route *self = stage->self;
    char text[256];
    weir_expr_error_text(error, text, sizeof(text));
    return weir_reject(stage, in, error->record,
                       error->column < 0 ? NULL : stage->in->column[error->column].name,
                       "%s (route %s)", text, self->name[route]);
}

/* Evaluates all conditions for the records from `from` on. */
static int begin(struct weir_stage *stage, const struct weir_batch *in, uint32_t from)
{
    struct route *self = stage->self;
    for (uint32_t i = 0; i < self->conditions; i++) {
        struct condition *condition = &self->condition[i];
        int code =
            weir_expr_filter(condition->expr, in, from, &condition->truth, &condition->errors);
        if (code == WEIR_EDATA)
            return weir_fail(stage, code,
                             "expressions make more than 256 MiB of text of one batch");
        if (code != 0)
            return weir_fail(stage, WEIR_EOS, "out of memory");
        condition->settled = 0;
    }
    for (uint32_t i = 0; i <= self->conditions; i++)
        if (!weir__subset_begin(&self->subset[i], in))
            return weir_fail(stage, WEIR_EOS, "out of memory");
    return 0;
}

/* The error of a condition at a record, or NULL. Records are asked for in their order. */
static const struct weir_expr_error *error_at(struct condition *condition, uint32_t record)
{
    const struct weir_expr_errors *errors = &condition->errors;
    while (condition->settled < errors->count && errors->list[condition->settled].record < record)
        condition->settled++;
    bool found =
        condition->settled < errors->count && errors->list[condition->settled].record == record;
    return found ? &errors->list[condition->settled] : NULL;
}

/* Which way a record goes: *ret, `conditions` for `else`. WEIR_SKIP: it is gone instead, and *ret
 * is not set. Only a condition that is asked can go wrong. Else WEIR_SET_NULL, WEIR_FULL or a code. */
static int choose(struct weir_stage *stage, const struct weir_batch *in, uint32_t record,
                  uint32_t *ret)
{
    struct route *self = stage->self;
    for (*ret = 0; *ret < self->conditions; ++*ret) {
        struct condition *condition = &self->condition[*ret];
        const struct weir_expr_error *error = error_at(condition, record);
        int verdict = error == NULL ? WEIR_SET_NULL : reject(stage, in, *ret, error);
        if (verdict != WEIR_SET_NULL)
            return verdict;
        if (error == NULL && condition->truth[record] == WEIR_TRUE)
            return WEIR_SET_NULL;
    }
    return WEIR_SET_NULL;
}

static int put_out(struct weir_stage *stage, struct weir_output *out)
{
    struct route *self = stage->self;
    for (uint32_t i = 0; i <= self->conditions; i++) {
        const bool *needed = weir_output_needed(stage, i);
        if (needed == NULL)
            stage->count.dropped += self->subset[i].rows;
        else if (!weir__subset_batch(&self->subset[i], needed, &out->other[i]))
            return weir_fail(stage, WEIR_EOS, "out of memory");
    }
    return 0;
}

static int route_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                         struct weir_output *out)
{
    struct route *self = stage->self;
    uint32_t from = (uint32_t)*cursor, record = from;
    int code = begin(stage, in, from);
    for (; code == 0 && record < in->records; record++) {
        uint32_t way;
        int verdict = choose(stage, in, record, &way);
        if (verdict < 0 && record == from)
            return verdict;
        if (verdict < 0 || verdict == WEIR_FULL)
            break; /* what stands before goes on first */
        if (verdict == WEIR_SET_NULL)
            weir__subset_add(&self->subset[way], record);
    }
    if (code == 0)
        code = put_out(stage, out);
    *cursor = record == in->records ? UINT64_MAX : record;
    return code;
}

static void route_close(struct weir_stage *stage)
{
    struct route *self = stage->self;
    if (self == NULL)
        return;
    for (uint32_t i = 0; i < ROUTES_MOST; i++)
        weir_expr_free(self->condition[i].expr);
    for (uint32_t i = 0; i <= ROUTES_MOST; i++)
        weir__subset_release(&self->subset[i]);
    free(self);
    stage->self = NULL;
}

const struct weir_stage_type weir_route = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "route",
    .summary = "sends each record to the first port whose condition it meets",
    .doc = "Each of its routes is a port that other stages read: with routes: {big: \"total > "
           "1000\"} and the id split, `inputs: split.big`. A record goes to the first route whose "
           "condition is true for it, and to `split.else` if none is; a condition that is null is "
           "not true. What goes to a port that nobody reads is dropped, and counted.",
    .options = options,
    .traits = WEIR_ROUTES | WEIR_REJECTS | WEIR_SANDBOX_STRICT,
    .configure = route_configure,
    .outputs = route_outputs,
    .bind = route_bind,
    .needs = route_needs,
    .process = route_process,
    .close = route_close,
};
