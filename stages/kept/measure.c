#include "kept/measure.h"

#include <math.h>
#include <stdio.h>
#include <strings.h>

#include "kept/values.h"

#define SQUARABLE 1e140 /* the sum of so many squares is a double */

static const struct {
    const char *name;
    enum measure_kind kind;
} kinds[] = {{"count", MEASURE_COUNT},
             {"sum", MEASURE_SUM},
             {"avg", MEASURE_AVG},
             {"stddev", MEASURE_STDDEV},
             {"min", MEASURE_MIN},
             {"max", MEASURE_MAX},
             {"first", MEASURE_FIRST},
             {"last", MEASURE_LAST},
             {"string_agg", MEASURE_STRING_AGG},
             {"count_distinct", MEASURE_COUNT_DISTINCT}};
static const char known[] = "count(*), count(x), sum(x), avg(x), min(x), max(x), first(x), "
                            "last(x), count_distinct(x), stddev(x), string_agg(x, ', ')";

/* ---- the option ---- */

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t\n");
}

static const char *back_over_blanks(const char *begin, const char *end)
{
    while (end > begin && strchr(" \t\n", end[-1]) != NULL)
        end--;
    return end;
}

/* Takes ", 'text'" from the end of string_agg's arguments. NULL: it is not there, or no memory. */
static char *take_separator(const char *begin, const char **end)
{
    const char *close = back_over_blanks(begin, *end);
    if (close == begin || close[-1] != '\'')
        return NULL;
    const char *open = --close;
    while (open > begin && (open[-1] != '\'' || (open - 1 > begin && open[-2] == '\'')))
        open -= open[-1] == '\'' ? 2 : 1;
    const char *comma = open == begin ? begin : back_over_blanks(begin, open - 1);
    if (comma == begin || comma[-1] != ',')
        return NULL;
    char *separator = malloc((size_t)(close - open) + 1), *to = separator;
    for (const char *at = open; separator != NULL && at < close; at++) {
        *to++ = *at;
        at += *at == '\'';
    }
    if (separator != NULL)
        *to = '\0';
    *end = comma - 1;
    return separator;
}

static int read_one(struct weir_stage *stage, const struct weir_pair *pair, struct measure *measure)
{
    const char *text = skip_blanks(pair->value), *open = strchr(text, '(');
    const char *end = back_over_blanks(text, text + strlen(text));
    *measure = (struct measure){.name = pair->key, .text = pair->value};
    size_t k = 0, count = sizeof(kinds) / sizeof(kinds[0]);
    size_t name = open == NULL ? 0 : (size_t)(back_over_blanks(text, open) - text);
    while (k < count &&
           (strlen(kinds[k].name) != name || strncasecmp(kinds[k].name, text, name) != 0))
        k++;
    if (k == count || end[-1] != ')')
        return weir_option_error(stage, "set", pair->key, 0, 0, known,
                                 "'%s' is not one of what can be made of a group", pair->value);
    measure->kind = kinds[k].kind;
    const char *begin = skip_blanks(open + 1);
    end = back_over_blanks(begin, end - 1);
    if (measure->kind == MEASURE_STRING_AGG &&
        (measure->separator = take_separator(begin, &end)) == NULL)
        return weir_option_error(stage, "set", pair->key, 0, 0, NULL,
                                 "string_agg has two arguments: string_agg(x, ', ')");
    if (measure->kind == MEASURE_COUNT && end == begin + 1 && *begin == '*') {
        measure->kind = MEASURE_COUNT_ALL;
        return 0;
    }
    if (end <= begin)
        return weir_option_error(stage, "set", pair->key, 0, 0, NULL, "%s has an argument: %s(x)",
                                 kinds[k].name, kinds[k].name);
    measure->argument = strndup(begin, (size_t)(end - begin));
    return measure->argument == NULL ? weir_fail(stage, WEIR_EOS, "out of memory") : 0;
}

