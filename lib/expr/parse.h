/* parse.h - from the text of an expression to a tree of terms. The grammar stands in
 * docs/expressions.md. */
#ifndef WEIR_EXPR_PARSE_H
#define WEIR_EXPR_PARSE_H

/* expr */
#include "expr/arena.h"
#include "expr/term.h"

/* The tree, in the arena; NULL with fault filled in (its text is "" when memory ran out). */
struct term *weir__parse(const char *text, struct arena *memory, struct weir_expr_fault *fault);

/* A term of that kind with room for that many children. NULL when memory ran out. */
struct term *weir__term_new(struct arena *memory, enum term_kind kind, uint32_t children);

/* The text of a quoted token without its quotes, doubled ones made single, in the arena, with a NUL
 * behind; of any other token its bytes. data is NULL when memory ran out. */
struct text weir__token_text(const char *text, const struct token *token, struct arena *memory);

#endif
