/*
 * harass.c - runs a program that has worker processes, and strikes these (or the program itself) at
 * random until it ends. Compiled and called by the scripts of this folder.
 *
 *     harass [OPTION]... REPORT PROGRAM [ARGUMENT]...
 *
 *     -s SEED          of the random numbers
 *     -b SIGNALS       what to strike workers with, as KILL,SEGV,STOP; after STOP comes CONT
 *     -n COUNT         at most so many blows (0)
 *     -i MICROSECONDS  the longest pause between two of them (4000)
 *     -p NAME          strikes only workers whose name contains NAME; !NAME: only the others
 *     -e SIGNALS       what to send to the program itself, each when the last one was read
 *     -a MICROSECONDS  after a random time up to so much (0: once it has workers)
 *     -f COUNT         stops so many workers before that, and does not continue them
 *     -g               sends to the program's whole process group
 *     -t               runs it in a terminal of its own, whose screen goes to standard output:
 *                      INT is Ctrl-C typed there, HUP closes it
 *     -w               strikes also before it has several workers
 *     -d SECONDS       a program that has not ended by then hangs (120)
 *     -l SECONDS       how long its processes may live on behind it (2)
 *
 * The program runs in a process group of its own. What it leaves behind becomes our child, since we
 * are a subreaper: so we see every process that outlives it. REPORT is lines for a shell:
 *
 *     ended=0 | SIGTERM | hang    elapsed_us=N    blows=N
 *     orphans=N                   processes that it left to others to reap
 *     left=N                      those of them that did not end by themselves
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIGNALS_MOST = 8, WORKERS_MOST = 512, STOPPED_MOST = 64, PAUSE_US = 1000 };

struct options {
    uint64_t seed;
    int blow[SIGNALS_MOST], end[SIGNALS_MOST];
    size_t blows, ends;
    unsigned long blows_most, blow_us, end_us, freeze, deadline_s, linger_s;
    const char *name;
    bool group, early, terminal;
};

struct stopped {
    pid_t pid;
    uint64_t until_us;
};

struct harass {
    const struct options *options;
    uint64_t random;
    pid_t program;
    int terminal;  /* the side of the keyboard; -1: none, or closed */
    bool answered; /* the program has said there what another Ctrl-C does */
    bool running;
    bool begun; /* it has several workers: what came before was a look at the input */
    int status;
    uint64_t began_us, next_blow_us, end_at_us;
    size_t ends_sent;
    unsigned long blows, orphans, left;
    struct stopped stopped[STOPPED_MOST];
    size_t stops;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    interrupted = number;
}

static uint64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* splitmix64, as in samples/gen_orders.c. */
static uint64_t next(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static uint64_t below(struct harass *harass, uint64_t limit)
{
    return limit == 0 ? 0 : next(&harass->random) % limit;
}

/* ---- the program's processes ---- */

/* Reads a small file of /proc as text. False if the process is gone. */
static bool read_proc(pid_t pid, const char *name, char *to, size_t room)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    size_t n = fread(to, 1, room - 1, file);
    fclose(file);
    to[n] = '\0';
    return n > 0;
}

static size_t children_of(pid_t pid, pid_t *to, size_t most)
{
    char name[64], text[WORKERS_MOST * 8];
    size_t n = 0;
    snprintf(name, sizeof(name), "task/%d/children", (int)pid);
    if (!read_proc(pid, name, text, sizeof(text)))
        return 0;
    for (char *at = strtok(text, " "); at != NULL && n < most; at = strtok(NULL, " "))
        to[n++] = (pid_t)atoi(at);
    return n;
}

static bool is_meant(const struct options *options, pid_t pid)
{
    char comm[64];
    const char *name = options->name;
    if (name == NULL)
        return true;
    if (!read_proc(pid, "comm", comm, sizeof(comm)))
        return false;
    /* A worker has no name of its own yet right after fork: it might be the one to be spared. */
    if (name[0] == '!')
        return strchr(comm, '[') != NULL && strstr(comm, name + 1) == NULL;
    return strstr(comm, name) != NULL;
}

