/* A program that links libweir as others find it: a message goes through a queue. */
#include <stdio.h>

#include <weir/queue.h>
#include <weir/weir.h>

int main(void)
{
    struct weir_err err;
    struct weir_queue *queue;
    char text[16];
    size_t length;
    if (weir_queue_create(&queue, 4, 1024, &err) < 0 ||
        weir_queue_put(queue, "hello", sizeof("hello"), WEIR_FOREVER) != 0 ||
        weir_queue_get(queue, text, sizeof(text), &length, WEIR_FOREVER) != 0)
        return 1;
    weir_queue_release(queue);
    printf("%s %s\n", weir_version(), text);
    return 0;
}
