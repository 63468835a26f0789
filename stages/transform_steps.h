/*
 * transform_steps.h - what a transform does to a record, worked out from its options and its
 * input's schema.
 *
 * The working columns are those of the input, and behind them those that set adds. A set changes
 * one of them; what comes out is a choice among them, under other names perhaps.
 */
#ifndef WEIR_STAGES_TRANSFORM_STEPS_H
#define WEIR_STAGES_TRANSFORM_STEPS_H

#include <weir/expr.h>
#include <weir/stage.h>

struct transform_set {
    const char *name; /* the option's */
    struct weir_expr *expr;
    uint32_t target; /* working column */
};

struct transform_steps {
    struct weir_expr *where; /* NULL: every record */
    struct transform_set *set;
    size_t sets;
    struct weir_schema working; /* as it is behind the last set */
    uint32_t *output;           /* the working column that each column of the output is */
};

/* From the options. Every mistake is said, with its place. 0 with *ret_schema filled in, or a
 * negative code. */
int weir__transform_bind(struct weir_stage *stage, struct transform_steps *steps,
                         struct weir_schema *ret_schema);
/* Which of the input's columns are needed, if `needed` of the output's are. */
void weir__transform_needs(const struct transform_steps *steps, const struct weir_schema *in,
                           uint32_t outputs, const bool *needed, bool *in_needed);
void weir__transform_release(struct transform_steps *steps);

#endif
