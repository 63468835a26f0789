/*
 * measure.c - runs a command and writes what it cost to a file: one line of three numbers, seconds
 * from start to end, seconds of processor time, and kilobytes of memory at the peak (0 without
 * --memory).
 *
 *     measure [--memory] REPORT COMMAND [ARGUMENT...]
 *
 * Both times are of the command and of all processes that it starts and waits for. Memory is the
 * sum of the proportional set sizes (PSS) of all its descendants: what several processes share
 * counts once. It is looked up every 5 ms, which costs the command time: so do not take both from
 * one run.
 *
 * Ends with the command's exit code, or 128 plus the signal that ended it. SIGINT, SIGTERM and
 * SIGHUP kill the command with all that it started.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAMPLE_NS 5000000
#define PIDS_MAX  65536

struct process {
    pid_t pid, parent;
    bool ours;
};

/* All processes of the machine at one moment; those that descend from this one are ours. */
struct census {
    struct process list[PIDS_MAX];
    size_t count;
};

static struct census census;

/* From /proc/PID/stat, proc(5): "pid (name) state ppid ...", and the name may hold anything. */
static pid_t parent_of(const char *pid)
{
    char path[64], text[512];
    snprintf(path, sizeof(path), "/proc/%.16s/stat", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    const char *name_end = strrchr(text, ')');
    int parent = 0;
    if (name_end == NULL || sscanf(name_end + 1, " %*c %d", &parent) != 1)
        return 0;
    return parent;
}

/* Processes are listed in the order of their numbers, which is not that of their birth: hence the
 * rounds. */
static void mark_ours(void)
{
    pid_t self = getpid();
    bool again = true;
    while (again) {
        again = false;
        for (size_t i = 0; i < census.count; i++) {
            struct process *process = &census.list[i];
            bool ours = process->parent == self;
            for (size_t k = 0; k < census.count && !ours; k++)
                ours = census.list[k].ours && census.list[k].pid == process->parent;
            again = again || (ours && !process->ours);
            process->ours = ours;
        }
    }
}

static void take_census(void)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    census.count = 0;
    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL && census.count < PIDS_MAX) {
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        census.list[census.count++] = (struct process){
            .pid = (pid_t)strtol(entry->d_name, NULL, 10), .parent = parent_of(entry->d_name)};
    }
    closedir(dir);
    mark_ours();
}

/* 0 for a process that has just ended. */
static uint64_t memory_of(pid_t pid)
{
    char path[64], line[256];
    uint64_t kilobytes = 0;
    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof(line), file) != NULL &&
           sscanf(line, "Pss: %" SCNu64, &kilobytes) != 1)
        ;
    fclose(file);
    return kilobytes;
}

static uint64_t memory_of_ours(void)
{
    uint64_t sum = 0;
    take_census();
    for (size_t i = 0; i < census.count; i++)
        sum += census.list[i].ours ? memory_of(census.list[i].pid) : 0;
    return sum;
}

/* Orphans become children of this process, so none escapes; a killed one may have left children
 * that the census did not see, hence the loop. */
static void kill_ours(void)
{
    bool found = true;
    while (found) {
        found = false;
        take_census();
        for (size_t i = 0; i < census.count; i++) {
            if (census.list[i].ours && kill(census.list[i].pid, SIGKILL) == 0)
                found = true;
        }
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
    }
}

static double seconds_between(const struct timespec *from, const struct timespec *to)
{
    return (double)(to->tv_sec - from->tv_sec) + (double)(to->tv_nsec - from->tv_nsec) * 1e-9;
}

static double processor_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

static pid_t start(char **argv, const sigset_t *mask, pid_t self)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    /* A shell without job control starts us with SIGINT ignored. */
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != self)
        _exit(EXIT_FAILURE);
    execvp(argv[0], argv);
    fprintf(stderr, "measure: cannot run %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

/* Reaps until the command has ended. Returns its wait status; the peak of memory is found on the
 * way if `peak` is not NULL. A signal to us ends the process here. */
static int watch(pid_t pid, const sigset_t *signals, uint64_t *peak)
{
    const struct timespec pause = {.tv_nsec = SAMPLE_NS};
    for (;;) {
        int status;
        pid_t reaped;
        while ((reaped = waitpid(-1, &status, WNOHANG)) > 0) {
            if (reaped == pid)
                return status;
        }
        uint64_t memory = peak == NULL ? 0 : memory_of_ours();
        if (peak != NULL && memory > *peak)
            *peak = memory;
        int signal =
            peak == NULL ? sigwaitinfo(signals, NULL) : sigtimedwait(signals, NULL, &pause);
        if (signal > 0 && signal != SIGCHLD) {
            kill_ours();
            exit(128 + signal);
        }
    }
}

/* The signals that the command's end and the user's wish to stop come by, blocked from now on. */
static void block_signals(sigset_t *signals, sigset_t *before)
{
    static const int awaited[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD};
    sigemptyset(signals);
    for (size_t i = 0; i < sizeof(awaited) / sizeof(awaited[0]); i++) {
        signal(awaited[i], SIG_DFL);
        sigaddset(signals, awaited[i]);
    }
    sigprocmask(SIG_BLOCK, signals, before);
}

static bool write_report(const char *path, double seconds, uint64_t peak)
{
    FILE *report = fopen(path, "we");
    if (report == NULL)
        return false;
    fprintf(report, "%.6f %.6f %" PRIu64 "\n", seconds, processor_seconds(), peak);
    return fclose(report) == 0;
}

/* Returns the exit code to end with. */
static int measure(const char *report, char **command, bool with_memory)
{
    struct timespec began, ended;
    sigset_t signals, before;
    uint64_t peak = 0;
    block_signals(&signals, &before);
    prctl(PR_SET_CHILD_SUBREAPER, 1);

    clock_gettime(CLOCK_MONOTONIC, &began);
    pid_t pid = start(command, &before, getpid());
    if (pid < 0) {
        perror("measure: cannot fork");
        return 71;
    }
    int status = watch(pid, &signals, with_memory ? &peak : NULL);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    kill_ours();
    if (!write_report(report, seconds_between(&began, &ended), peak)) {
        fprintf(stderr, "measure: cannot write %s: %s\n", report, strerror(errno));
        return 73;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    bool with_memory = argc > 1 && strcmp(argv[1], "--memory") == 0;
    char **rest = argv + 1 + with_memory;
    if (argc - with_memory < 3) {
        fputs("usage: measure [--memory] REPORT COMMAND [ARGUMENT...]\n", stderr);
        return 64;
    }
    return measure(rest[0], rest + 1, with_memory);
}
