#include <weir/expr.h>

#include <stdlib.h>

/* expr */
#include "expr/check.h"
#include "expr/number_lanes.h"

/* Terms that compute: each has a vector of up to 24 KiB. */
#define TERMS_MAX 2000

struct weir_expr {
    struct arena memory;
    struct prepared *states; /* of registered functions; in memory */
    struct term *root;
    struct term *condition; /* the root as a boolean, or NULL */
    struct run run;
    bool prepared;
    uint32_t *column; /* that it looks at */
    size_t columns;
    uint16_t *every; /* 0, 1, 2 ... CHUNK - 1 */

    /* The result, for filter and for column. */
    uint8_t *truth;
    uint32_t truth_capacity;
    uint64_t *entry;
    uint32_t entry_capacity;
    char *heap;
    size_t heap_capacity, heap_used;
};

/* ---- compiling ---- */

static uint32_t count_terms(struct term *term)
{
    uint32_t n = !is_constant(term);
    if (term->kind == TERM_ONCE && term->chunk == UINT64_MAX)
        return n; /* counted already */
    term->chunk = UINT64_MAX;
    for (uint32_t i = 0; i < term->children && n <= TERMS_MAX; i++)
        n += count_terms(term->child[i]);
    return n;
}

static bool compile(struct weir_expr *expr, struct check *c)
{
    expr->root = weir__parse(c->text, c->memory, c->fault);
    if (expr->root == NULL || !weir__check(c, &expr->root))
        return false;
    if (count_terms(expr->root) > TERMS_MAX)
        return weir__fault(c->fault, 0, 1, "compute a part of it in a column of its own (set)",
                           "the expression has more than %d parts", TERMS_MAX);
    expr->run.chunk = c->run.chunk;
    if (expr->root->type != WEIR_BOOLEAN)
        return true;
    expr->condition = expr->root;
    return weir__convert(c, &expr->condition, WEIR_BOOLEAN);
}

int weir_expr_compile(const char *text, const struct weir_schema *schema, struct weir_expr **ret,
                      struct weir_expr_fault *fault)
{
    struct weir_expr_fault found = {0};
    struct weir_expr *expr = calloc(1, sizeof(*expr));
    struct check *c = calloc(1, sizeof(*c));
    int status = WEIR_EOS;
    if (expr == NULL || c == NULL)
        goto out;
    *c = (struct check){.text = text,
                        .schema = schema,
                        .memory = &expr->memory,
                        .fault = &found,
                        .run = {.rows = 1, .memory = &expr->memory}};
    bool is_compiled = compile(expr, c);
    expr->states = c->prepared;
    if (is_compiled) {
        expr->column = c->column;
        expr->columns = c->columns;
        c->column = NULL;
        *ret = expr;
        expr = NULL;
        status = 0;
    } else if (found.text[0] != '\0') {
        *fault = found;
        status = WEIR_ECONFIG;
    }
out:
    if (c != NULL) {
        weir__arena_release(&c->run.text);
        free(c->run.error);
        free(c->column);
    }
    free(c);
    weir_expr_free(expr);
    return status;
}

void weir_expr_free(struct weir_expr *expr)
{
    if (expr == NULL)
        return;
    for (struct prepared *p = expr->states; p != NULL; p = p->next)
        p->release(p->state);
    weir__arena_release(&expr->memory);
    weir__arena_release(&expr->run.text);
    free(expr->run.error);
    free(expr->column);
    free(expr->every);
    free(expr->truth);
    free(expr->entry);
    free(expr->heap);
    free(expr);
}

enum weir_type weir_expr_type(const struct weir_expr *expr)
{
    return expr->root->type;
}

size_t weir_expr_columns(const struct weir_expr *expr, const uint32_t **ret)
{
    *ret = expr->column;
    return expr->columns;
}

/* ---- errors ---- */

