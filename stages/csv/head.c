#include "csv/head.h"

#include <csv.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "csv/infer.h"
#include "file/input.h"
#include "file/text.h"

#define PIECE        ((size_t)64 << 10)
#define SAMPLE_BYTES ((size_t)64 << 20) /* are looked at, at the most, to infer types */
#define CHECK_ROWS   50                 /* that must agree on another delimiter */

void weir__csv_head_release(struct csv_head *head)
{
    free(head->bytes);
    weir_schema_release(&head->fields);
    *head = (struct csv_head){.path = head->path, .dialect = head->dialect};
}

/* ---- reading ---- */

static int no_memory(struct weir_stage *stage)
{
    return weir_fail(stage, WEIR_EOS, "no memory for a CSV header");
}

static int read_more(struct weir_stage *stage, struct csv_head *head, struct input *input)
{
    if (head->capacity - head->used < PIECE) {
        size_t capacity = 2 * head->capacity + PIECE;
        char *bytes = realloc(head->bytes, capacity);
        if (bytes == NULL)
            return no_memory(stage);
        head->bytes = bytes;
        head->capacity = capacity;
    }
    ssize_t got = weir__input_next(stage, input, head->path, head->bytes + head->used, PIECE);
    if (got < 0)
        return (int)got;
    head->used += (size_t)got;
    head->ended = got == 0 || (!input->pipe && head->used >= head->size);
    return 0;
}

/* Moves begin behind them. False: more must be read. A file that has not as many is left empty. */
static bool skip_lines(struct csv_head *head)
{
    for (uint64_t line = 0; line < head->skipped; line++) {
        size_t at =
            head->begin + weir__rows_line(head->bytes + head->begin, head->used - head->begin);
        if (!head->ended && at == head->used)
            return false;
        head->begin = at;
    }
    return true;
}

