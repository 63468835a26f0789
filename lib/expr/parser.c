#include "expr/parser.h"

#include <string.h>

/* ---- tokens ---- */

bool weir__parse_advance(struct parser *p)
{
    p->end = p->token.offset + p->token.length;
    return weir__lex(p->text, p->end, &p->token, p->fault);
}

bool weir__parse_at_word(const struct parser *p, const char *word)
{
    return weir__lex_is(p->text, &p->token, word);
}

/* Takes the word if it is next. */
bool weir__parse_take_word(struct parser *p, const char *word, bool *ret_taken)
{
    *ret_taken = weir__parse_at_word(p, word);
    return *ret_taken ? weir__parse_advance(p) : true;
}

void *weir__parse_fail(struct parser *p, const char *note, const char *what)
{
    int n = (int)(p->token.length > 60 ? 60 : p->token.length);
    if (p->token.kind == TOKEN_END)
        weir__fault(p->fault, p->token.offset, 1, note, "the expression ends too early: %s", what);
    else
        weir__fault(p->fault, p->token.offset, p->token.length, note, "%s before '%.*s'", what, n,
                    p->text + p->token.offset);
    return NULL;
}

bool weir__parse_expect(struct parser *p, enum token_kind kind, const char *note, const char *what)
{
    if (p->token.kind == kind)
        return weir__parse_advance(p);
    weir__parse_fail(p, note, what);
    return false;
}

bool weir__parse_expect_word(struct parser *p, const char *word, const char *note, const char *what)
{
    if (weir__parse_at_word(p, word))
        return weir__parse_advance(p);
    weir__parse_fail(p, note, what);
    return false;
}

struct text weir__token_text(const char *text, const struct token *token, struct arena *memory)
{
    bool quoted = token->kind == TOKEN_TEXT || token->kind == TOKEN_QUOTED;
    const char *from = text + token->offset + quoted;
    size_t n = token->length - (quoted ? 2 : 0), used = 0;
    char *to = weir__arena_alloc(memory, n + 1);
    if (to == NULL)
        return (struct text){NULL, 0};
    for (size_t i = 0; i < n; i++) {
        to[used++] = from[i];
        if (quoted && from[i] == from[-1] && i + 1 < n)
            i++;
    }
    to[used] = '\0';
    return (struct text){to, (uint32_t)used};
}

/* ---- terms ---- */

struct term *weir__term_new(struct arena *memory, enum term_kind kind, uint32_t children)
{
    struct term *term = weir__arena_zeroed(memory, sizeof(*term));
    if (term == NULL)
        return NULL;
    term->child = weir__arena_zeroed(memory, (children + 1) * sizeof(struct term *));
    if (term->child == NULL)
        return NULL;
    term->kind = kind;
    term->children = children;
    term->column = -1;
    term->blame = BLAME_NONE;
    return term;
}

bool weir__parse_too_deep(struct parser *p, size_t offset)
{
    weir__fault(p->fault, offset, 1, "compute a part of it in a column of its own (set)",
                "the expression is nested too deeply");
    return true;
}

/* The term from offset to the last token taken, over its children. */
struct term *weir__parse_finish(struct parser *p, struct term *term, size_t offset)
{
    if (term == NULL)
        return NULL;
    term->offset = offset;
    term->span = p->end - offset;
    for (uint32_t i = 0; i < term->children; i++)
        if (term->height <= term->child[i]->height)
            term->height = (uint16_t)(term->child[i]->height + 1);
    return term->height > TERM_HEIGHT_MAX && weir__parse_too_deep(p, offset) ? NULL : term;
}

struct term *weir__parse_make(struct parser *p, enum term_kind kind, struct token op, size_t offset,
                              uint32_t n, struct term *const *child)
{
    struct term *term = weir__term_new(p->memory, kind, n);
    if (term == NULL)
        return NULL;
    if (n > 0)
        memcpy(term->child, child, n * sizeof(*child));
    term->op = op.kind;
    term->token = op;
    return weir__parse_finish(p, term, offset);
}

bool weir__parse_list_add(struct parser *p, struct term_list *list, struct term *term)
{
    uint32_t n = list->count;
    if (term == NULL)
        return false;
    /* Capacity doubles at each power of two, so the count alone tells it. */
    if ((n & (n - 1)) == 0) {
        struct term **item = weir__arena_alloc(p->memory, (n == 0 ? 1 : 2 * n) * sizeof(*item));
        if (item == NULL)
            return false;
        if (n > 0)
            memcpy(item, list->item, n * sizeof(*item));
        list->item = item;
    }
    list->item[list->count++] = term;
    return true;
}

struct term *weir__parse_make_list(struct parser *p, enum term_kind kind, struct token op,
                                   size_t offset, const struct term_list *list)
{
    return weir__parse_make(p, kind, op, offset, list->count, list->item);
}
