/*
 * loader.h - what the steps from a pipeline file to its graph share.
 *
 * The steps, in order, one file each. Every one adds its errors and goes on, so that all mistakes
 * of a file are shown at once; a node about which something has been said is marked faulty, and no
 * later step says more about it.
 *
 *     text.c      the bytes: size, UTF-8
 *     yaml.c      -> nodes with places
 *     traps.c     values that YAML ate
 *     modules.c   modules: -> more stage types and functions
 *     keys.c      keys that nobody knows, or that stand on the wrong level
 *     sets.c      --set
 *     excerpt.c   what does not belong to the part that is wanted goes
 *     vars.c      vars, secrets, --var
 *     fill.c      ${...} in every value
 *     run.c       run: -> the run's settings
 *     stages.c    stages: -> graph stages
 *     edges.c     who reads whom
 *     tests.c     tests: -> what goes in and what is to come out
 *     expressions.c   those that cannot be parsed
 */
#ifndef WEIR_CONFIG_LOADER_H
#define WEIR_CONFIG_LOADER_H

#include <weir/engine.h>

/* stage */
#include "stage/node.h"
/* engine */
#include "engine/graph.h"

/* One of vars: or secrets:, with the value that it has in the end. */
struct variable {
    struct node *node; /* its declaration; key is its name */
    char *value;       /* owned; NULL: it must be given and was not */
    bool secret, faulty;
    bool ready; /* value has been worked out; later ones are not, while it is */
    bool given; /* by --var */
    bool asked; /* somebody needed the value, or has a default for it */
};

struct loader {
    struct weir_pipeline *pipeline;
    const struct weir_load_options *options;
    struct weir_errors *errors;
    struct node *root;
    struct variable *variable;
    size_t variables;
    size_t filled_bytes; /* what ${...} has made in all */
    bool no_memory;
};

/* Adds an error and points it at a node (NULL: at nothing). The node is then faulty. */
struct weir_err *weir__complain(struct loader *loader, struct node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, pointing at the node's key. */
struct weir_err *weir__complain_key(struct loader *loader, struct node *node, const char *format,
                                    ...) __attribute__((format(printf, 3, 4)));
/* Sets an error's note. */
void weir__advise(struct weir_err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* "did you mean 'best'?" as the note; nothing for NULL. */
void weir__suggest(struct weir_err *err, const char *best);

/* The steps. */
void weir__find_traps(struct loader *loader);
void weir__load_modules(struct loader *loader);
void weir__check_keys(struct loader *loader);
void weir__apply_sets(struct loader *loader);
void weir__take_excerpt(struct loader *loader);
void weir__declare_variables(struct loader *loader);
void weir__fill_values(struct loader *loader);
void weir__read_run(struct loader *loader);
void weir__read_stages(struct loader *loader);
void weir__join_stages(struct loader *loader);
void weir__read_tests(struct loader *loader);
/* Only if there are mistakes already. */
void weir__check_expressions(struct loader *loader);

/* ---- shared by two steps ---- */

/* The stage type that a stage's node names, or NULL. */
const struct weir_stage_type *weir__stage_type_of(const struct node *stage);
/* The id of a stage's node: what it says, or the last word of its type; NULL if there is neither.
 */
const char *weir__stage_id_of(const struct node *stage);
/* Fills ${...} in text. Returns the new text (to be freed), or NULL after an error about node.
 * *ret_secret is set if a secret is part of it. */
char *weir__fill_text(struct loader *loader, struct node *node, const char *text, bool *ret_secret);
void weir__free_variables(struct loader *loader);

#endif
