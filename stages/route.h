#ifndef WEIR_STAGES_ROUTE_H
#define WEIR_STAGES_ROUTE_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_route;

#endif