int weir__measures_read(struct weir_stage *stage, struct measure **ret, size_t *ret_count)
{
    const struct weir_pair *pair;
    size_t count = weir_option_map(stage, "set", &pair);
    struct measure *measure = calloc(count + 1, sizeof(*measure));
    int worst = 0;
    if (measure == NULL)
        return weir_fail(stage, WEIR_EOS, "out of memory");
    for (size_t i = 0; i < count; i++) {
        int code = read_one(stage, &pair[i], &measure[i]);
        worst = code < 0 ? code : worst;
    }
    *ret = measure;
    *ret_count = count;
    return worst;
}

void weir__measures_release(struct measure *measure, size_t count)
{
    for (size_t i = 0; measure != NULL && i < count; i++) {
        free(measure[i].argument);
        free(measure[i].separator);
        weir_expr_free(measure[i].expr);
    }
    free(measure);
}

/* ---- types ---- */

static enum weir_type result_type(const struct measure *measure)
{
    enum weir_type of = measure->argument_type;
    switch (measure->kind) {
    case MEASURE_COUNT_ALL:
    case MEASURE_COUNT:
    case MEASURE_COUNT_DISTINCT: return WEIR_INTEGER;
    case MEASURE_SUM: return of == WEIR_UNTYPED ? WEIR_DECIMAL : of;
    case MEASURE_AVG: return of == WEIR_DOUBLE ? WEIR_DOUBLE : WEIR_DECIMAL;
    case MEASURE_STDDEV: return WEIR_DOUBLE;
    case MEASURE_STRING_AGG: return WEIR_TEXT;
    default: return of;
    }
}

void weir__measure_restore(struct measure *measure, enum weir_type type)
{
    measure->type = type;
    measure->real = type == WEIR_DOUBLE && measure_wants_numbers(measure);
}

static int compile_one(struct weir_stage *stage, struct measure *measure,
                       const struct weir_schema *schema)
{
    struct weir_expr_fault fault;
    if (measure->argument == NULL) {
        weir__measure_restore(measure, result_type(measure));
        return 0;
    }
    int code = weir_expr_compile(measure->argument, schema, &measure->expr, &fault);
    if (code == WEIR_ECONFIG) {
        size_t from = (size_t)(strstr(measure->text, measure->argument) - measure->text);
        return weir_option_error(stage, "set", measure->name, from + fault.offset, fault.span,
                                 fault.note[0] == '\0' ? NULL : fault.note, "%s", fault.text);
    }
    if (code < 0)
        return weir_fail(stage, code, "out of memory");
    enum weir_type type = measure->argument_type = weir_expr_type(measure->expr);
    weir__measure_restore(measure, result_type(measure));
    bool number = type == WEIR_INTEGER || type == WEIR_DECIMAL || type == WEIR_DOUBLE;
    if (measure_wants_numbers(measure) && !number && type != WEIR_UNTYPED)
        return weir_option_error(stage, "set", measure->name, 0, 0, NULL,
                                 "'%s' is %s, and this wants numbers", measure->argument,
                                 weir_type_name(type));
    if (type == WEIR_UNTYPED && (measure->kind == MEASURE_MIN || measure->kind == MEASURE_MAX))
        return weir_option_error(
            stage, "set", measure->name, 0, 0,
            "say which order is meant: x::integer, x::decimal, x::text, x::date",
            "'%s' has no type, and as text 10 comes before 9", measure->argument);
    return 0;
}

int weir__measures_compile(struct weir_stage *stage, struct measure *measure, size_t count,
                           const struct weir_schema *schema)
{
    int worst = 0;
    for (size_t i = 0; i < count; i++) {
        int code = compile_one(stage, &measure[i], schema);
        worst = code < 0 ? code : worst;
    }
    return worst;
}

/* ---- accounts ---- */

void weir__account_clear(struct account *account)
{
    account->exact = 0;
    account->count = 0;
    account->scale = 0;
    account->has = account->is_null = false;
    account->key.used = account->value.used = 0;
    if (account->wide != NULL)
        memset(account->wide, 0, 2 * sizeof(*account->wide));
}

void weir__account_release(struct account *account)
{
    free(account->wide);
    free(account->key.data);
    free(account->value.data);
}

static bool has_wide(struct account *account)
{
    if (account->wide == NULL)
        account->wide = calloc(2, sizeof(*account->wide));
    return account->wide != NULL;
}

