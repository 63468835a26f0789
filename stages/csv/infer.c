#include "csv/infer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <weir/expr.h>

#include "file/json.h"

#define DIALECT_ROWS  1000
#define FIELDS_MOST   1024 /* of a row, to tell rows apart by */
#define INTEGER_WIDTH 18   /* digits that surely fit */
#define DECIMAL_WIDTH 38

static const char delimiters[] = ",;\t|";

#define SET(type) (1u << (type))
#define NOTHING   UINT32_MAX /* a null can be of any type */

/* ---- numbers ---- */

static size_t digits(const char *text, size_t n)
{
    size_t i = 0;
    while (i < n && text[i] >= '0' && text[i] <= '9')
        i++;
    return i;
}

/* The types that a value has by its look as a number. Sets what speaks against them. */
static uint32_t number_types(const char *text, size_t n, bool *zeros, bool *commas)
{
    size_t sign = n > 0 && text[0] == '-';
    size_t whole = digits(text + sign, n - sign), at = sign + whole;
    if (whole == 0)
        return 0;
    bool point = at < n && (text[at] == '.' || text[at] == ',');
    size_t part = point ? digits(text + at + 1, n - at - 1) : 0;
    bool ends = at == n || (part > 0 && at + 1 + part == n);
    *zeros = whole > 1 && text[sign] == '0' && ends;
    if (!ends || *zeros)
        return 0;
    *commas = at < n && text[at] == ',';
    if (at == n)
        return whole <= INTEGER_WIDTH ? SET(WEIR_INTEGER) | SET(WEIR_DECIMAL) : 0;
    return text[at] == '.' && whole + part <= DECIMAL_WIDTH ? SET(WEIR_DECIMAL) : 0;
}

/* ---- the dialect ---- */

/* What becomes of the text with one delimiter. */
struct tally {
    char delimiter;
    uint32_t fields, rows;
    uint32_t rows_of[FIELDS_MOST + 1]; /* by their number of fields */
    uint64_t cells, clean;             /* without another delimiter in them */
};

static void tally_field(void *bytes, size_t n, void *context)
{
    struct tally *tally = context;
    bool zeros, commas = false, clean = true;
    tally->fields++;
    tally->cells++;
    if (n > 0)
        number_types(bytes, n, &zeros, &commas);
    for (const char *other = delimiters; *other != '\0' && n > 0 && !commas; other++)
        clean &= *other == tally->delimiter || memchr(bytes, *other, n) == NULL;
    tally->clean += clean;
}

static void tally_row(int end, void *context)
{
    struct tally *tally = context;
    (void)end;
    tally->rows_of[tally->fields < FIELDS_MOST ? tally->fields : FIELDS_MOST]++;
    tally->rows++;
    tally->fields = 0;
}

/* A single quote where there is no double one, and every field that begins with it ends so. */
static char guess_quote(const char *bytes, size_t n, char delimiter)
{
    size_t begins = 0, ends = 0;
    if (memchr(bytes, '"', n) != NULL)
        return '"';
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != '\'')
            continue;
        char before = i == 0 ? '\n' : bytes[i - 1], behind = i + 1 == n ? '\n' : bytes[i + 1];
        begins += before == '\n' || before == delimiter;
        ends += behind == '\n' || behind == '\r' || behind == delimiter;
    }
    return begins > 0 && begins == ends ? '\'' : '"';
}

/* How well the delimiter fits, in millionths: the share of rows that have as many fields as most,
 * times the share of fields without other delimiters in them. 0: not at all. */
static uint64_t score(const struct tally *tally, uint32_t *ret_fields)
{
    uint32_t most = 2;
    for (uint32_t fields = 2; fields <= FIELDS_MOST; fields++)
        if (tally->rows_of[fields] > tally->rows_of[most])
            most = fields;
    *ret_fields = most;
    if (tally->rows == 0 || (uint64_t)tally->rows_of[most] * 10 < (uint64_t)tally->rows * 9)
        return 0;
    return (uint64_t)tally->rows_of[most] * 1000 / tally->rows * 1000 * tally->clean / tally->cells;
}

void weir__csv_infer_dialect(const struct weir_stage *stage, const char *bytes, size_t n,
                             bool ended, struct csv_dialect *dialect)
{
    uint64_t best = 0;
    uint32_t most = 0;
    char delimiter = (char)dialect->delimiter;
    for (const char *one = delimiters; *one != '\0' && !weir_option_given(stage, "delimiter");
         one++) {
        struct tally tally = {.delimiter = *one};
        struct csv_dialect tried = *dialect;
        struct rows rows;
        uint32_t fields;
        tried.delimiter = (unsigned char)*one;
        if (!weir_option_given(stage, "quote"))
            tried.quote = (unsigned char)guess_quote(bytes, n, *one);
        weir__csv_rows(stage, &tried, &rows);
        weir__csv_each_row(&rows, bytes, n, ended, DIALECT_ROWS, tally_field, tally_row, &tally);
        uint64_t its = score(&tally, &fields);
        if (its > best || (its == best && its > 0 && fields > most)) {
            best = its;
            most = fields;
            delimiter = *one;
        }
    }
    dialect->delimiter = (unsigned char)delimiter;
    if (!weir_option_given(stage, "quote"))
        dialect->quote = (unsigned char)guess_quote(bytes, n, delimiter);
}

