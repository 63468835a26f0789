/* jsonl.h - jsonl.write: json.format makes objects of records, file.write writes them. Both have
 * jsonl.write's options. */
#ifndef WEIR_JSON_JSONL_H
#define WEIR_JSON_JSONL_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_jsonl_write;
extern const struct weir_stage_type weir_json_format;

extern const struct weir_option weir__jsonl_write_options[];

#endif