__extension__ typedef __int128 int128;

/* Multiplies by ten so often, if it is certain that the result has room. */
static bool scale_up(int128 *exact, unsigned times)
{
    enum { FEW = 18 };
    static const int64_t power[FEW + 1] = {1,
                                           10,
                                           100,
                                           1000,
                                           10000,
                                           100000,
                                           1000000,
                                           10000000,
                                           100000000,
                                           1000000000,
                                           10000000000,
                                           100000000000,
                                           1000000000000,
                                           10000000000000,
                                           100000000000000,
                                           1000000000000000,
                                           10000000000000000,
                                           100000000000000000,
                                           1000000000000000000};
    if (times > FEW || *exact > INT64_MAX || *exact < INT64_MIN)
        return false;
    *exact *= power[times];
    return true;
}

static bool add_exact(struct account *account, const struct weir_number *number)
{
    const int128 room = (int128)1 << 124; /* the sum of two such has 38 digits at most */
    int128 more = number->exact;
    if (number->scale <= account->scale && account->exact < room && account->exact > -room &&
        more < room && more > -room &&
        (number->scale == account->scale ||
         scale_up(&more, (unsigned)(account->scale - number->scale)))) {
        account->exact += more;
        return true;
    }
    struct weir_number sum = {.exact = account->exact, .scale = account->scale};
    if (!weir_number_add(&sum, number, &sum))
        return false;
    account->exact = sum.exact;
    account->scale = sum.scale;
    return true;
}

bool weir__account_add_number(const struct measure *measure, struct account *account,
                              const struct weir_number *number)
{
    account->count++;
    if (!measure->real)
        return add_exact(account, number);
    if (!has_wide(account))
        return false;
    double value = weir_number_to_double(number);
    if (measure->kind == MEASURE_STDDEV && fabs(value) > SQUARABLE)
        return false;
    weir__wide_add(&account->wide[0], value);
    if (measure->kind == MEASURE_STDDEV)
        weir__wide_add_product(&account->wide[1], value, value);
    return true;
}

bool weir__account_choose(const struct measure *measure, struct account *account, const char *key,
                          size_t key_bytes, struct weir_value value)
{
    bool lowest = measure->kind == MEASURE_MIN || measure->kind == MEASURE_FIRST;
    if (account->has) {
        size_t n = key_bytes < account->key.used ? key_bytes : account->key.used;
        int order = memcmp(key, account->key.data, n);
        if (order == 0)
            order = (key_bytes > account->key.used) - (key_bytes < account->key.used);
        if (lowest ? order >= 0 : order <= 0)
            return true;
    }
    account->has = true;
    account->is_null = value.data == NULL;
    account->key.used = account->value.used = 0;
    bytes_add(&account->key, key, key_bytes);
    if (value.data != NULL)
        bytes_add(&account->value, value.data, value.length);
    return !account->key.failed && !account->value.failed;
}

/* ---- accounts as bytes ---- */

static bool take(const char **at, const char *end, void *to, size_t n)
{
    if ((size_t)(end - *at) < n)
        return false;
    memcpy(to, *at, n);
    *at += n;
    return true;
}

static size_t wides_of(const struct measure *measure)
{
    return !measure->real ? 0 : measure->kind == MEASURE_STDDEV ? 2 : 1;
}

void weir__account_write(const struct measure *measure, const struct account *account,
                         struct bytes *to)
{
    if (measure_chooses(measure)) {
        struct weir_value key = {account->has ? account->key.data : NULL,
                                 (uint32_t)account->key.used};
        struct weir_value value = {account->is_null          ? NULL
                                   : account->value.used > 0 ? account->value.data
                                                             : "",
                                   (uint32_t)account->value.used};
        value_write(to, key);
        value_write(to, value);
        return;
    }
    bytes_add(to, &account->count, sizeof(account->count));
    if (measure_wants_numbers(measure) && !measure->real) {
        bytes_add(to, &account->scale, sizeof(account->scale));
        bytes_add(to, &account->exact, sizeof(account->exact));
    }
    if (account->count > 0 && account->wide != NULL)
        bytes_add(to, account->wide, wides_of(measure) * sizeof(struct wide));
}

