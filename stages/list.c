#include "list.h"

#include "count.h"
#include "csv/exec.h"
#include "csv/lookup.h"
#include "csv/read.h"
#include "csv/write.h"
#include "discard.h"
#include "file/quarantine.h"
#include "functions/functions.h"
#include "hash/hash.h"
#include "hash/list.h"
#include "hash/manifest.h"
#include "jsonl/read.h"
#include "jsonl/write.h"
#include "kept/aggregate.h"
#include "kept/distinct.h"
#include "kept/join.h"
#include "kept/sample.h"
#include "kept/sort.h"
#include "kept/tail.h"
#include "limit.h"
#include "lines/lines.h"
#include "merge.h"
#include "peek.h"
#include "route.h"
#include "transform.h"
#include "web/web.h"

const struct weir_stage_type *const weir_builtin_types[] = {&weir_csv_read,
                                                            &weir_csv_write,
                                                            &weir_stage_transform,
                                                            &weir_stage_csv_transform,
                                                            &weir_lines_read,
                                                            &weir_lines_write,
                                                            &weir_jsonl_read,
                                                            &weir_jsonl_write,
                                                            &weir_count,
                                                            &weir_lookup,
                                                            &weir_exec,
                                                            &weir_aggregate,
                                                            &weir_distinct,
                                                            &weir_join,
                                                            &weir_sort,
                                                            &weir_head,
                                                            &weir_tail,
                                                            &weir_sample,
                                                            &weir_peek,
                                                            &weir_file_list,
                                                            &weir_file_hash,
                                                            &weir_manifest_write,
                                                            &weir_manifest_read,
                                                            &weir_manifest_check,
                                                            &weir_html_parse,
                                                            &weir_xml_parse,
                                                            &weir_json_parse,
                                                            &weir_url_list,
                                                            &weir_url_fetch,
                                                            &weir_merge,
                                                            &weir_route,
                                                            &weir_discard,
                                                            &weir_quarantine_write,
                                                            NULL};

const struct weir_function *const weir_builtin_functions[] = {
    weir__functions_regexp, weir__functions_digest, weir__functions_zone, NULL};
