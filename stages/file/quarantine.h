/* quarantine.write: the sink of records that killed their workers. */
#ifndef WEIR_FILE_QUARANTINE_H
#define WEIR_FILE_QUARANTINE_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_quarantine_write;

#endif
