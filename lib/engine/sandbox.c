/*
 * Landlock (https://docs.kernel.org/userspace-api/landlock.html) closes the file system, and
 * seccomp (seccomp(2)) closes system calls. Each stands for the other where only one is there.
 */
#include "engine/sandbox.h"

#include <weir/stage.h>

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *weir__sandbox_name(uint32_t sandbox)
{
    switch (sandbox) {
    case WEIR_SANDBOX_FILES: return "files";
    case WEIR_SANDBOX_NETWORK: return "network";
    case WEIR_SANDBOX_STRICT: return "strict";
    default: return "none";
    }
}

/* ---- Landlock ---- */

/* Bits of handled_access_fs; Debian 12's header does not have the last. */
enum {
    FIRST_VERSION = LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1,
    READING = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
    TRUNCATE = 1 << 14
};

static int landlock_version(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version < 0 ? 0 : (int)version;
}

/* All that is handled is closed, since no rule opens any of it. */
static int close_files(bool reading, int version)
{
    struct landlock_ruleset_attr handled = {.handled_access_fs = FIRST_VERSION};
    if (version >= 2)
        handled.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3)
        handled.handled_access_fs |= TRUNCATE;
    if (!reading)
        handled.handled_access_fs &= ~(uint64_t)READING;
    int fd = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);
    if (fd < 0)
        return -1;
    int rc = (int)syscall(SYS_landlock_restrict_self, fd, 0);
    close(fd);
    return rc;
}

/* ---- seccomp ---- */

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif /* for another one its number has to be found: it does not compile */
#define OTHER_CALLS 0x40000000u /* x86-64 knows them all by a second number */
#define REFUSE      (SECCOMP_RET_ERRNO | EPERM)

/* What is left in a strict one: memory, time, and descriptors that are open. */
static const int left[] = {SYS_brk,
                           SYS_clock_gettime,
                           SYS_clock_nanosleep,
                           SYS_close,
                           SYS_exit,
                           SYS_exit_group,
                           SYS_fallocate,
                           SYS_fdatasync,
                           SYS_fstat,
                           SYS_fsync,
                           SYS_ftruncate,
                           SYS_futex,
                           SYS_getpid,
                           SYS_getppid,
                           SYS_getrandom,
                           SYS_getrusage,
                           SYS_gettid,
                           SYS_gettimeofday,
                           SYS_lseek,
                           SYS_madvise,
                           SYS_mmap,
                           SYS_mprotect,
                           SYS_mremap,
                           SYS_munmap,
                           SYS_nanosleep,
                           SYS_newfstatat,
                           SYS_pread64,
                           SYS_pwrite64,
                           SYS_read,
                           SYS_readv,
                           SYS_restart_syscall,
                           SYS_rt_sigaction,
                           SYS_rt_sigprocmask,
                           SYS_rt_sigreturn,
                           SYS_sched_yield,
                           SYS_sigaltstack,
                           SYS_sysinfo,
                           SYS_write,
                           SYS_writev};

/* What no sandbox leaves: programs, other processes, and doors around this filter. */
static const int shut[] = {SYS_add_key,
                           SYS_bpf,
                           SYS_execve,
                           SYS_execveat,
                           SYS_io_uring_setup,
                           SYS_keyctl,
                           SYS_perf_event_open,
                           SYS_pidfd_getfd,
                           SYS_pidfd_send_signal,
                           SYS_process_vm_readv,
                           SYS_process_vm_writev,
                           SYS_ptrace,
                           SYS_request_key,
                           SYS_rt_sigqueueinfo,
                           SYS_rt_tgsigqueueinfo,
                           SYS_setns,
                           SYS_tkill,
                           SYS_unshare,
                           SYS_userfaultfd};

struct filter {
    struct sock_filter step[16 + 2 * (COUNT(left) + COUNT(shut))];
    unsigned short steps;
};

static void add(struct filter *filter, uint16_t code, size_t value, uint8_t then, uint8_t other)
{
    filter->step[filter->steps++] = (struct sock_filter){code, then, other, (uint32_t)value};
}

static void load(struct filter *filter, size_t offset)
{
    add(filter, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

/* Goes on so many steps further down. */
static void branch(struct filter *filter, size_t value, uint8_t then, uint8_t other)
{
    add(filter, BPF_JMP | BPF_JEQ | BPF_K, value, then, other);
}

static void answer(struct filter *filter, uint32_t verdict)
{
    add(filter, BPF_RET | BPF_K, verdict, 0, 0);
}

static void answer_to(struct filter *filter, const int *call, size_t calls, uint32_t verdict)
{
    for (size_t i = 0; i < calls; i++) {
        branch(filter, (size_t)call[i], 0, 1);
        answer(filter, verdict);
    }
}

static void make_filter(struct filter *filter, uint32_t sandbox)
{
    static const int network[] = {SYS_socket};
    bool strict = sandbox == WEIR_SANDBOX_STRICT;
    load(filter, offsetof(struct seccomp_data, arch));
    branch(filter, ARCHITECTURE, 1, 0);
    answer(filter, SECCOMP_RET_KILL_PROCESS);
    load(filter, offsetof(struct seccomp_data, nr));
    add(filter, BPF_JMP | BPF_JGE | BPF_K, OTHER_CALLS, 0, 1);
    answer(filter, REFUSE);
    if (strict)
        answer_to(filter, left, COUNT(left), SECCOMP_RET_ALLOW);
    else
        answer_to(filter, shut, COUNT(shut), REFUSE);
    if (sandbox == WEIR_SANDBOX_FILES)
        answer_to(filter, network, COUNT(network), REFUSE);
    /* Signals to itself: abort() is one. */
    branch(filter, SYS_kill, 1, 0);
    branch(filter, SYS_tgkill, 0, 4);
    load(filter, offsetof(struct seccomp_data, args[0]));
    branch(filter, (size_t)getpid(), 0, 1);
    answer(filter, SECCOMP_RET_ALLOW);
    answer(filter, REFUSE);
    answer(filter, strict ? REFUSE : SECCOMP_RET_ALLOW);
}

static bool has_seccomp(void)
{
    uint32_t action = SECCOMP_RET_ERRNO;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

/* Without SPEC_ALLOW kernels before 5.16 would make all loads of the worker slow. */
static int close_calls(uint32_t sandbox)
{
    struct filter filter = {.steps = 0};
    make_filter(&filter, sandbox);
    struct sock_fprog program = {filter.steps, filter.step};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW,
                        &program);
}

/* ---- both ---- */

const char *weir__sandbox_gap(void)
{
    bool seccomp = has_seccomp(), landlock = landlock_version() > 0;
    if (!seccomp && !landlock)
        return "has neither seccomp nor Landlock: workers are in no sandbox";
    if (!seccomp)
        return "has no seccomp: sandboxes close files, and nothing else";
    if (!landlock)
        return "has no Landlock: a worker in the sandbox 'network' can write files";
    return NULL;
}

int weir__sandbox_enter(uint32_t sandbox, struct weir_err *err)
{
    int version = (sandbox & WEIR_SANDBOX_NETWORK) != 0 ? landlock_version() : 0;
    if (version > 0 && close_files(sandbox == WEIR_SANDBOX_STRICT, version) < 0)
        return weir_err_errno(err, WEIR_EOS, "cannot close the file system to a worker");
    if (sandbox != 0 && has_seccomp() && close_calls(sandbox) < 0)
        return weir_err_errno(err, WEIR_EOS, "cannot close system calls to a worker");
    return 0;
}