static int merge_chosen(const struct measure *measure, struct account *account, const char **at,
                        const char *end)
{
    struct weir_value key, value;
    if (!value_read(at, end, &key) || !value_read(at, end, &value))
        return WEIR_EINTERNAL;
    if (key.data == NULL)
        return 0;
    return weir__account_choose(measure, account, key.data, key.length, value) ? 0 : WEIR_EOS;
}

int weir__account_merge(const struct measure *measure, struct account *account, const char **at,
                        const char *end)
{
    uint64_t count;
    struct weir_number more = {0};
    if (measure_chooses(measure))
        return merge_chosen(measure, account, at, end);
    if (!take(at, end, &count, sizeof(count)))
        return WEIR_EINTERNAL;
    account->count += count;
    if (measure_wants_numbers(measure) && !measure->real) {
        if (!take(at, end, &more.scale, sizeof(more.scale)) ||
            !take(at, end, &more.exact, sizeof(more.exact)))
            return WEIR_EINTERNAL;
        return add_exact(account, &more) ? 0 : WEIR_EDATA;
    }
    for (size_t w = 0; count > 0 && w < wides_of(measure); w++) {
        struct wide wide;
        if (!has_wide(account))
            return WEIR_EOS;
        if (!take(at, end, &wide, sizeof(wide)))
            return WEIR_EINTERNAL;
        weir__wide_add_wide(&account->wide[w], &wide);
    }
    return 0;
}

/* ---- results ---- */

static int print(struct weir_stage *stage, const struct measure *measure,
                 const struct weir_number *number, struct bytes *to)
{
    char text[WEIR_NUMBER_TEXT];
    bool whole = measure->type != WEIR_INTEGER || weir_number_is_integer(number);
    if (!whole || (number->is_real && !isfinite(number->real)))
        return weir_fail(stage, WEIR_EDATA, "%s of a group is too large for %s", measure->text,
                         weir_type_name(measure->type));
    bytes_add(to, text, weir_number_print(number, text));
    return 0;
}

/* The root of the mean square of the differences from the mean, of so many less one. The squares
 * are added up exactly, with the mean as a double. */
static double deviation(const struct account *account)
{
    double n = (double)account->count;
    double sum = weir__wide_to_double(&account->wide[0]), mean = sum / n;
    struct wide squares = account->wide[1], rest = account->wide[0];
    weir__wide_add(&rest, -sum);
    weir__wide_add_product(&squares, -2 * mean, sum);
    weir__wide_add_product(&squares, -2 * mean, weir__wide_to_double(&rest));
    double square = mean * mean;
    weir__wide_add_product(&squares, n, square);
    weir__wide_add_product(&squares, n, fma(mean, mean, -square));
    double left = weir__wide_to_double(&squares);
    return left <= 0 ? 0 : sqrt(left / (n - 1));
}

int weir__account_result(struct weir_stage *stage, const struct measure *measure,
                         const struct account *account, struct bytes *to)
{
    struct weir_number number = {.exact = account->exact, .scale = account->scale};
    const struct weir_number count = {.exact = (int64_t)account->count};
    if (measure_chooses(measure) || measure->kind == MEASURE_STRING_AGG) {
        bytes_add(to, account->value.data, account->value.used);
        return !account->has || account->is_null;
    }
    if (!measure_wants_numbers(measure))
        return print(stage, measure, &count, to);
    if (account->count < (measure->kind == MEASURE_STDDEV ? 2 : 1))
        return 1;
    if (measure->real)
        number = (struct weir_number){.is_real = true,
                                      .real = measure->kind == MEASURE_STDDEV
                                                  ? deviation(account)
                                                  : weir__wide_to_double(&account->wide[0])};
    if (measure->kind == MEASURE_AVG && measure->real)
        number.real /= (double)account->count;
    if (measure->kind == MEASURE_AVG && !measure->real &&
        !weir_number_divide(&number, &count, &number))
        return weir_fail(stage, WEIR_EDATA, "%s of a group is too large", measure->text);
    return print(stage, measure, &number, to);
}
