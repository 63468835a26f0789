/*
 * template.h - paths that columns of the records are part of: out/{country}/orders.csv.
 *
 * A stage that formats puts a frame before what it makes of each record, which says what file it is for;
 * file.divide writes it there. So it does where one file is split, for then records are to be told apart.
 */
#ifndef WEIR_FILE_TEMPLATE_H
#define WEIR_FILE_TEMPLATE_H

#include <weir/stage.h>

#define TEMPLATE_OPTION                                                                            \
    {                                                                                              \
        "max_open", WEIR_OPT_COUNT, "100", NULL, false,                                            \
            "how many files are open at the same time, where there are many"                       \
    }

#define SPLIT_OPTION                                                                               \
    {                                                                                              \
        "split", WEIR_OPT_MAP, NULL, "rows:count|bytes:bytes", false,                              \
            "write numbered files instead, NAME-0001.csv and so on, of at most so many records, "  \
            "or of so many bytes before they are compressed"                                       \
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
/* True if it writes many files, because of that or of `split`. */
bool weir__template_divides(const struct weir_stage *stage);
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
    uint32_t record_bytes; /* of the record that begins here; 0: the last one goes on */
};

/* Writes the frame of a record, the number of bytes left open. NULL: no room. */
char *weir__template_begin(const struct template *template, const struct weir_batch *in,
                           uint32_t record, char *to, const char *end);
/* Sets the number of bytes of the frame that begins there. record_bytes: SIZE_MAX if they are all of
 * the record. */
void weir__template_end(char *frame, const char *end, size_t record_bytes);

#endif
