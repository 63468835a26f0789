/*
 * read.h - jsonl.read: lines.cut (whole lines), jsonl.parse and a limit. All have jsonl.read's
 * options.
 */
#ifndef WEIR_JSONL_READ_H
#define WEIR_JSONL_READ_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_jsonl_read;
extern const struct weir_stage_type weir_jsonl_parse;

extern const struct weir_option weir__jsonl_read_options[];

#endif
