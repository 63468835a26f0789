/*
 * infer.h - csv.read's `infer`: what a file's first rows say about how it is written, and of which
 * types its columns are. Cautious: what a cast would not give back as it stood is text.
 */
#ifndef WEIR_CSV_INFER_H
#define WEIR_CSV_INFER_H

#include "csv/head.h"

/* Guesses delimiter and quote from the text, unless the options say them. */
void weir__csv_infer_dialect(const struct weir_stage *stage, const char *bytes, size_t n,
                             bool ended, struct csv_dialect *dialect);

struct inferred_column {
    uint32_t first, rest; /* sets of types, which the first row's value has, and all others */
    uint64_t values;      /* in the rows behind the first that are not null */
    bool zeros, commas;   /* numbers with zeros in front; with a decimal comma */
};

struct inferred {
    struct inferred_column *column; /* a field of the head */
    bool header_sure;
};

/* Looks at the head's sample, and tells in head->dialect whether it has a header, unless the options
 * do. 0, or a code after weir_fail. Release it also after failure. */
int weir__csv_infer_types(struct weir_stage *stage, struct csv_head *head, struct inferred *ret);
void weir__csv_inferred_release(struct inferred *inferred);
/* Gives the columns of the head's own schema their types. */
void weir__csv_inferred_set(const struct inferred *inferred, const struct csv_head *head,
                            struct weir_schema *schema);
/* Writes it as options of a pipeline file, with comments where it may be wrong. False: no memory. */
bool weir__csv_inferred_print(const struct weir_stage *stage, const struct inferred *inferred,
                              const struct csv_head *head, const struct weir_schema *schema,
                              FILE *to);

#endif
