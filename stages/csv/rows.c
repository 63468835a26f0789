#include "csv/rows.h"

#include <string.h>

/* By state and class: the next state. Where it is ROWS_ROW a row or a blank line has ended. */
static const unsigned char next_state[8][6] = {
    [ROWS_ROW] = {ROWS_UNQUOTED, ROWS_FIELD, ROWS_ROW, ROWS_QUOTED, ROWS_SPACES, ROWS_COMMENT},
    [ROWS_FIELD] = {ROWS_UNQUOTED, ROWS_FIELD, ROWS_ROW, ROWS_QUOTED, ROWS_FIELD, ROWS_UNQUOTED},
    [ROWS_UNQUOTED] = {ROWS_UNQUOTED, ROWS_FIELD, ROWS_ROW, ROWS_UNQUOTED, ROWS_UNQUOTED,
                       ROWS_UNQUOTED},
    [ROWS_QUOTED] = {ROWS_QUOTED, ROWS_QUOTED, ROWS_QUOTED, ROWS_AFTER_QUOTE, ROWS_QUOTED,
                     ROWS_QUOTED},
    [ROWS_AFTER_QUOTE] = {ROWS_QUOTED, ROWS_FIELD, ROWS_ROW, ROWS_QUOTED, ROWS_AFTER_SPACES,
                          ROWS_QUOTED},
    [ROWS_SPACES] = {ROWS_UNQUOTED, ROWS_FIELD, ROWS_ROW, ROWS_QUOTED, ROWS_SPACES, ROWS_UNQUOTED},
    [ROWS_AFTER_SPACES] = {ROWS_QUOTED, ROWS_FIELD, ROWS_ROW, ROWS_AFTER_QUOTE, ROWS_AFTER_SPACES,
                           ROWS_QUOTED},
    [ROWS_COMMENT] = {ROWS_COMMENT, ROWS_COMMENT, ROWS_ROW, ROWS_COMMENT, ROWS_COMMENT,
                      ROWS_COMMENT},
};

void weir__rows_init(struct rows *rows, unsigned char delimiter, unsigned char quote)
{
    memset(rows, 0, sizeof(*rows));
    rows->delimiter = delimiter;
    rows->quote = quote;
    rows->comment = -1;
    rows->class_of[delimiter] = ROWS_DELIMITER;
    rows->class_of[quote] = ROWS_QUOTE;
    rows->class_of['\r'] = rows->class_of['\n'] = ROWS_END;
    rows->simd = weir__simd_choose();
}

void weir__rows_skip_comments(struct rows *rows, unsigned char comment)
{
    rows->comment = comment;
    rows->class_of[comment] = ROWS_MARK;
}

void weir__rows_trim(struct rows *rows)
{
    rows->trims = true;
    for (const char *space = " \t"; *space != '\0'; space++) {
        unsigned char byte = (unsigned char)*space;
        if (rows->class_of[byte] == ROWS_OTHER)
            rows->class_of[byte] = ROWS_SPACE;
    }
}

/* No branch, so that the compiler makes vectors of it. */
static uint64_t lines_after(const char *bytes, size_t n, bool after_cr)
{
    if (n == 0)
        return 0;
    uint64_t lines = bytes[0] == '\r' || (bytes[0] == '\n' && !after_cr);
    for (size_t i = 1; i < n; i++)
        lines +=
            (uint64_t)(bytes[i] == '\r') | (uint64_t)((bytes[i] == '\n') & (bytes[i - 1] != '\r'));
    return lines;
}

uint64_t weir__rows_lines(const char *bytes, size_t n)
{
    return lines_after(bytes, n, false);
}

/* The end of the run of bytes from i on that do not leave the state. */
static size_t skip_run(const struct rows *rows, enum rows_state state, const char *bytes, size_t i,
                       size_t n)
{
    const unsigned char *at = (const unsigned char *)bytes;
    if (state == ROWS_UNQUOTED) {
        while (i < n && next_state[ROWS_UNQUOTED][rows->class_of[at[i]]] == ROWS_UNQUOTED)
            i++;
    } else if (state == ROWS_QUOTED) {
        const char *quote = memchr(bytes + i, rows->quote, n - i);
        i = quote == NULL ? n : (size_t)(quote - bytes);
    }
    return i;
}

