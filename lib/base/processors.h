/* processors.h - how many processors this process may use. */
#ifndef WEIR_PROCESSORS_H
#define WEIR_PROCESSORS_H

#include <stdint.h>

/* By its affinity and its control group; at least 1. */
uint32_t weir__processors(void);

#endif