/* A worker chosen at random, 0 if there is none. */
static pid_t pick_worker(struct harass *harass)
{
    pid_t worker[WORKERS_MOST];
    size_t n = 0, all = children_of(harass->program, worker, WORKERS_MOST);
    harass->begun = harass->begun || all > 1;
    if (!harass->begun && !harass->options->early)
        return 0;
    for (size_t i = 0; i < all; i++)
        if (is_meant(harass->options, worker[i]))
            worker[n++] = worker[i];
    return n == 0 ? 0 : worker[below(harass, n)];
}

/* ---- blows ---- */

static void continue_stopped(struct harass *harass, bool all)
{
    uint64_t now = now_us();
    for (size_t i = 0; i < harass->stops;) {
        if (!all && harass->stopped[i].until_us > now) {
            i++;
            continue;
        }
        kill(harass->stopped[i].pid, SIGCONT);
        harass->stopped[i] = harass->stopped[--harass->stops];
    }
}

static void strike(struct harass *harass)
{
    const struct options *options = harass->options;
    if (harass->blows >= options->blows_most || now_us() < harass->next_blow_us)
        return;
    pid_t worker = pick_worker(harass);
    int number = options->blow[below(harass, options->blows)];
    if (worker == 0 || (number == SIGSTOP && harass->stops == STOPPED_MOST))
        return;
    if (kill(worker, number) < 0)
        return;
    harass->blows++;
    uint64_t now = now_us();
    harass->next_blow_us = now + below(harass, options->blow_us) + 1;
    if (number == SIGSTOP)
        harass->stopped[harass->stops++] =
            (struct stopped){worker, now + below(harass, 10 * options->blow_us)};
}

/* ---- ending the program ---- */

/* Whether a signal that was sent to the program still waits to be read: a second one of its kind
 * would be lost. */
static bool is_pending(pid_t pid, int number)
{
    char status[4096];
    if (!read_proc(pid, "status", status, sizeof(status)))
        return false;
    const char *at = strstr(status, "ShdPnd:");
    return at != NULL && (strtoull(at + 7, NULL, 16) >> (number - 1) & 1) != 0;
}

/* A process that has its title is a worker; one that is stopped before it has asked to die with its
 * parent could not. */
static bool is_titled(pid_t pid)
{
    char comm[64];
    return read_proc(pid, "comm", comm, sizeof(comm)) && strchr(comm, '[') != NULL;
}

/* False if there is no worker to be stopped yet. */
static bool freeze(struct harass *harass)
{
    for (unsigned long i = 0; i < harass->options->freeze; i++) {
        pid_t worker = pick_worker(harass);
        if (worker == 0 || !is_titled(worker))
            return false;
        kill(worker, SIGSTOP);
    }
    return true;
}

static void send_signal(struct harass *harass, int number)
{
    if (harass->terminal >= 0 && number == SIGINT) {
        if (write(harass->terminal, "\003", 1) != 1)
            perror("harass: cannot type Ctrl-C");
    } else if (harass->terminal >= 0 && number == SIGHUP) {
        close(harass->terminal);
        harass->terminal = -1;
    } else {
        kill(harass->options->group ? -harass->program : harass->program, number);
    }
}

static void send_end(struct harass *harass)
{
    const struct options *options = harass->options;
    size_t sent = harass->ends_sent;
    bool waits = options->end_us == 0 && sent == 0 && pick_worker(harass) == 0;
    if (sent >= options->ends || now_us() < harass->end_at_us || waits)
        return;
    if (sent > 0 && is_pending(harass->program, options->end[sent - 1]))
        return;
    /* What is typed is a signal only later. */
    if (sent > 0 && harass->terminal >= 0 && !harass->answered)
        return;
    if (sent == 0 && !freeze(harass))
        return;
    send_signal(harass, options->end[sent]);
    harass->ends_sent++;
}

/* ---- watching ---- */

/* Reaps whatever has ended: the program, and what it has left behind. False once we have no
 * children. */
static bool reap(struct harass *harass)
{
    int status;
    for (;;) {
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid <= 0)
            return pid == 0 || errno == EINTR;
        if (pid == harass->program) {
            harass->status = status;
            harass->running = false;
        } else {
            harass->orphans++;
        }
    }
}

