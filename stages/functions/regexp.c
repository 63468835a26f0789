/*
 * regexp.c - regular expressions, through PCRE2.
 *
 * A pattern is compiled once. What one record may cost is counted in steps, not measured in time, so
 * that a run that is done again gives the same: PCRE2 calls back before each item of the pattern.
 * Its own match limit does not see runs like [ax]*, of which one may pass over all of the text.
 */
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "functions/functions.h"

#define SUBJECT "regular expressions"

#define TEXT_MAX        (256u << 10) /* some of PCRE2's work is not called back for */
#define STEPS_MAX       10000000     /* for a record */
#define STEP_BYTES      16           /* of text that are passed over in a step */
#define JIT_STACK_FIRST (32u << 10)
#define JIT_STACK_MOST  (1u << 20)

struct regexp {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
    uint32_t groups;
    bool global;
    size_t steps, place; /* of this record: so far, and where the last step was */
};

/* ---- compiling ---- */

static void release(void *state)
{
    struct regexp *self = state;
    if (self == NULL)
        return;
    pcre2_match_data_free(self->match);
    pcre2_match_context_free(self->context);
    pcre2_jit_stack_free(self->stack);
    pcre2_code_free(self->code);
    free(self);
}

/* The letters of DuckDB. g is for regexp_replace alone. */
static int read_options(struct weir_value options, bool replaces, uint32_t *flags, bool *ret_global,
                        struct weir_err *err)
{
    for (uint32_t i = 0; i < options.length; i++) {
        switch (options.data[i]) {
        case 'c': *flags &= ~(uint32_t)PCRE2_CASELESS; break;
        case 'i': *flags |= PCRE2_CASELESS; break;
        case 'l': *flags |= PCRE2_LITERAL; break;
        case 's': *flags |= PCRE2_DOTALL; break;
        case 'g':
            *ret_global = true;
            if (replaces)
                break;
            /* fall through */
        default:
            weir_err_set(err, WEIR_ECONFIG, "'%c' is no option of a regular expression here",
                         options.data[i]);
            snprintf(err->note, sizeof(err->note),
                     "they are i (capital and small letters are one), c, l (a plain text), s (. is "
                     "a newline too)%s",
                     replaces ? ", g (all places)" : "");
            return err->code;
        }
    }
    return 0;
}

static int compile(struct regexp *self, struct weir_value pattern, uint32_t flags,
                   struct weir_err *err)
{
    PCRE2_UCHAR why[128];
    int number;
    PCRE2_SIZE at;
    self->code = pcre2_compile((PCRE2_SPTR)pattern.data, pattern.length, flags, &number, &at, NULL);
    if (self->code == NULL) {
        pcre2_get_error_message(number, why, sizeof(why));
        return weir_err_set(err, WEIR_ECONFIG, "the regular expression cannot be read: %s, at %zu",
                            (const char *)why, at + 1);
    }
    pcre2_jit_compile(self->code, PCRE2_JIT_COMPLETE); /* without it, matching is slower only */
    pcre2_pattern_info(self->code, PCRE2_INFO_CAPTURECOUNT, &self->groups);
    return 0;
}

/* Before each item of the pattern. */
static int count_step(pcre2_callout_block *block, void *context)
{
    struct regexp *self = context;
    size_t at = block->current_position;
    self->steps += 1 + (at > self->place ? at - self->place : self->place - at) / STEP_BYTES;
    self->place = at;
    return self->steps > STEPS_MAX ? PCRE2_ERROR_CALLOUT : 0;
}

static bool make_match(struct regexp *self)
{
    self->match = pcre2_match_data_create_from_pattern(self->code, NULL);
    self->context = pcre2_match_context_create(NULL);
    self->stack = pcre2_jit_stack_create(JIT_STACK_FIRST, JIT_STACK_MOST, NULL);
    if (self->match == NULL || self->context == NULL || self->stack == NULL)
        return false;
    pcre2_set_callout(self->context, count_step, self);
    pcre2_jit_stack_assign(self->context, NULL, self->stack);
    return true;
}

/* Of a literal the characters alone matter, and PCRE2 takes few other flags beside it. */
static int prepare(struct weir_value pattern, struct weir_value options, uint32_t more,
                   bool replaces, void **ret_state, struct weir_err *err)
{
    uint32_t flags = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | more;
    struct regexp *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return weir_err_set(err, WEIR_EOS, "out of memory");
    int code =
        options.data == NULL ? 0 : read_options(options, replaces, &flags, &self->global, err);
    if ((flags & PCRE2_LITERAL) != 0)
        flags &= PCRE2_LITERAL | PCRE2_CASELESS | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF |
                 PCRE2_ANCHORED | PCRE2_ENDANCHORED;
    else
        flags |= PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT;
    if (code == 0)
        code = compile(self, pattern, flags, err);
    if (code == 0 && !make_match(self))
        code = weir_err_set(err, WEIR_EOS, "out of memory");
    if (code == 0)
        *ret_state = self;
    else
        release(self);
    return code;
}