void weir_expr_error_text(const struct weir_expr_error *error, char *to, size_t n)
{
    static const struct {
        bool quoted;
        const char *text;
    } reasons[] = {
#define EXPR_REASON(name, quoted, text) [REASON_##name] = {quoted, text},
        EXPR_REASONS(EXPR_REASON)
#undef EXPR_REASON
    };
    bool quoted = error->why == NULL ? reasons[error->reason].quoted : error->why_quotes;
    const char *why = error->why == NULL ? reasons[error->reason].text : error->why;
    if (quoted)
        snprintf(to, n, "'%.*s%s' %s", error->value_bytes, error->value, error->cut ? "..." : "",
                 why);
    else
        snprintf(to, n, "%s", why);
}

static int order_errors(const void *a, const void *b)
{
    const struct weir_expr_error *p = a, *q = b;
    return (p->record > q->record) - (p->record < q->record);
}

/* ---- evaluating ---- */

static bool prepare(struct weir_expr *expr)
{
    if (expr->prepared)
        return true;
    expr->every = malloc(CHUNK * sizeof(*expr->every));
    if (expr->every == NULL)
        return false;
    for (uint16_t i = 0; i < CHUNK; i++)
        expr->every[i] = i;
    expr->run.rows = CHUNK;
    expr->run.number_lanes = weir__number_lanes_run();
    expr->run.memory = &expr->memory;
    expr->prepared = weir__eval_prepare(&expr->run, expr->root) &&
                     (expr->condition == NULL || weir__eval_prepare(&expr->run, expr->condition));
    return expr->prepared;
}

/* Grows *array to hold count elements of size bytes. */
static bool reserve(void **array, uint32_t *capacity, uint32_t count, size_t size)
{
    if (count <= *capacity)
        return true;
    void *larger = realloc(*array, count * size);
    if (larger == NULL)
        return false;
    *array = larger;
    *capacity = count;
    return true;
}

/* Evaluates one chunk; its errors end up in the order of the records. */
static const struct vector *eval_chunk(struct weir_expr *expr, struct term *term, uint32_t base,
                                       uint32_t count)
{
    struct run *run = &expr->run;
    size_t before = run->errors;
    run->base = base;
    run->chunk++;
    memset(run->failed, 0, count);
    weir__arena_reset(&run->text);
    const struct vector *v = weir__eval(run, term, &(struct selection){expr->every, count});
    if (run->errors - before > 1)
        qsort(run->error + before, run->errors - before, sizeof(*run->error), order_errors);
    return v;
}

static bool begin(struct weir_expr *expr, const struct weir_batch *batch)
{
    expr->run.batch = batch;
    expr->run.errors = 0;
    expr->run.status = 0;
    return prepare(expr);
}

static uint32_t chunk_at(const struct weir_batch *batch, uint32_t base)
{
    return batch->records - base < CHUNK ? batch->records - base : CHUNK;
}

int weir_expr_filter(struct weir_expr *expr, const struct weir_batch *batch, uint32_t from,
                     const uint8_t **ret_truth, struct weir_expr_errors *ret_errors)
{
    if (!begin(expr, batch) ||
        !reserve((void **)&expr->truth, &expr->truth_capacity, batch->records, 1))
        return WEIR_EOS;
    for (uint32_t base = from; base < batch->records; base += CHUNK) {
        uint32_t count = chunk_at(batch, base);
        size_t before = expr->run.errors;
        const struct vector *v = eval_chunk(expr, expr->condition, base, count);
        uint8_t *truth = expr->truth + base;
        if (v->mask == 0)
            memset(truth, v->truth[0], count);
        else
            memcpy(truth, v->truth, count);
        for (; before < expr->run.errors; before++)
            expr->truth[expr->run.error[before].record] = WEIR_UNKNOWN;
        if (expr->run.status != 0)
            return expr->run.status;
    }
    *ret_truth = expr->truth;
    *ret_errors = (struct weir_expr_errors){expr->run.error, expr->run.errors};
    return 0;
}

/* ---- a column of values ---- */

