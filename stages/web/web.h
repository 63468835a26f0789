/* web.h - the stage types that fetch pages and take them apart. */
#ifndef WEIR_WEB_WEB_H
#define WEIR_WEB_WEB_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_html_parse;
extern const struct weir_stage_type weir_url_fetch;
extern const struct weir_stage_type weir_url_spread;
extern const struct weir_stage_type weir_url_get;
extern const struct weir_option weir__url_fetch_options[];
extern const struct weir_stage_type weir_url_list;
extern const struct weir_stage_type weir_json_parse;
extern const struct weir_stage_type weir_xml_parse;

#endif
