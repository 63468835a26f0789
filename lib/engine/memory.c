/* How much memory a run's processes use: the segment once, and what each has of its own. */
#include "engine/run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* RssAnon of /proc/PID/status, in bytes; 0 if the process is gone. */
static uint64_t own_bytes(pid_t pid)
{
    char path[64], line[256];
    uint64_t bytes = 0;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *status = fopen(path, "re");
    if (status == NULL)
        return 0;
    while (fgets(line, sizeof(line), status) != NULL)
        if (strncmp(line, "RssAnon:", 8) == 0)
            bytes = strtoull(line + 8, NULL, 10) << 10;
    fclose(status);
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