/* Tells what each process is doing. $WEIR_ON_HANG is called with their numbers. */
static void describe(const char *what, const pid_t *process, size_t n)
{
    static const char *const files[] = {"comm", "wchan", "syscall", "stat"};
    char text[1024], command[WORKERS_MOST * 8 + 256];
    const char *debugger = getenv("WEIR_ON_HANG");
    size_t used = (size_t)snprintf(command, 256, "%s", debugger == NULL ? ":" : debugger);
    fprintf(stderr, "harass: %s:\n", what);
    for (size_t i = 0; i < n; i++) {
        fprintf(stderr, "  %d", (int)process[i]);
        for (size_t f = 0; f < sizeof(files) / sizeof(files[0]); f++)
            if (read_proc(process[i], files[f], text, sizeof(text)))
                fprintf(stderr, " | %.*s", (int)strcspn(text, "\n"), text);
        fprintf(stderr, "\n");
        used += (size_t)snprintf(command + used, sizeof(command) - used, " %d", (int)process[i]);
    }
    if (system(command) != 0)
        fprintf(stderr, "harass: '%s' failed\n", command);
}

static void describe_hang(const struct harass *harass)
{
    pid_t process[WORKERS_MOST] = {harass->program};
    size_t n = 1 + children_of(harass->program, process + 1, WORKERS_MOST - 1);
    describe("the program has not ended", process, n);
}

static void kill_everything(struct harass *harass)
{
    pid_t process[WORKERS_MOST];
    if (harass->running)
        kill(-harass->program, SIGKILL);
    do {
        size_t n = children_of(getpid(), process, WORKERS_MOST);
        for (size_t i = 0; i < n; i++)
            kill(process[i], SIGKILL);
        usleep(PAUSE_US);
    } while (reap(harass));
}

/* What the terminal shows goes to our standard output. */
static void show_screen(struct harass *harass)
{
    char text[4096];
    ssize_t n;
    while (harass->terminal >= 0 && (n = read(harass->terminal, text, sizeof(text))) > 0) {
        harass->answered = harass->answered || memmem(text, (size_t)n, "again", 5) != NULL;
        if (write(STDOUT_FILENO, text, (size_t)n) != n)
            return;
    }
}

/* Until the program has ended. False if it hangs. */
static bool watch(struct harass *harass)
{
    uint64_t deadline = harass->began_us + harass->options->deadline_s * 1000000;
    while (reap(harass) && harass->running) {
        if (interrupted != 0 || now_us() > deadline)
            return false;
        strike(harass);
        continue_stopped(harass, false);
        send_end(harass);
        show_screen(harass);
        usleep((useconds_t)(harass->options->blow_us < PAUSE_US ? harass->options->blow_us
                                                                : PAUSE_US));
    }
    show_screen(harass);
    return true;
}

/* What lives on behind the program must end by itself. */
static void watch_leftovers(struct harass *harass)
{
    pid_t process[WORKERS_MOST];
    uint64_t deadline = now_us() + harass->options->linger_s * 1000000;
    while (reap(harass)) {
        if (now_us() > deadline) {
            harass->left = children_of(getpid(), process, WORKERS_MOST);
            describe("outlived the program", process, harass->left);
            return;
        }
        continue_stopped(harass, false);
        usleep(PAUSE_US);
    }
}

/* What the program would have if a person had started it; a shell ignores SIGINT for what it starts
 * behind itself. Signals are blocked until then: one that comes early must not end up in our
 * handler. */
static void plain_signals(const sigset_t *mask)
{
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigprocmask(SIG_SETMASK, mask, NULL);
}

static int open_terminal(void)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (terminal < 0 || grantpt(terminal) < 0 || unlockpt(terminal) < 0) {
        perror("harass: cannot open a terminal");
        exit(71);
    }
    return terminal;
}

/* In the program's process: a session of its own, with that terminal. */
static void enter_terminal(int terminal)
{
    setsid();
    int screen = open(ptsname(terminal), O_RDWR); /* becomes the session's */
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        dup2(screen, fd);
    close(screen);
}

