#include <weir/shared.h>

/* What an array's memory begins with. */
struct array_head {
    uint64_t magic;
    uint64_t count;
    uint32_t type;
    struct weir_lock lock;
    _Alignas(64) char data[];
};

#define ARRAY_MAGIC 0x3179617272615757u /* "WWarray1" */

static const size_t sizes[] = {
#define WEIR_ARRAY_TYPE(name, type) [WEIR_ARRAY_##name] = sizeof(type),
    WEIR_ARRAY_TYPES(WEIR_ARRAY_TYPE)
#undef WEIR_ARRAY_TYPE
};

static void show(struct weir_array *ret, const struct weir_shared *memory)
{
    struct array_head *head = memory->base;
    *ret = (struct weir_array){
        .memory = *memory, .lock = &head->lock, .data = head->data, .count = head->count};
}

int weir_array_create(struct weir_array *ret, enum weir_array_type type, size_t count,
                      struct weir_err *err)
{
    struct weir_shared memory;
    if (count == 0 || count > (SIZE_MAX - sizeof(struct array_head)) / sizes[type])
        return weir_err_set(err, WEIR_EUSAGE, "an array cannot have %zu elements", count);
    int code = weir_shared_create(&memory, NULL, sizeof(struct array_head) + count * sizes[type],
                                  false, err);
    if (code < 0)
        return code;
    struct array_head *head = memory.base;
    head->count = count;
    head->type = type;
    weir_lock_init(&head->lock);
    head->magic = ARRAY_MAGIC;
    show(ret, &memory);
    return 0;
}

int weir_array_attach_fd(struct weir_array *ret, enum weir_array_type type, int fd,
                         struct weir_err *err)
{
    struct weir_shared memory;
    int code = weir_shared_attach_fd(&memory, fd, err);
    if (code < 0)
        return code;
    const struct array_head *head = memory.base;
    if (memory.bytes < sizeof(*head) || head->magic != ARRAY_MAGIC || head->type != type ||
        head->count != (memory.bytes - sizeof(*head)) / sizes[type]) {
        weir_shared_close(&memory);
        return weir_err_set(err, WEIR_EUSAGE, "descriptor %d is not that of such an array", fd);
    }
    show(ret, &memory);
    return 0;
}

void weir_array_close(struct weir_array *array)
{
    weir_shared_close(&array->memory);
    *array = (struct weir_array){.memory.fd = -1};
}
