/*
 * template.h - paths that columns of the records are part of: out/{country}/orders.csv.
 *
 * A stage that formats puts a frame before what it makes of each record, which says what file it is for;
 * file.divide writes it there.
 */
#ifndef WEIR_FILE_TEMPLATE_H
#define WEIR_FILE_TEMPLATE_H

#include <weir/stage.h>

#define TEMPLATE_OPTION                                                                            \
    {                                                                                              \
        "max_open", WEIR_OPT_COUNT, "100", NULL, false,                                            \
            "how many files are open at the same time, where the path names columns"               \
    }

struct template_piece {
    const char *text; /* into the option's value */
    size_t bytes;
    int column; /* or -1 */
};

struct template
{
    struct template_piece *piece;
    size_t pieces;
};

/* True if the stage may write many files, and its path is a template: there is a { in it. */
bool weir__template_given(const struct weir_stage *stage);
/* How much of the template is the folder that all files are in. */
size_t weir__template_folder(const char *path);
/* For bind: finds the columns in stage->in. 0, or a code after weir_option_error. Release it
 * also after failure. */
int weir__template_bind(struct weir_stage *stage, struct template *template);
void weir__template_release(struct template *template);

/* What stands before bytes of one file: this, then the path with a NUL. */
struct template_frame {
    uint32_t path_bytes; /* with the NUL */
    uint32_t bytes;
};

/* Writes the frame of a record, the number of bytes left open. NULL: no room. */
char *weir__template_begin(const struct template *template, const struct weir_batch *in,
                           uint32_t record, char *to, const char *end);
/* Sets the number of bytes of the frame that begins there. */
void weir__template_end(char *frame, const char *end);

#endif
