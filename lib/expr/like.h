/*
 * like.h - patterns: % stands for any characters, _ for one.
 *
 * A constant pattern is looked at once: most are a text with % at one end or both, and need no
 * matcher.
 */
#ifndef WEIR_EXPR_LIKE_H
#define WEIR_EXPR_LIKE_H

/* expr */
#include "expr/arena.h"
#include "expr/utf8.h"

enum like_kind { LIKE_EQUAL, LIKE_PREFIX, LIKE_SUFFIX, LIKE_PART, LIKE_PATTERN };

struct like {
    enum like_kind kind;
    struct text text; /* without the % around it; for LIKE_PATTERN the whole pattern */
    uint32_t
        escape; /* a character that takes the meaning from the one behind it; UTF8_BROKEN: none */
    bool ignore_case;
};

/* Looks at a pattern, which must outlive the result. */
struct like weir__like_make(struct text pattern, uint32_t escape, bool ignore_case);
bool weir__like_matches(const struct like *like, struct text text);

#endif
