/*
 * node.h - a value as a pipeline file gives it: a scalar, a list or a map, with its place in the
 * file.
 *
 * Scalars are text, taken as written; the option's type reads them. A tree of nodes also has a
 * canonical text, which carries a stage's configuration through the segment to its worker;
 * positions are not part of it.
 */
#ifndef WEIR_NODE_H
#define WEIR_NODE_H

#include <weir/err.h>

/* base */
#include "base/buf.h"

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
    enum node_kind kind;
    char *key;       /* in a map: its key, owned; else NULL */
    char *text;      /* a scalar's text, owned, never NULL for a scalar */
    bool quoted;     /* a scalar that stood in quotes or as a block; false and no text: nothing was
                        written */
    bool secret;     /* holds something that prints as *** */
    bool verbatim;   /* the file has the text as it is: each of its lines from text_column on */
    bool faulty;     /* an error has been said about it: who reads it takes it for given and says no
                        more */
    bool incomplete; /* a list or map: memory ran out for a child */
    struct node *child; /* the first of a list or map, owned */
    struct node *last;  /* the last of these */
    struct node *next;  /* the next of the same list or map */
    /* Where it stands, from 1; 0: nowhere (a default). text_column is where the text itself
     * begins, after a quote. */
    uint32_t line, column, text_column;
    uint32_t offset, bytes; /* the same as a place in the file, from 0; bytes includes the quotes */
    uint32_t key_line, key_column;
};

/* All return NULL when memory ran out. Text is copied; NULL is text for which memory ran out. */
struct node *weir__node_scalar(const char *text);
struct node *weir__node_list(void);
struct node *weir__node_map(void);
/* Appends child (now owned by parent), under key (copied) if parent is a map. 0, or WEIR_EOS with
 * child freed and parent incomplete. Both may be NULL, for which memory ran out. */
int weir__node_append(struct node *parent, const char *key, struct node *child);
/* Appends child under key, in the place of what stands there. */
int weir__node_put(struct node *map, const char *key, struct node *child);
/* The child of that key, or NULL. map may be NULL. */
struct node *weir__node_get(const struct node *map, const char *key);
/* Takes a child out of its list or map; the caller owns it. */
void weir__node_take(struct node *parent, struct node *child);
struct node *weir__node_copy(const struct node *node);
void weir__node_free(struct node *node);
/* Replaces a scalar's text, which then is no longer verbatim. Takes text over; it must not be NULL.
 */
void weir__node_set_text(struct node *node, char *text);
/* True for a key or a list item behind which nothing was written. */
bool weir__node_is_missing(const struct node *node);

/*
 * Points err at a node: at span bytes from offset on in its text (span 0: to the text's end; both
 * 0: the whole value), or at the whole value where the text is not verbatim. Does nothing for a
 * node that stands nowhere.
 */
void weir__node_place(const struct node *node, size_t offset, size_t span, struct weir_err *err);
/* Points err at a node's key. */
void weir__node_place_key(const struct node *node, struct weir_err *err);

/* Canonical text, one line, of any bytes but NUL: "..." with \" \\ \n escaped, [a b], {"k" v}. */
void weir__node_write(const struct node *node, struct buf *to);
/* Reads it back from *text, moving it behind what was read. NULL if it is not canonical text. */
struct node *weir__node_read(const char **text);

#endif