static int prepare_matches(const struct weir_value *constant, void **ret_state,
                           struct weir_err *err)
{
    return prepare(constant[1], constant[2], 0, false, ret_state, err);
}

static int prepare_full_match(const struct weir_value *constant, void **ret_state,
                              struct weir_err *err)
{
    return prepare(constant[1], constant[2], PCRE2_ANCHORED | PCRE2_ENDANCHORED, false, ret_state,
                   err);
}

static int prepare_with_third(const struct weir_value *constant, void **ret_state,
                              struct weir_err *err)
{
    return prepare(constant[1], constant[3], 0, false, ret_state, err);
}

static int prepare_replace(const struct weir_value *constant, void **ret_state,
                           struct weir_err *err)
{
    return prepare(constant[1], constant[3], 0, true, ret_state, err);
}

/* ---- matching ---- */

/* From `start` on, which is 0 first: 1 a match, 0 none, -1 the record has failed. */
static int find(struct weir_call *call, struct regexp *self, struct weir_value x, size_t start)
{
    if (x.length > TEXT_MAX) {
        weir_call_fail(call, -1, "regular expressions look at texts of at most 256 KiB");
        return -1;
    }
    int count =
        pcre2_match(self->code, (PCRE2_SPTR)x.data, x.length, start, 0, self->match, self->context);
    if (count >= 0)
        return 1;
    if (count == PCRE2_ERROR_NOMATCH)
        return 0;
    bool steps = count == PCRE2_ERROR_CALLOUT || count == PCRE2_ERROR_MATCHLIMIT;
    weir_call_fail(call, 0,
                   steps ? "takes the regular expression too many steps"
                         : "takes the regular expression too much memory");
    return -1;
}

static void matches(struct weir_call *call)
{
    int found = find(call, weir_call_state(call), weir_call_text(call, 0), 0);
    if (found >= 0)
        weir_call_give_boolean(call, found > 0);
}

/* What a group has matched; empty if it has no part in the match. */
static struct weir_value group(const struct regexp *self, struct weir_value x, uint32_t n)
{
    const PCRE2_SIZE *place = pcre2_get_ovector_pointer(self->match) + 2 * n;
    if (place[0] == PCRE2_UNSET)
        return (struct weir_value){x.data, 0};
    return (struct weir_value){x.data + place[0], (uint32_t)(place[1] - place[0])};
}

static void extract(struct weir_call *call)
{
    struct regexp *self = weir_call_state(call);
    struct weir_value x = weir_call_text(call, 0);
    int64_t n = weir_call_has(call, 2) ? weir_call_integer(call, 2) : 0;
    if (n < 0 || n > self->groups) {
        weir_call_fail(call, -1, "the regular expression has no group of that number");
        return;
    }
    int found = find(call, self, x, 0);
    if (found < 0)
        return;
    struct weir_value part =
        found > 0 ? group(self, x, (uint32_t)n) : (struct weir_value){x.data, 0};
    weir_call_give_text(call, part.data, part.length);
}

/* ---- replacing ---- */

/* A text that grows. */
struct built {
    struct weir_call *call;
    char *data; /* NULL: there was no room, which has been noted */
    size_t length, capacity;
};

static void append(struct built *to, const char *data, size_t n)
{
    size_t wanted = to->length + n;
    if (to->data != NULL && wanted > to->capacity) {
        size_t capacity = wanted > TEXT_MAX ? wanted + wanted / 2 : 2 * wanted;
        char *larger = weir_call_room(to->call, capacity);
        if (larger != NULL)
            memcpy(larger, to->data, to->length);
        to->data = larger;
        to->capacity = capacity;
    }
    if (to->data == NULL)
        return;
    memcpy(to->data + to->length, data, n);
    to->length = wanted;
}

