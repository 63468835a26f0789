/* A program that links libweir as others find it: a message goes through a queue, and a pipeline file is read. */
#include <stdio.h>
#include <string.h>

#include <weir/queue.h>
#include <weir/weir.h>

static const char file[] = "version: 1\n"
                           "name: nothing\n"
                           "stages: [{id: read, type: no.such}]\n";

int main(void)
{
    struct weir_err err;
    struct weir_errors errors = {0};
    struct weir_queue *queue;
    struct weir_pipeline *pipeline;
    char text[16];
    size_t length;
    if (weir_queue_create(&queue, 4, 1024, &err) < 0 ||
        weir_queue_put(queue, "hello", sizeof("hello"), WEIR_FOREVER) != 0 ||
        weir_queue_get(queue, text, sizeof(text), &length, WEIR_FOREVER) != 0)
        return 1;
    weir_queue_release(queue);
    if (weir_pipeline_parse("file", file, strlen(file), NULL, &pipeline, &errors) == 0)
        return 2;
    printf("%s %s: %s\n", weir_version(), text, errors.list[0].text);
    weir_errors_release(&errors);
    return 0;
}
