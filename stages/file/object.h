/* object.h - records as objects of JSON. */
#ifndef WEIR_FILE_OBJECT_H
#define WEIR_FILE_OBJECT_H

#include "file/line.h"

/* Adds a record to the line as an object with all its columns, as jsonl.write writes them, and a line
 * end; a value that is not what its column's type says is a string. False when memory ran out. */
bool weir__object_add(struct line *line, const struct weir_schema *schema,
                      const struct weir_batch *in, uint32_t record);

#endif
