/*
 * option.h - from the nodes of a pipeline file to the typed values of a stage's options.
 *
 * The option table drives it all: parsing, checking, help. `settings` holds a stage's values; it is
 * made in the program from the file, and in a worker from canonical text, by the same code.
 */
#ifndef WEIR_OPTION_H
#define WEIR_OPTION_H

#include <weir/stage.h>

/* stage */
#include "stage/node.h"

struct settings; /* opaque: one typed value per row of a table */

/*
 * Reads `with` (a map node, or NULL for none) by the table. Every mistake is added to errors with
 * its line and column (file and source are left for the caller): unknown option with "did you
 * mean", wrong type, out of range, missing. On return *ret is always made (or NULL with WEIR_EOS),
 * with defaults where the value was wrong. Returns 0 or the code of the first error. `with` is
 * borrowed and must outlive *ret.
 */
int weir__settings_read(const struct weir_option *table, const struct node *with,
                        struct weir_errors *errors, struct settings **ret);
void weir__settings_free(struct settings *settings);

bool weir__settings_given(const struct settings *settings, const char *name);
const char *weir__settings_string(const struct settings *settings, const char *name);
int64_t weir__settings_number(const struct settings *settings, const char *name);
size_t weir__settings_list(const struct settings *settings, const char *name,
                           const char *const **ret);
size_t weir__settings_map(const struct settings *settings, const char *name,
                          const struct weir_pair **ret);
/* The number under a member of a map that has members; -1: it is not given. */
int64_t weir__settings_member(const struct settings *settings, const char *name,
                              const char *member);
/* How many stages options of the type STAGES ask for. */
size_t weir__settings_stages(const struct settings *settings);
/* The i-th of them: its options, its name among them, to be freed; *ret_type (borrowed) its type. NULL:
 * no memory. */
struct node *weir__settings_stage(const struct settings *settings, size_t i,
                                  const struct weir_stage_type **ret_type);
/* The node that a value came from (for key: that member of the map, or that item of the list), or
 * NULL. */
const struct node *weir__settings_node(const struct settings *settings, const char *name,
                                       const char *key);

/* Reads one scalar by type alone: also for keys of the pipeline file and the command line. BOOL,
 * CHAR, COUNT, BYTES, DURATION, RATE, PERCENT, in the units of weir_option_number. 0, or
 * WEIR_ECONFIG with *ret_message (static text, e.g. "a duration like 2s or 1m30s"). */
int weir__option_number(enum weir_option_type type, const char *text, int64_t *ret,
                        const char **ret_message);

/* One of "rows:count|bytes:bytes", the choices of a map. */
struct option_member {
    char name[64];
    enum weir_option_type type; /* WEIR_OPT_STRING: none that a member can have */
};
/* Takes the first off *members. False behind the last. */
bool weir__option_next_member(const char **members, struct option_member *ret);

/* The index of text in "a|b|c", or -1. */
int weir__option_choice(const char *choices, const char *text);
/* Whether a number lies in a range "1..64" or "1.." whose ends are written as the type's values
 * are; true for NULL. False, too, for a range that can't be read. */
bool weir__option_in_range(enum weir_option_type type, const char *range, int64_t value);
/* True for the types that weir__option_number reads. */
bool weir__option_is_number(enum weir_option_type type);
/* "a duration like 2s or 1m30s": what a value of the type is. */
const char *weir__option_type_text(enum weir_option_type type);

/* The name in a NULL-terminated list nearest to name, for "did you mean", or NULL if none is near.
 */
const char *weir__nearest(const char *name, const char *const *names);

/* Pages: what `pipeline stages NAME` prints, and docs/stages/NAME.md. */
void weir__option_help(const struct weir_stage_type *type, struct buf *to);
void weir__option_markdown(const struct weir_stage_type *type, struct buf *to);

#endif