static void start(struct harass *harass, char **argv)
{
    sigset_t all, old;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &old);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    harass->began_us = now_us();
    harass->end_at_us = harass->began_us + below(harass, harass->options->end_us);
    harass->terminal = harass->options->terminal ? open_terminal() : -1;
    harass->program = fork();
    if (harass->program < 0) {
        perror("harass: cannot fork");
        exit(71);
    }
    if (harass->program == 0) {
        if (harass->terminal >= 0)
            enter_terminal(harass->terminal);
        else
            setpgid(0, 0);
        plain_signals(&old);
        execv(argv[0], argv);
        perror(argv[0]);
        _exit(127);
    }
    if (harass->terminal < 0)
        setpgid(harass->program, harass->program);
    sigprocmask(SIG_SETMASK, &old, NULL);
    harass->running = true;
}

static bool report(const struct harass *harass, const char *path, bool ended, uint64_t elapsed_us)
{
    FILE *to = fopen(path, "we");
    if (to == NULL)
        return false;
    if (!ended)
        fprintf(to, "ended=hang\n");
    else if (WIFSIGNALED(harass->status))
        fprintf(to, "ended=SIG%s\n", sigabbrev_np(WTERMSIG(harass->status)));
    else
        fprintf(to, "ended=%d\n", WEXITSTATUS(harass->status));
    fprintf(to, "elapsed_us=%llu\nblows=%lu\norphans=%lu\nleft=%lu\n",
            (unsigned long long)elapsed_us, harass->blows, harass->orphans, harass->left);
    return fclose(to) == 0;
}

/* ---- arguments ---- */

static int signal_number(const char *name)
{
    for (int number = 1; number < NSIG; number++) {
        const char *abbreviation = sigabbrev_np(number);
        if (abbreviation != NULL && strcmp(abbreviation, name) == 0)
            return number;
    }
    fprintf(stderr, "harass: no signal is called '%s'\n", name);
    exit(64);
}

static size_t read_signals(char *list, int *to)
{
    size_t n = 0;
    for (char *at = strtok(list, ","); at != NULL && n < SIGNALS_MOST; at = strtok(NULL, ","))
        to[n++] = signal_number(at);
    return n;
}

static void read_options(int argc, char **argv, struct options *options)
{
    int option;
    while ((option = getopt(argc, argv, "+s:b:n:i:p:e:a:f:gtwd:l:")) != -1) {
        switch (option) {
        case 's': options->seed = strtoull(optarg, NULL, 10); break;
        case 'b': options->blows = read_signals(optarg, options->blow); break;
        case 'n': options->blows_most = strtoul(optarg, NULL, 10); break;
        case 'i': options->blow_us = strtoul(optarg, NULL, 10); break;
        case 'p': options->name = optarg; break;
        case 'e': options->ends = read_signals(optarg, options->end); break;
        case 'a': options->end_us = strtoul(optarg, NULL, 10); break;
        case 'f': options->freeze = strtoul(optarg, NULL, 10); break;
        case 'g': options->group = true; break;
        case 't': options->terminal = true; break;
        case 'w': options->early = true; break;
        case 'd': options->deadline_s = strtoul(optarg, NULL, 10); break;
        case 'l': options->linger_s = strtoul(optarg, NULL, 10); break;
        default: exit(64);
        }
    }
    if (argc - optind < 2 || (options->blows == 0 && options->blows_most > 0)) {
        fprintf(stderr, "usage: harass [OPTION]... REPORT PROGRAM [ARGUMENT]...\n");
        exit(64);
    }
}

int main(int argc, char **argv)
{
    struct options options = {.blow_us = 4000, .deadline_s = 120, .linger_s = 2};
    read_options(argc, argv, &options);
    struct harass harass = {.options = &options, .random = options.seed};
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    start(&harass, argv + optind + 1);
    bool ended = watch(&harass);
    uint64_t elapsed_us = now_us() - harass.began_us;
    if (!ended && interrupted == 0)
        describe_hang(&harass);
    if (ended)
        watch_leftovers(&harass);
    else
        continue_stopped(&harass, true);
    kill_everything(&harass);
    if (!report(&harass, argv[optind], ended, elapsed_us)) {
        perror(argv[optind]);
        return 74;
    }
    return interrupted != 0 ? 130 : 0;
}