/* ---- the types ---- */

/* In the order in which the narrower comes first. */
static const struct {
    enum weir_type type;
    const char *cast; /* NULL: its look is enough */
} types[] = {{WEIR_INTEGER, NULL},
             {WEIR_DECIMAL, NULL},
             {WEIR_BOOLEAN, NULL},
             {WEIR_DATE, "value::date"},
             {WEIR_TIMESTAMP, "value::timestamp"}};

#define TYPES (sizeof(types) / sizeof(types[0]))

struct looking {
    const struct weir_stage *stage;
    struct weir_expr *cast[TYPES];
    struct inferred_column *column;
    uint32_t columns, field;
    uint64_t rows;
    bool failed;
};

/* Whether the cast takes the value. */
static bool casts(struct looking *looking, size_t type, const char *text, size_t n)
{
    uint64_t entry = weir_entry(0, (uint32_t)n);
    struct weir_column column = {.entry = &entry, .heap = text, .heap_bytes = (uint32_t)n};
    struct weir_batch batch = {.records = 1, .columns = 1, .column = &column};
    struct weir_column result;
    struct weir_expr_errors errors = {0};
    if (weir_expr_column(looking->cast[type], &batch, &result, &errors) < 0) {
        looking->failed = true;
        return false;
    }
    return errors.count == 0;
}

/* 2024-05-06, and what may follow. */
static bool begins_with_date(const char *text, size_t n)
{
    return n >= 10 && digits(text, n) == 4 && text[4] == '-' && digits(text + 5, n - 5) == 2 &&
           text[7] == '-' && digits(text + 8, n - 8) == 2;
}

static uint32_t types_of(struct looking *looking, const char *text, size_t n,
                         struct inferred_column *column)
{
    bool zeros = false, commas = false;
    uint32_t found = number_types(text, n, &zeros, &commas);
    column->zeros |= zeros;
    column->commas |= commas;
    if ((n == 4 && strncasecmp(text, "true", n) == 0) ||
        (n == 5 && strncasecmp(text, "false", n) == 0))
        found |= SET(WEIR_BOOLEAN);
    if (!begins_with_date(text, n) || n > WEIR_ENTRY_MAX)
        return found;
    for (size_t i = 0; i < TYPES; i++)
        if (types[i].cast != NULL && (n == 10) == (types[i].type == WEIR_DATE) &&
            casts(looking, i, text, n))
            found |= SET(types[i].type);
    return found;
}

static bool is_null_value(const struct weir_stage *stage, const char *text, size_t n)
{
    const char *const *value;
    size_t values = weir_option_list(stage, "null_values", &value);
    for (size_t i = 0; i < values; i++)
        if (strlen(value[i]) == n && memcmp(value[i], text, n) == 0)
            return true;
    return false;
}

static void look_at_field(void *bytes, size_t n, void *context)
{
    struct looking *looking = context;
    uint32_t field = looking->field++;
    if (field >= looking->columns || bytes == NULL || is_null_value(looking->stage, bytes, n))
        return;
    struct inferred_column *column = &looking->column[field];
    if (looking->rows == 0) {
        struct inferred_column first = {0};
        column->first = types_of(looking, bytes, n, &first);
        return;
    }
    column->values++;
    column->rest &= types_of(looking, bytes, n, column);
}

static void look_at_row(int end, void *context)
{
    struct looking *looking = context;
    (void)end;
    looking->rows++;
    looking->field = 0;
}

static int compile_casts(struct weir_stage *stage, struct looking *looking)
{
    struct weir_schema schema = {0};
    int rc = weir_schema_add(&schema, "value", WEIR_UNTYPED);
    for (size_t i = 0; i < TYPES && rc == 0; i++) {
        struct weir_expr_fault fault;
        if (types[i].cast != NULL)
            rc = weir_expr_compile(types[i].cast, &schema, &looking->cast[i], &fault);
    }
    weir_schema_release(&schema);
    return rc < 0 ? weir_fail(stage, WEIR_EOS, "no memory to infer types") : 0;
}

/* A first row of text over columns of something else is a header; one with a value that is more than
 * text is none. */
static void guess_header(const struct weir_stage *stage, struct csv_head *head,
                         struct inferred *inferred)
{
    bool typed = false, differs = false;
    for (uint32_t i = 0; i < head->fields.columns; i++) {
        const struct inferred_column *column = &inferred->column[i];
        typed |= column->first != 0 && column->first != NOTHING;
        differs |= column->first == 0 && column->values > 0 && column->rest != 0;
    }
    inferred->header_sure = differs || weir_option_given(stage, "header");
    if (!weir_option_given(stage, "header"))
        head->dialect.header = differs || !typed;
    for (uint32_t i = 0; i < head->fields.columns && !head->dialect.header; i++) {
        struct inferred_column *column = &inferred->column[i];
        column->rest &= column->first;
        column->values += column->first != NOTHING;
    }
}

