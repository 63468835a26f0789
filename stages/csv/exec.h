/* exec.h - the stage `exec`: a program of any kind as a stage, with records as CSV or JSON Lines. */
#ifndef WEIR_CSV_EXEC_H
#define WEIR_CSV_EXEC_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_exec;

#endif
