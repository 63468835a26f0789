#include "base/processors.h"

#include <sched.h>
#include <stdio.h>

/* cpu.max of this control group: "QUOTA PERIOD" or "max PERIOD". 0: no quota. */
static uint32_t quota(void)
{
    unsigned long long quota_us, period_us;
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (file == NULL)
        return 0;
    int n = fscanf(file, "%llu %llu", &quota_us, &period_us);
    fclose(file);
    return n == 2 && period_us > 0 ? (uint32_t)((quota_us + period_us - 1) / period_us) : 0;
}

uint32_t weir__processors(void)
{
    cpu_set_t set;
    uint32_t processors = 1, limit = quota();
    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        processors = (uint32_t)CPU_COUNT(&set);
    if (limit > 0 && limit < processors)
        processors = limit;
    return processors > 0 ? processors : 1;
}
