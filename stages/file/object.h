/* object.h - records as objects of JSON. */
#ifndef WEIR_FILE_OBJECT_H
#define WEIR_FILE_OBJECT_H

#include "file/line.h"

/*
 * Adds a record to the line as an object, with all its columns in their order, and a line end. Numbers and
 * booleans stand bare where their column is of such a type and JSON writes them so, values of type
 * json as they are, on one line; all else is a string. JSON holds text only: a value that is not
 * UTF-8 stands under NAME_base64. False when memory ran out.
 */
bool weir__object_add(struct line *line, const struct weir_schema *schema,
                      const struct weir_batch *in, uint32_t record);

#endif
