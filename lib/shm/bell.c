#include "shm/bell.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* base */
#include "base/clock.h"

/* The kernel's second word, which it may wake as well, is the same one: none is left there. */
static void change_and_wake(uint32_t *bell, unsigned operation, unsigned operand, int sleepers)
{
    unsigned encoded = FUTEX_OP(operation, operand, FUTEX_OP_CMP_EQ, 0);
    syscall(SYS_futex, bell, FUTEX_WAKE_OP, sleepers, NULL, bell, encoded);
}

void weir__bell_add_and_wake(uint32_t *bell, uint32_t add, int sleepers)
{
    change_and_wake(bell, FUTEX_OP_ADD, add, sleepers);
}

void weir__bell_set_and_wake(uint32_t *bell, uint32_t bit)
{
    change_and_wake(bell, FUTEX_OP_OR, bit, BELL_ALL);
}

static struct timespec moment(uint64_t deadline_ns)
{
    return (struct timespec){.tv_sec = (time_t)(deadline_ns / 1000000000),
                             .tv_nsec = (long)(deadline_ns % 1000000000)};
}

bool weir__bell_sleep(uint32_t *bell, uint32_t value, uint64_t deadline_ns)
{
    struct timespec until = moment(deadline_ns);
    long slept = syscall(SYS_futex, bell, FUTEX_WAIT_BITSET, value,
                         deadline_ns == CLOCK_NEVER ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);
    return slept == 0 || errno != ETIMEDOUT;
}

bool weir__bell_sleep_any(const struct bell_value *bells, unsigned count, uint64_t deadline_ns)
{
    struct futex_waitv list[BELLS_AT_ONCE] = {{0}};
    struct timespec until = moment(deadline_ns);
    for (unsigned i = 0; i < count; i++)
        list[i] = (struct futex_waitv){
            .val = bells[i].value, .uaddr = (uintptr_t)bells[i].bell, .flags = FUTEX_32};
    long slept = syscall(SYS_futex_waitv, list, count, 0,
                         deadline_ns == CLOCK_NEVER ? NULL : &until, CLOCK_MONOTONIC);
    if (slept >= 0 || errno == EAGAIN || errno == EINTR)
        return true;
    if (errno == ETIMEDOUT)
        return false;
    uint64_t soon = weir__deadline_ns(100);
    if (soon < deadline_ns)
        return weir__bell_sleep(bells[0].bell, bells[0].value, soon), true;
    return weir__bell_sleep(bells[0].bell, bells[0].value, deadline_ns);
}
