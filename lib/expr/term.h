/*
 * term.h - an expression as a tree of terms.
 *
 * parse.c makes the tree as it is written. check.c finds the columns and functions, gives every
 * term its type, puts conversions in, and replaces terms without a column by their values. eval.c
 * computes each term over a chunk of records into the term's own vector.
 */
#ifndef WEIR_EXPR_TERM_H
#define WEIR_EXPR_TERM_H

#include <weir/batch.h>

/* expr */
#include "expr/lex.h"
#include "expr/number.h"
#include "expr/utf8.h"

#define TERM_HEIGHT_MAX 500 /* of a tree: it is walked by recursion */

enum term_kind {
    TERM_CONSTANT, /* vector holds one value for all records */
    TERM_COLUMN,
    TERM_ARITHMETIC, /* op; 2 children */
    TERM_MINUS,
    TERM_JOIN,     /* || */
    TERM_COMPARE,  /* op; 2 children */
    TERM_DISTINCT, /* a is distinct from b */
    TERM_AND,      /* 2 or more children */
    TERM_OR,
    TERM_NOT,
    TERM_IS_NULL,
    TERM_BETWEEN, /* x, low, high; until it is checked */
    TERM_IN,      /* x, and items; when it is checked, only x, the items being in `set` */
    TERM_LIKE,    /* x, pattern [, escape]; op is TOKEN_NAME for ilike */
    TERM_CASE,    /* condition, value, ... [, else: an odd count] */
    TERM_SWITCH,  /* x, value, result, ... [, else: an even count]; until it is checked */
    TERM_COALESCE,
    TERM_CAST, /* to type */
    TERM_TRY,
    TERM_CALL,     /* function; until it is checked also special forms */
    TERM_INTERVAL, /* a count; token is the unit, or all of it: '3 days'. Until it is checked */
    TERM_ONCE,     /* its child, computed once a chunk though several terms have it as a child */
};

/* The values of a term for the records of a chunk, by record. Of the arrays only those of the
 * term's kind of value exist. */
struct vector {
    uint32_t mask;   /* & the record's number: 0 for a constant, all ones else */
    int64_t *narrow; /* numbers, with tag */
    uint8_t *tag;
    int128 *wide; /* NULL until the first number that needs it */
    struct text *text;
    uint8_t *truth; /* enum weir_truth */
};

/*
 * The tag of a number: its scale when it stands in narrow; TAG_WIDE + its scale when in wide;
 * TAG_REAL: narrow has the bits of a double. Below TAG_WIDE is the fast path: one test of two tags
 * or-ed together.
 */
#define TAG_WIDE 0x40
#define TAG_REAL 0x80
#define TAG_NULL 0xC0

struct function;
struct set;  /* the constants of an in-list, see set.h */
struct like; /* what is known of a pattern, see like.h */

struct term {
    enum term_kind kind;
    enum token_kind op;
    enum weir_type type;
    bool raw; /* the value is still the text of its type: a column, or a choice among columns */
    bool implicit; /* TERM_CAST: not written but put in */
    bool is_null;  /* TERM_CONSTANT */
    uint8_t precision,
        scale; /* TERM_CAST to decimal(precision, scale); precision 0: plain decimal */
    uint16_t height;
    int32_t column;      /* TERM_COLUMN */
    int32_t blame;       /* the only column that it uses, BLAME_NONE or BLAME_SEVERAL */
    size_t offset, span; /* the whole of it in the text */
    struct token token;  /* the operator, or the name */
    const struct function *function;
    struct term **child;
    uint32_t children;
    struct set *set;
    struct like *like;
    void *state; /* TERM_CALL: of a registered function */

    uint32_t rows; /* that the vector and the selections have room for */
    struct vector vector;
    uint16_t *scratch[2];        /* selections of its own, for terms that choose */
    const struct vector *result; /* TERM_ONCE */
    uint64_t chunk;
};

#define BLAME_NONE    -1
#define BLAME_SEVERAL -2

/* How values of a type stand in a vector. */
enum shape { SHAPE_TEXT, SHAPE_NUMBER, SHAPE_TRUTH };

static inline bool is_moment(enum weir_type type)
{
    return type == WEIR_DATE || type == WEIR_TIMESTAMP;
}

static inline enum shape type_shape(enum weir_type type)
{
    switch (type) {
    case WEIR_INTEGER:
    case WEIR_DECIMAL:
    case WEIR_DOUBLE:
    case WEIR_DATE:                           /* days since 1970-01-01, see moment.h */
    case WEIR_TIMESTAMP: return SHAPE_NUMBER; /* microseconds */
    case WEIR_BOOLEAN: return SHAPE_TRUTH;
    default: return SHAPE_TEXT;
    }
}

static inline enum shape term_shape(const struct term *term)
{
    return term->raw ? SHAPE_TEXT : type_shape(term->type);
}

static inline bool is_constant(const struct term *term)
{
    return term->kind == TERM_CONSTANT;
}

#endif