/* \0 to \9 stand for what the groups have matched, \\ for itself. False for anything else. */
static bool append_replacement(struct built *to, const struct regexp *self, struct weir_value x,
                               struct weir_value by)
{
    for (uint32_t i = 0; i < by.length; i++) {
        char c = by.data[i];
        if (c != '\\') {
            append(to, &c, 1);
            continue;
        }
        c = ++i < by.length ? by.data[i] : '\0';
        if (c == '\\') {
            append(to, &c, 1);
        } else if (c >= '0' && c <= '9' && (uint32_t)(c - '0') <= self->groups) {
            struct weir_value part = group(self, x, (uint32_t)(c - '0'));
            append(to, part.data, part.length);
        } else {
            return false;
        }
    }
    return true;
}

/* The bytes of the character at x.data[at]. */
static size_t character_bytes(struct weir_value x, size_t at)
{
    size_t n = 1;
    while (at + n < x.length && ((unsigned char)x.data[at + n] & 0xC0) == 0x80)
        n++;
    return n;
}

/* How far a text has been gone through. */
struct progress {
    size_t copied; /* up to there it stands in the result */
    size_t start;  /* where to look on; behind the text: nowhere */
    size_t last;   /* the end of the last match */
};

/* Appends what stands between the last match and this one, and the replacement. An empty match right
 * behind the last one does not count. */
static bool replace_one(struct weir_call *call, struct built *to, struct progress *p)
{
    struct regexp *self = weir_call_state(call);
    struct weir_value x = weir_call_text(call, 0), by = weir_call_text(call, 2);
    const PCRE2_SIZE *place = pcre2_get_ovector_pointer(self->match);
    size_t begin = place[0], end = place[1];
    append(to, x.data + p->copied, begin - p->copied);
    if ((end > begin || begin != p->last) && !append_replacement(to, self, x, by)) {
        weir_call_fail(call, -1, "the replacement has a \\ with neither a group nor \\ behind it");
        return false;
    }
    *p = (struct progress){end, end, end};
    if (end > begin)
        return true;
    size_t n = end < x.length ? character_bytes(x, end) : 0; /* go on behind the next character */
    append(to, x.data + end, n);
    p->copied += n;
    p->start += n == 0 ? 1 : n;
    return true;
}

static void replace(struct weir_call *call)
{
    struct regexp *self = weir_call_state(call);
    struct weir_value x = weir_call_text(call, 0);
    struct progress p = {.last = SIZE_MAX};
    int found = find(call, self, x, 0);
    if (found == 0)
        weir_call_give_text(call, x.data, x.length);
    if (found <= 0)
        return;
    struct built built = {call, weir_call_room(call, x.length), 0, x.length};
    while (found > 0 && built.data != NULL) {
        if (!replace_one(call, &built, &p))
            return;
        found = self->global && p.start <= x.length ? find(call, self, x, p.start) : 0;
    }
    append(&built, x.data + p.copied, x.length - p.copied);
    if (found >= 0 && built.data != NULL)
        weir_call_give_text(call, built.data, built.length);
}

/* ---- the table ---- */

const struct weir_function weir__functions_regexp[] = {
    {{"regexp_extract", SUBJECT, "regexp_extract(x, pattern [, group [, options]])",
      "the first match of the pattern in x, or what a group of it has matched; '' if there is none",
      "regexp_extract('order 17 of 30', '[0-9]+') -> 17\n"
      "regexp_extract('2026-01-31', '(\\d+)-(\\d+)', 2) -> 01"},
     "tcic",
     2,
     WEIR_TEXT,
     prepare_with_third,
     release,
     extract},
    {{"regexp_full_match", SUBJECT, "regexp_full_match(x, pattern [, options])",
      "whether all of x matches the pattern",
      "regexp_full_match('AB-123', '[A-Z]{2}-\\d+') -> true"},
     "tcc",
     2,
     WEIR_BOOLEAN,
     prepare_full_match,
     release,
     matches},
    {{"regexp_matches", SUBJECT, "regexp_matches(x, pattern [, options])",
      "whether the pattern matches somewhere in x",
      "regexp_matches('Order 17', '^order', 'i') -> true"},
     "tcc",
     2,
     WEIR_BOOLEAN,
     prepare_matches,
     release,
     matches},
    {{"regexp_replace", SUBJECT, "regexp_replace(x, pattern, by [, options])",
      "x with the first match, or with 'g' all of them, replaced; \\1 is what the first group has "
      "matched",
      "regexp_replace('2026-01-31', '(\\d+)-(\\d+)-(\\d+)', '\\3.\\2.\\1') -> 31.01.2026\n"
      "regexp_replace('a  b   c', ' +', ' ', 'g') -> a b c"},
     "tctc",
     3,
     WEIR_TEXT,
     prepare_replace,
     release,
     replace},
    {.help = {.name = NULL}},
};
