/* lex.h - the words of an expression's text. */
#ifndef WEIR_EXPR_LEX_H
#define WEIR_EXPR_LEX_H

#include <weir/expr.h>

enum token_kind {
    TOKEN_END,
    TOKEN_NUMBER,
    TOKEN_TEXT,   /* '...' */
    TOKEN_NAME,   /* a bare word: a column, a function or a word of the language */
    TOKEN_QUOTED, /* "..." or `...`: a column */
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA,
    TOKEN_CAST, /* :: */
    TOKEN_PLUS,
    TOKEN_MINUS,
    TOKEN_TIMES,
    TOKEN_DIVIDE,
    TOKEN_MODULO,
    TOKEN_JOIN, /* || */
    TOKEN_EQUAL,
    TOKEN_UNEQUAL,
    TOKEN_LESS,
    TOKEN_LESS_EQUAL,
    TOKEN_GREATER,
    TOKEN_GREATER_EQUAL,
};

/* The token is text[offset, offset + length), quotes included. */
struct token {
    enum token_kind kind;
    size_t offset, length;
};

/* Reads the token at or after offset. False with fault filled in. */
bool weir__lex(const char *text, size_t offset, struct token *ret, struct weir_expr_fault *fault);

/* The same word, upper and lower case being one. */
bool weir__lex_is(const char *text, const struct token *token, const char *word);

/* Fills fault in; returns false, so that `return weir__fault(...)` reads well. note may be NULL. */
bool weir__fault(struct weir_expr_fault *fault, size_t offset, size_t span, const char *note,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