int weir__csv_infer_types(struct weir_stage *stage, struct csv_head *head, struct inferred *ret)
{
    struct looking looking = {.stage = stage, .columns = head->fields.columns};
    struct rows rows;
    *ret = (struct inferred){.column = calloc(looking.columns + 1u, sizeof(*ret->column))};
    looking.column = ret->column;
    int rc = ret->column == NULL ? weir_fail(stage, WEIR_EOS, "no memory to infer types")
                                 : compile_casts(stage, &looking);
    for (uint32_t i = 0; rc == 0 && i < looking.columns; i++)
        ret->column[i].first = ret->column[i].rest = NOTHING;
    weir__csv_rows(stage, &head->dialect, &rows);
    if (rc == 0)
        weir__csv_each_row(&rows, head->bytes + head->row, head->sample_end - head->row, true,
                           UINT64_MAX, look_at_field, look_at_row, &looking);
    if (rc == 0 && looking.failed)
        rc = weir_fail(stage, WEIR_EOS, "no memory to infer types");
    if (rc == 0)
        guess_header(stage, head, ret);
    for (size_t i = 0; i < TYPES; i++)
        weir_expr_free(looking.cast[i]);
    return rc;
}

void weir__csv_inferred_release(struct inferred *inferred)
{
    free(inferred->column);
    *inferred = (struct inferred){0};
}

static enum weir_type type_of(const struct inferred_column *column)
{
    if (column->values == 0)
        return WEIR_UNTYPED;
    for (size_t i = 0; i < TYPES; i++)
        if ((column->rest & SET(types[i].type)) != 0)
            return types[i].type;
    return WEIR_TEXT;
}

void weir__csv_inferred_set(const struct inferred *inferred, const struct csv_head *head,
                            struct weir_schema *schema)
{
    for (uint32_t i = 0; i < head->fields.columns && i < schema->columns; i++)
        schema->column[i].type = type_of(&inferred->column[i]);
}

/* ---- for people ---- */

/* As YAML reads it back. */
static bool put_name(const char *name, bool plain, FILE *to)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    static const char *const words[] = {"null", "true", "false", "yes", "no",
                                        "on",   "off",  "y",     "n"};
    plain &= name[strspn(name, letters)] == '\0' && (name[0] < '0' || name[0] > '9');
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        plain &= strcasecmp(name, words[i]) != 0;
    if (plain) {
        fputs(name, to);
        return true;
    }
    char *text = malloc(JSON_VALUE_MAX(strlen(name)));
    if (text == NULL)
        return false;
    fwrite(text, 1, (size_t)(weir__json_put_string(text, name, strlen(name)) - text), to);
    free(text);
    return true;
}

static bool print_column(const struct inferred_column *column, const char *name, FILE *to)
{
    enum weir_type type = type_of(column);
    fputs("  ", to);
    if (!put_name(name, true, to))
        return false;
    fprintf(to, ": %s", weir_type_name(type));
    if (type == WEIR_UNTYPED)
        fputs("   # no value in the rows that were looked at", to);
    else if (type == WEIR_TEXT && column->zeros)
        fputs("   # numbers with zeros in front", to);
    else if (type == WEIR_TEXT && column->commas)
        fputs("   # a decimal comma? replace(..., ',', '.')::decimal makes a number of it", to);
    fputc('\n', to);
    return true;
}

bool weir__csv_inferred_print(const struct weir_stage *stage, const struct inferred *inferred,
                              const struct csv_head *head, const struct weir_schema *schema,
                              FILE *to)
{
    const char *const *path;
    size_t paths = weir_option_list(stage, "path", &path);
    char text[2] = "";
    bool good = true;
    fputs(paths == 1 ? "path: " : "path: [", to);
    for (size_t i = 0; i < paths; i++) {
        fputs(i > 0 ? ", " : "", to);
        good &= put_name(path[i], false, to);
    }
    fputs(paths == 1 ? "\n" : "]\n", to);
    if (!head->dialect.header || !inferred->header_sure)
        fprintf(to, "header: %s%s\n", head->dialect.header ? "true" : "false",
                inferred->header_sure ? "" : "   # not sure: the first row looks like the others");
    if (head->fields.columns < 2)
        fputs("# one column: no delimiter cuts the rows into as many fields each\n", to);
    text[0] = (char)head->dialect.delimiter;
    if (text[0] != ',') {
        fputs("delimiter: ", to);
        good &= put_name(text, false, to);
        fputc('\n', to);
    }
    text[0] = (char)head->dialect.quote;
    if (text[0] != '"') {
        fputs("quote: ", to);
        good &= put_name(text, false, to);
        fputc('\n', to);
    }
    fputs("types:\n", to);
    for (uint32_t i = 0; i < head->fields.columns && i < schema->columns; i++)
        good &= print_column(&inferred->column[i], schema->column[i].name, to);
    return good;
}
