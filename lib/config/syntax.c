#include "config/syntax.h"

#include <string.h>

/* What stands at the mistake, cut out of its line. */
struct spot {
    const char *line, *at; /* the line's beginning, and the place itself */
    const char *end;       /* the line's end */
    bool flow;             /* inside { } or [ ] */
};

typedef void explain_fn(const struct spot *spot, struct weir_err *err);

static const char *skip_blanks(const char *c)
{
    return c + strspn(c, " \t");
}

/* Shows the value that begins at `from` in quotes: up to the line's end, a comment, or the bracket
 * that holds it. */
static void show_quoted(const struct spot *spot, const char *from, struct weir_err *err)
{
    const char *end = from;
    while (end < spot->end && !(end > from && end[0] == '#' && end[-1] == ' ') &&
           !(spot->flow && end > from && strchr(",]}", *end) != NULL))
        end++;
    while (end > from && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    int n = (int)(end - from);
    bool has_double = memchr(from, '"', (size_t)n) != NULL || memchr(from, '\\', (size_t)n) != NULL;
    bool has_single = memchr(from, '\'', (size_t)n) != NULL;
    if (n > 0 && n < 80 && !(has_double && has_single))
        snprintf(err->note, sizeof(err->note), "quote it: %c%.*s%c", has_double ? '\'' : '"', n,
                 from, has_double ? '\'' : '"');
    else
        snprintf(err->note, sizeof(err->note), "put the whole value in quotes");
}

/* Where the value begins whose key stands before `at` on the same line. */
static const char *value_begin(const struct spot *spot)
{
    for (const char *c = spot->line; c < spot->at; c++)
        if (c[0] == ':' && (c[1] == ' ' || c[1] == '\t') && skip_blanks(c + 1) <= spot->at)
            return skip_blanks(c + 1);
    return spot->at;
}

static void explain_indicator(const struct spot *spot, struct weir_err *err)
{
    const char *at = spot->at;
    if (at > spot->line && (at[-1] == '*' || at[-1] == '&' || at[-1] == '!'))
        at--;
    if (at >= spot->end) {
        snprintf(err->text, sizeof(err->text), "a value is missing here");
        return;
    }
    err->column = (uint32_t)(at - spot->line) + 1;
    err->span = 1;
    if (*at == '-' && skip_blanks(spot->line) == at) {
        snprintf(err->text, sizeof(err->text), "the item above this line has no value");
        snprintf(err->note, sizeof(err->note), "for empty text write \"\"");
        return;
    }
    snprintf(err->text, sizeof(err->text), "a value can't begin with %c unless it is quoted", *at);
    show_quoted(spot, at, err);
}

static void explain_second_colon(const struct spot *spot, struct weir_err *err)
{
    snprintf(err->text, sizeof(err->text),
             "a value with ': ' in it must be quoted, and a map begins on a line of its own");
    show_quoted(spot, value_begin(spot), err);
}

static void explain_trailing(const struct spot *spot, struct weir_err *err)
{
    snprintf(err->text, sizeof(err->text), "text stands behind the closing quote");
    show_quoted(spot, value_begin(spot), err);
}

static void explain_open_quote(const struct spot *spot, struct weir_err *err)
{
    const char *quote = spot->at > spot->line ? spot->at - 1 : spot->at;
    err->column = (uint32_t)(quote - spot->line) + 1;
    err->span = 1;
    snprintf(err->text, sizeof(err->text), "the quote opened here is never closed");
    snprintf(err->note, sizeof(err->note), "a value that is a quote is written %s",
             *quote == '"' ? "'\"'" : "\"'\"");
}

static void explain_tab(const struct spot *spot, struct weir_err *err)
{
    (void)spot;
    snprintf(err->text, sizeof(err->text), "a tab can't indent a line: use spaces");
}

/* A line without a colon is read as the beginning of the name below it. */
static bool lacks_colon(const struct spot *spot)
{
    const char *next = spot->end + strspn(spot->end, "\r\n");
    size_t before = (size_t)(spot->at - spot->line);
    return memmem(spot->line, before, ": ", 2) == NULL && strspn(next, " ") <= before;
}

static void explain_deeper_line(const struct spot *spot, struct weir_err *err)
{
    if (lacks_colon(spot)) {
        snprintf(err->text, sizeof(err->text), "this line has no ': ' behind a name");
        return;
    }
    snprintf(err->text, sizeof(err->text),
             "this value is followed by a deeper line with a key: check the indentation below it");
}

static void explain_indentation(const struct spot *spot, struct weir_err *err)
{
    (void)spot;
    snprintf(err->text, sizeof(err->text),
             "this line is indented like none of the lines that it could belong to");
}

static void explain_escape(const struct spot *spot, struct weir_err *err)
{
    (void)spot;
    snprintf(err->text, sizeof(err->text),
             "\\ in double quotes begins an escape, and this is none");
    snprintf(err->note, sizeof(err->note), "use single quotes, or write \\\\");
}

static void explain_comma(const struct spot *spot, struct weir_err *err)
{
    (void)spot;
    snprintf(err->text, sizeof(err->text), "a value inside {} or [] ends before this");
    snprintf(err->note, sizeof(err->note),
             "a value with a comma, a quote, ': ' or ' #' in it must be quoted as a whole");
}

static void explain_unclosed(const struct spot *spot, struct weir_err *err)
{
    (void)spot;
    snprintf(err->text, sizeof(err->text), "a bracket is opened and never closed");
}

static void explain_mismatch(const struct spot *spot, struct weir_err *err)
{
    (void)spot;
    err->span = 1;
    snprintf(err->text, sizeof(err->text), "this closes none of the brackets that are open");
}

/* libfyaml's words, by their beginning, and who explains them. */
static const struct {
    const char *message;
    explain_fn *explain;
} explanations[] = {
    {"plain scalar cannot start with", explain_indicator},
    {"invalid alias detected", explain_indicator},
    {"invalid anchor detected", explain_indicator},
    {"block sequence on the same line as a mapping key", explain_indicator},
    {"invalid mapping key (not allowed", explain_indicator},
    {"did not find expected node content", explain_indicator},
    {"invalid nested block mapping on the same line", explain_second_colon},
    {"invalid multiline plain key", explain_deeper_line},
    {"invalid trailing content after", explain_trailing},
    {"double-quoted scalar without closing quote", explain_open_quote},
    {"single-quoted scalar without closing quote", explain_open_quote},
    {"tab character may not", explain_tab},
    {"invalid tab", explain_tab},
    {"did not find expected '-' indicator", explain_indentation},
    {"did not find expected key", explain_indentation},
    {"invalid indentation in mapping", explain_indentation},
    {"invalid escape", explain_escape},
    {"missing comma in flow", explain_comma},
    {"flow sequence with invalid extra comma", explain_indicator},
    {"mismatched flow", explain_mismatch},
    {"flow sequence without a closing", explain_unclosed},
    {"flow mapping without a closing", explain_unclosed},
};

/* The place of a line and a column in characters; past the line's end it is the line's end. */
static struct spot find_spot(const struct syntax_error *error)
{
    const char *line = error->text;
    for (int i = 1; i < error->line; i++) {
        const char *end = strchr(line, '\n');
        if (end == NULL)
            break;
        line = end + 1;
    }
    struct spot spot = {.line = line, .at = line, .end = line + strcspn(line, "\r\n")};
    for (int i = 1; i < error->column && spot.at < spot.end; i++)
        do
            spot.at++;
        while (spot.at < spot.end && ((unsigned char)*spot.at & 0xC0) == 0x80);
    spot.flow = error->open_bracket != NULL;
    return spot;
}

/* The lines below an open bracket are read as part of it. One that is indented no deeper than the
 * bracket's own line was not meant so, and the end of the file is not. */
static bool is_beyond_bracket(const char *bracket_line, const struct spot *spot)
{
    if (spot->at[strspn(spot->at, " \r\n\t")] == '\0')
        return true;
    size_t indent = strspn(spot->line, " ");
    return spot->line > bracket_line && indent <= strspn(bracket_line, " ") &&
           strchr("]}", spot->line[indent]) == NULL;
}

/* The value that a comment behind an open bracket cut: " #" and what stands before and behind. */
static void advise_comment(const char *bracket, struct weir_err *err)
{
    const char *end = bracket + strcspn(bracket, "\r\n");
    const char *hash = memmem(bracket, (size_t)(end - bracket), " #", 2);
    if (hash == NULL)
        return;
    const char *from = hash, *to = hash + strcspn(hash, ",]}\r\n");
    while (from > bracket + 1 && strchr(",{[:", from[-1]) == NULL)
        from--;
    from = skip_blanks(from);
    if (to - from < 80 && memchr(from, '"', (size_t)(to - from)) == NULL)
        snprintf(err->note, sizeof(err->note), "' #' begins a comment: quote it, \"%.*s\"",
                 (int)(to - from), from);
    else
        snprintf(err->note, sizeof(err->note),
                 "' #' begins a comment: quote the value it stands in");
}

/* The bracket's own line says more than the place where libfyaml noticed. */
static bool explain_open_bracket(const struct syntax_error *error, const struct spot *spot,
                                 struct weir_err *err)
{
    const char *line = error->open_bracket;
    while (line != NULL && line > error->text && line[-1] != '\n')
        line--;
    if (line == NULL || !is_beyond_bracket(line, spot))
        return false;
    err->line = error->open_line;
    err->column = (uint32_t)(error->open_bracket - line) + 1;
    err->span = 1;
    snprintf(err->text, sizeof(err->text), "the %c opened here is never closed",
             *error->open_bracket);
    advise_comment(error->open_bracket, err);
    return true;
}

void weir__syntax_explain(const struct syntax_error *error, struct weir_err *err)
{
    struct spot spot = find_spot(error);
    err->code = WEIR_ECONFIG;
    err->line = (uint32_t)error->line;
    err->column = (uint32_t)(spot.at - spot.line) + 1;
    if (explain_open_bracket(error, &spot, err))
        return;
    for (size_t i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++)
        if (strncmp(error->message, explanations[i].message, strlen(explanations[i].message)) ==
            0) {
            explanations[i].explain(&spot, err);
            return;
        }
    snprintf(err->text, sizeof(err->text), "this is not YAML: %s", error->message);
}
