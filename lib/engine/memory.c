/* How much memory a run's processes use: the segment once, and what each has of its own. */
#include "engine/run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Pss_Anon of /proc/PID/smaps_rollup, in bytes: pages that fork has left shared count once among
 * those who have them. 0 if the process is gone. */
static uint64_t own_bytes(pid_t pid)
{
    char path[64], line[256];
    uint64_t bytes = 0;
    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    FILE *rollup = fopen(path, "re");
    if (rollup == NULL)
        return 0;
    while (fgets(line, sizeof(line), rollup) != NULL)
        if (strncmp(line, "Pss_Anon:", 9) == 0)
            bytes = strtoull(line + 9, NULL, 10) << 10;
    fclose(rollup);
    return bytes;
}

void weir__run_sample_memory(struct run *run)
{
    uint64_t bytes = run->view.segment.bytes + own_bytes(getpid());
    for (size_t w = 0; w < run->workers; w++)
        if (run->worker[w].process.pid > 0)
            bytes += own_bytes(run->worker[w].process.pid);
    if (bytes > run->receipt->memory_used)
        run->receipt->memory_used = bytes;
}
