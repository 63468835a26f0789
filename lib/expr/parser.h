/*
 * parser.h - what the parts of the parser share: parser.c the tokens and the making of terms,
 * parse_primary.c values, calls and casts, parse.c the operators.
 *
 * Functions that return a term return NULL, and others false, with the fault filled in or memory
 * run out.
 */
#ifndef WEIR_EXPR_PARSER_H
#define WEIR_EXPR_PARSER_H

/* expr */
#include "expr/parse.h"

#define DEPTH_MAX 200 /* of parentheses and the like: parsing them recurses */

struct parser {
    const char *text;
    struct token token; /* the next one, not yet taken */
    size_t end;         /* of the last one taken */
    int depth;
    struct arena *memory;
    struct weir_expr_fault *fault;
};

/* ---- tokens ---- */

bool weir__parse_advance(struct parser *p);
/* True if the next token is that word. */
bool weir__parse_at_word(const struct parser *p, const char *word);
/* Takes the word if it is next. */
bool weir__parse_take_word(struct parser *p, const char *word, bool *ret_taken);
/* Takes what must be next, or says what is missing. */
bool weir__parse_expect(struct parser *p, enum token_kind kind, const char *note, const char *what);
bool weir__parse_expect_word(struct parser *p, const char *word, const char *note,
                             const char *what);
/* Says `what` of the next token, "')' is missing". Returns NULL. */
void *weir__parse_fail(struct parser *p, const char *note, const char *what);

/* ---- terms ---- */

/* A growing list of terms, before their number is known. Zero-initialise. */
struct term_list {
    struct term **item;
    uint32_t count;
};
/* False also if term is NULL. */
bool weir__parse_list_add(struct parser *p, struct term_list *list, struct term *term);

/* Says that the expression is nested too deeply. Returns true. */
bool weir__parse_too_deep(struct parser *p, size_t offset);
/* Gives the term its place, from offset to the last token taken, and its height. */
struct term *weir__parse_finish(struct parser *p, struct term *term, size_t offset);
struct term *weir__parse_make(struct parser *p, enum term_kind kind, struct token op, size_t offset,
                              uint32_t n, struct term *const *child);
struct term *weir__parse_make_list(struct parser *p, enum term_kind kind, struct token op,
                                   size_t offset, const struct term_list *list);

/* ---- the grammar ---- */

/* Any expression. */
struct term *weir__parse_any(struct parser *p);
/* item, item ... ) with the opening parenthesis taken. */
bool weir__parse_items(struct parser *p, struct term_list *list);
/* A term that is the next token alone. */
struct term *weir__parse_leaf(struct parser *p, enum term_kind kind);
/* A value, and the casts behind it. */
struct term *weir__parse_casts(struct parser *p);

#endif