static size_t value_room(const struct vector *v, uint32_t count, enum shape shape)
{
    size_t bytes = 0;
    if (shape != SHAPE_TEXT)
        return (size_t)count * NUMBER_TEXT_BYTES;
    for (uint32_t i = 0; i < count; i++)
        bytes += v->text[i & v->mask].data == NULL ? 0 : v->text[i & v->mask].length;
    return bytes;
}

static int heap_reserve(struct weir_expr *expr, size_t more)
{
    size_t wanted = expr->heap_used + more, capacity = expr->heap_capacity;
    if (wanted > WEIR_ENTRY_MAX)
        return WEIR_EDATA;
    if (wanted <= capacity)
        return 0;
    capacity = wanted > 2 * capacity ? wanted : 2 * capacity;
    char *larger = realloc(expr->heap, capacity);
    if (larger == NULL)
        return WEIR_EOS;
    expr->heap = larger;
    expr->heap_capacity = capacity;
    return 0;
}

/* Writes the value, which is not null, to `to`. Returns its length. */
static inline size_t write_value(const struct vector *v, uint32_t row, enum shape shape,
                                 enum weir_type type, char *to)
{
    uint32_t i = row & v->mask;
    struct number number;
    switch (shape) {
    case SHAPE_TEXT: memcpy(to, v->text[i].data, v->text[i].length); return v->text[i].length;
    case SHAPE_NUMBER:
        if (is_moment(type))
            return weir__moment_print(type, v->narrow[i], to);
        if (v->tag[i] < TAG_WIDE)
            return weir__number_print_short(v->narrow[i], v->tag[i], to);
        number = number_at(v, row);
        return weir__number_print(&number, to);
    case SHAPE_TRUTH: break;
    }
    bool is_true = v->truth[i] == WEIR_TRUE;
    memcpy(to, is_true ? "true" : "false", is_true ? 4 : 5);
    return is_true ? 4 : 5;
}

static int write_chunk(struct weir_expr *expr, const struct vector *v, uint32_t base,
                       uint32_t count)
{
    enum shape shape = term_shape(expr->root);
    int status = heap_reserve(expr, value_room(v, count, shape));
    if (status != 0)
        return status;
    for (uint32_t i = 0; i < count; i++) {
        if (expr->run.failed[i] || value_is_null(v, i, shape)) {
            expr->entry[base + i] = weir_entry_null();
            continue;
        }
        size_t n = write_value(v, i, shape, expr->root->type, expr->heap + expr->heap_used);
        expr->entry[base + i] = weir_entry((uint32_t)expr->heap_used, (uint32_t)n);
        expr->heap_used += n;
    }
    return 0;
}

static int write_column(struct weir_expr *expr, const struct weir_batch *batch)
{
    if (!reserve((void **)&expr->entry, &expr->entry_capacity, batch->records,
                 sizeof(*expr->entry)) ||
        heap_reserve(expr, 1) != 0) /* never NULL: an empty text stands somewhere */
        return WEIR_EOS;
    for (uint32_t base = 0; base < batch->records; base += CHUNK) {
        uint32_t count = chunk_at(batch, base);
        const struct vector *v = eval_chunk(expr, expr->root, base, count);
        int status = expr->run.status != 0 ? expr->run.status : write_chunk(expr, v, base, count);
        if (status != 0)
            return status;
    }
    return 0;
}

int weir_expr_column(struct weir_expr *expr, const struct weir_batch *batch,
                     struct weir_column *ret, struct weir_expr_errors *ret_errors)
{
    struct weir_column result = {0};
    expr->heap_used = 0;
    if (!begin(expr, batch))
        return WEIR_EOS;
    if (expr->root->kind == TERM_COLUMN) {
        result = batch->column[expr->root->column];
    } else {
        int status = write_column(expr, batch);
        if (status != 0)
            return status;
        result = (struct weir_column){expr->entry, expr->heap, (uint32_t)expr->heap_used};
    }
    *ret = result;
    *ret_errors = (struct weir_expr_errors){expr->run.error, expr->run.errors};
    return 0;
}