/* Finds where the text begins. False: more must be read. */
static bool find_text(struct csv_head *head)
{
    if (head->used < 3 && !head->ended)
        return false;
    head->begin = head->used >= 3 && memcmp(head->bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    return skip_lines(head);
}

/* Looks for the first row in what was read. False: more must be read. */
static bool find_row(struct csv_head *head, const struct rows *rows, struct rows_trace *trace)
{
    if (!find_text(head))
        return false;
    *trace = (struct rows_trace){.line = head->skipped};
    enum rows_found found = ROWS_FOUND_BLANK;
    size_t at = head->begin, used = 0;
    while (found == ROWS_FOUND_BLANK || found == ROWS_FOUND_COMMENT) {
        head->row = at;
        found = weir__rows_next(rows, trace, head->bytes + at, head->used - at, &used);
        at += used;
    }
    if (trace->state == ROWS_COMMENT || trace->state == ROWS_SPACES)
        head->row = at; /* the last line, without its end */
    head->row_end = at;
    head->lines = trace->line;
    /* A LF may follow a CR that is the last byte so far. */
    bool whole = found == ROWS_FOUND_ROW && (at < head->used || head->bytes[at - 1] != '\r');
    return head->ended || whole;
}

static int check_closed(struct weir_stage *stage, const struct csv_head *head,
                        const struct rows_trace *trace)
{
    if (trace->state != ROWS_QUOTED)
        return 0;
    return weir_fail(stage, WEIR_EDATA,
                     "%s: the quote opened at line %" PRIu64 ", column %" PRIu64 " is never closed",
                     weir__text_input(head->path), trace->quote_line + 1, trace->quote_column + 1);
}

/* What is no CSV by its first bytes, and what makes it so. */
static int check_kind(struct weir_stage *stage, const struct csv_head *head)
{
    static const struct {
        const char *begin, *what;
    } kinds[] = {
        {"\xff\xfe", "UTF-16: say encoding: utf-16"},
        {"\xfe\xff", "UTF-16: say encoding: utf-16"},
        {"\x1f\x8b", "compressed with gzip; unpack it, or pass on what zcat prints: path: \"-\""},
        {"\xfd"
         "7zXZ",
         "compressed with xz; unpack it, or pass on what xzcat prints: path: \"-\""},
        {"\x28\xb5\x2f\xfd",
         "compressed with zstd; unpack it, or pass on what zstdcat prints: path: \"-\""},
        {"PK\x03\x04", "a ZIP archive, or a spreadsheet (.xlsx, .ods); unpack it, or save the "
                       "sheet as CSV"},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t n = strlen(kinds[i].begin);
        if (head->used >= n && memcmp(head->bytes, kinds[i].begin, n) == 0)
            return weir_fail(stage, WEIR_EDATA, "%s is %s", weir__text_input(head->path),
                             kinds[i].what);
    }
    return 0;
}

static int read_row(struct weir_stage *stage, struct csv_head *head, struct input *input)
{
    struct rows rows;
    struct rows_trace trace;
    weir__csv_rows(stage, &head->dialect, &rows);
    do {
        if (head->used > weir_max_record(stage))
            return weir_fail(stage, WEIR_EDATA, "%s: the first row is larger than max_record",
                             weir__text_input(head->path));
        int rc = read_more(stage, head, input);
        if (rc == 0)
            rc = check_kind(stage, head);
        if (rc < 0)
            return rc;
    } while (!find_row(head, &rows, &trace));
    return check_closed(stage, head, &trace);
}

/* ---- the fields of the first row ---- */

struct collecting {
    struct weir_schema *fields;
    bool failed, holds_nul;
};

static void take_field(void *bytes, size_t length, void *context)
{
    struct collecting *to = context;
    char made[32], *name = NULL;
    if (length == 0)
        snprintf(made, sizeof(made), "column_%" PRIu32, to->fields->columns + 1);
    else
        name = strndup(bytes, length);
    to->holds_nul |= length > 0 && memchr(bytes, '\0', length) != NULL;
    if ((length > 0 && name == NULL) ||
        weir_schema_add(to->fields, length == 0 ? made : name, WEIR_UNTYPED) < 0)
        to->failed = true;
    free(name);
}

static int never_space(unsigned char c)
{
    (void)c;
    return 0;
}

static bool parse_text(const struct rows *rows, unsigned char flags, unsigned char delimiter,
                       const char *bytes, size_t n, void (*field)(void *, size_t, void *),
                       void (*row)(int, void *), void *context)
{
    struct csv_parser parser;
    csv_init(&parser, flags);
    csv_set_delim(&parser, delimiter);
    csv_set_quote(&parser, rows->quote);
    csv_set_space_func(&parser, rows->trims ? NULL : never_space);
    csv_set_blk_size(&parser, 4096);
    bool parsed = csv_parse(&parser, bytes, n, field, row, context) == n;
    csv_fini(&parser, field, row, context);
    csv_free(&parser);
    return parsed;
}

static int read_fields(struct weir_stage *stage, struct csv_head *head)
{
    struct collecting to = {.fields = &head->fields};
    struct rows rows;
    weir__csv_rows(stage, &head->dialect, &rows);
    if (!parse_text(&rows, 0, rows.delimiter, head->bytes + head->row, head->row_end - head->row,
                    take_field, NULL, &to) ||
        to.failed)
        return no_memory(stage);
    if (to.holds_nul && head->dialect.header)
        return weir_fail(stage, WEIR_EDATA, "%s: the header holds a NUL byte: is this CSV?",
                         weir__text_input(head->path));
    return 0;
}

/* name_2, or the first of its kind that no column has, as it stands or by now. NULL: no memory. */
static char *other_name(const struct csv_head *head, const struct weir_schema *apart,
                        const char *name)
{
    char *other = NULL;
    for (uint32_t nth = 2;; nth++) {
        if (asprintf(&other, "%s_%" PRIu32, name, nth) < 0)
            return NULL;
        if (weir_schema_find(&head->fields, other) < 0 && weir_schema_find(apart, other) < 0)
            return other;
        free(other);
    }
}

/* Gives names that stand there twice a number. */
static int tell_apart(struct weir_stage *stage, struct csv_head *head)
{
    struct weir_schema apart = {0};
    int rc = 0;
    for (uint32_t i = 0; i < head->fields.columns && rc == 0; i++) {
        char *name = strdup(head->fields.column[i].name);
        if (name != NULL && weir_schema_find(&apart, name) >= 0) {
            free(name);
            name = other_name(head, &apart, head->fields.column[i].name);
        }
        if (name == NULL || weir_schema_add(&apart, name, WEIR_UNTYPED) < 0)
            rc = no_memory(stage);
        free(name);
    }
    weir_schema_release(&head->fields);
    head->fields = apart;
    return rc;
}

/* ---- the sample ---- */

void weir__csv_each_row(const struct rows *rows, const char *bytes, size_t n, bool ended,
                        uint64_t most, void (*field)(void *, size_t, void *),
                        void (*row)(int, void *), void *context)
{
    size_t used;
    for (size_t at = 0; at < n && most > 0; at += used) {
        struct rows_trace trace = {0};
        enum rows_found found = weir__rows_next(rows, &trace, bytes + at, n - at, &used);
        bool last = found == ROWS_NONE && ended && trace.state != ROWS_COMMENT &&
                    trace.state != ROWS_SPACES;
        if (found != ROWS_FOUND_ROW && !last)
            continue;
        parse_text(rows, CSV_EMPTY_IS_NULL, rows->delimiter, bytes + at, used, field, row, context);
        most--;
    }
}

/* Reads what tells the dialect. */
static int read_dialect(struct weir_stage *stage, struct csv_head *head, struct input *input)
{
    int rc;
    do
        rc = read_more(stage, head, input);
    while (rc == 0 && !head->ended && (!find_text(head) || head->used - head->begin < PIECE));
    if (rc == 0)
        rc = check_kind(stage, head);
    if (rc == 0 && find_text(head))
        weir__csv_infer_dialect(stage, head->bytes + head->begin, head->used - head->begin,
                                head->ended, &head->dialect);
    return rc;
}

/* Reads as many rows more. */
static int read_sample(struct weir_stage *stage, struct csv_head *head, struct input *input)
{
    struct rows rows;
    struct rows_trace trace = {0};
    size_t at = head->row_end, used;
    int rc = 0;
    weir__csv_rows(stage, &head->dialect, &rows);
    head->sample_end = at;
    for (uint64_t n = 0; rc == 0 && n < head->infer;) {
        enum rows_found found =
            weir__rows_next(&rows, &trace, head->bytes + at, head->used - at, &used);
        at += used;
        n += found == ROWS_FOUND_ROW;
        if (found != ROWS_NONE)
            head->sample_end = at;
        else if (head->ended || head->used >= SAMPLE_BYTES)
            break;
        else
            rc = read_more(stage, head, input);
    }
    /* The last row, without its end. */
    if (at == head->used && head->ended && trace.state != ROWS_QUOTED)
        head->sample_end = at;
    return rc;
}

int weir__csv_head_read(struct weir_stage *stage, struct csv_head *head)
{
    struct input input;
    int rc = weir__input_open(stage, head->path, &input);
    if (rc < 0)
        return rc;
    head->size = input.bytes;
    head->skipped = (uint64_t)weir_option_number(stage, "skip_lines");
    if (head->infer > 0)
        rc = read_dialect(stage, head, &input);
    if (rc == 0)
        rc = read_row(stage, head, &input);
    if (rc == 0 && head->infer > 0)
        rc = read_sample(stage, head, &input);
    weir__input_close(&input);
    if (rc == 0)
        rc = read_fields(stage, head);
    if (rc == 0 && weir_option_number(stage, "duplicate_header") == 1)
        rc = tell_apart(stage, head);
    return rc;
}

/* ---- checks ---- */

static int by_name(const void *a, const void *b)
{
    const struct weir_field *const *left = a, *const *right = b;
    int order = strcmp((*left)->name, (*right)->name);
    return order != 0 ? order : (*left > *right) - (*left < *right);
}

int weir__csv_head_check_names(struct weir_stage *stage, const struct csv_head *head)
{
    uint32_t n = head->fields.columns;
    const struct weir_field **sorted = calloc(n + 1u, sizeof(struct weir_field *));
    if (sorted == NULL)
        return no_memory(stage);
    for (uint32_t i = 0; i < n; i++)
        sorted[i] = &head->fields.column[i];
    qsort(sorted, n, sizeof(struct weir_field *), by_name);
    int rc = 0;
    for (uint32_t i = 1; i < n && rc == 0; i++) {
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
            rc = weir_fail(stage, WEIR_EDATA,
                           "%s:%" PRIu64 ": the header has the column '%s' twice: columns %td and "
                           "%td",
                           weir__text_input(head->path),
                           weir__rows_lines(head->bytes, head->row) + 1, sorted[i]->name,
                           sorted[i - 1] - head->fields.column + 1,
                           sorted[i] - head->fields.column + 1);
    }
    free(sorted);
    return rc;
}

/* Counts the fields of rows, to see whether all have as many as the first. */
struct agreement {
    uint32_t fields, first, rows;
    bool differs;
};

static void count_field(void *bytes, size_t length, void *context)
{
    (void)bytes, (void)length;
    ((struct agreement *)context)->fields++;
}

static void count_row(int c, void *context)
{
    (void)c;
    struct agreement *agreement = context;
    if (agreement->rows++ == 0)
        agreement->first = agreement->fields;
    agreement->differs |= agreement->fields != agreement->first;
    agreement->fields = 0;
}

/* Behind the last whole row of the first CHECK_ROWS. */
static size_t rows_to_check(const struct csv_head *head, const struct rows *rows)
{
    struct rows_trace trace = {0};
    size_t at = head->row, used;
    for (int i = 0; i < CHECK_ROWS && at < head->used; i++) {
        if (weir__rows_next(rows, &trace, head->bytes + at, head->used - at, &used) == ROWS_NONE &&
            !head->ended)
            break;
        at += used;
    }
    return at;
}

int weir__csv_head_check_delimiter(struct weir_stage *stage, const struct csv_head *head)
{
    struct rows rows;
    weir__csv_rows(stage, &head->dialect, &rows);
    if (head->fields.columns != 1)
        return 0;
    const char *name = head->fields.column[0].name;
    size_t end = rows_to_check(head, &rows);
    for (const char *other = ";\t|,"; *other != '\0'; other++) {
        struct agreement agreement = {0};
        if (strchr(name, *other) == NULL)
            continue;
        parse_text(&rows, 0, (unsigned char)*other, head->bytes + head->row, end - head->row,
                   count_field, count_row, &agreement);
        if (agreement.rows < 2 || agreement.first < 2 || agreement.differs)
            continue;
        return weir_fail(stage, WEIR_EDATA,
                         "%s: only one column, named '%s': the delimiter is probably '%s' (it is "
                         "'%s')",
                         weir__text_input(head->path), name,
                         *other == '\t' ? "\\t" : (char[]){*other, '\0'},
                         rows.delimiter == '\t' ? "\\t" : (char[]){(char)rows.delimiter, '\0'});
    }
    return 0;
}
