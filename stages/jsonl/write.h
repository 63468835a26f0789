/* write.h - jsonl.write: jsonl.format makes lines of records, file.write writes them. Both have
 * jsonl.write's options. */
#ifndef WEIR_JSONL_WRITE_H
#define WEIR_JSONL_WRITE_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_jsonl_write;
extern const struct weir_stage_type weir_jsonl_format;

extern const struct weir_option weir__jsonl_write_options[];

#endif