size_t weir__rows_scan_bytes(const struct rows *rows, struct rows_scan *scan, const char *bytes,
                             size_t n)
{
    enum rows_state state = scan->state;
    size_t end = 0;
    for (size_t i = skip_run(rows, state, bytes, 0, n); i < n;) {
        state = next_state[state][rows->class_of[(unsigned char)bytes[i++]]];
        if (state == ROWS_ROW)
            end = i;
        i = skip_run(rows, state, bytes, i, n);
    }
    scan->state = state;
    scan->lines += lines_after(bytes, n, scan->after_cr);
    if (n > 0)
        scan->after_cr = bytes[n - 1] == '\r';
    return end;
}

/* ---- in the middle of a file ---- */

enum { GUESS_QUOTES = 64 };

static bool is_other(const struct rows *rows, char byte)
{
    unsigned char class = rows->class_of[(unsigned char)byte];
    return class == ROWS_OTHER || class == ROWS_MARK;
}

/* A quote behind ordinary text does not open a field, one before it does not close one. What can
 * be either goes on to the next quote. */
enum rows_state weir__rows_guess(const struct rows *rows, const char *bytes, size_t n)
{
    bool inside = false; /* behind the quotes that were passed, if the text begins outside */
    const char *end = bytes + n, *at = n == 0 ? NULL : memchr(bytes, rows->quote, n);
    for (int i = 0; at != NULL && i < GUESS_QUOTES; i++) {
        bool closes = at > bytes && is_other(rows, at[-1]);
        bool opens = at + 1 < end && is_other(rows, at[1]);
        if (closes != opens)
            return closes == inside ? ROWS_ROW : ROWS_QUOTED;
        inside = !inside;
        at++;
        at = at == end ? NULL : memchr(at, rows->quote, (size_t)(end - at));
    }
    return ROWS_ROW;
}

bool weir__rows_meet(const struct rows *rows, enum rows_state a, enum rows_state b,
                     const char *bytes, size_t n)
{
    for (size_t i = 0; a != b && i < n && i < ROWS_MEET_BYTES; i++) {
        unsigned char class = rows->class_of[(unsigned char)bytes[i]];
        a = next_state[a][class];
        b = next_state[b][class];
    }
    return a == b;
}

/* ---- byte by byte ---- */

static void trace_lines(struct rows_trace *trace, char c)
{
    if (c == '\r' || (c == '\n' && !trace->after_cr))
        trace->line++;
    if (c == '\r' || c == '\n')
        trace->line_start = trace->offset;
    trace->after_cr = c == '\r';
}

static void trace_field(struct rows_trace *trace, enum rows_state next, unsigned char class)
{
    if (next == ROWS_QUOTED && class == ROWS_QUOTE && trace->state != ROWS_AFTER_QUOTE) {
        trace->quote_offset = trace->offset;
        trace->quote_line = trace->line;
        trace->quote_column = trace->offset - trace->line_start;
    }
    if (next == ROWS_FIELD && class == ROWS_DELIMITER)
        trace->field++;
}

/* What a line end has ended that came in that state. */
static enum rows_found ended(enum rows_state state)
{
    if (state == ROWS_COMMENT)
        return ROWS_FOUND_COMMENT;
    return state == ROWS_ROW || state == ROWS_SPACES ? ROWS_FOUND_BLANK : ROWS_FOUND_ROW;
}

enum rows_found weir__rows_next(const struct rows *rows, struct rows_trace *trace,
                                const char *bytes, size_t n, size_t *used)
{
    if (trace->state == ROWS_ROW)
        trace->field = 0;
    for (size_t i = 0; i < n;) {
        enum rows_state before = trace->state;
        unsigned char c = (unsigned char)bytes[i++], class = rows->class_of[c];
        enum rows_state next = next_state[before][class];
        trace_field(trace, next, class);
        trace->state = next;
        trace->offset++;
        trace_lines(trace, (char)c);
        if (next != ROWS_ROW)
            continue;
        if (c == '\r' && i < n && bytes[i] == '\n') {
            i++;
            trace->offset++;
            trace_lines(trace, '\n');
        }
        *used = i;
        return ended(before);
    }
    *used = n;
    return ROWS_NONE;
}
