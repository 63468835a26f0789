// boost PRODUCERS CONSUMERS BYTES MESSAGES: so many messages of so many bytes through one
// Boost.Interprocess message_queue of as many as weir_queue gets.
#include <boost/interprocess/ipc/message_queue.hpp>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using boost::interprocess::message_queue;

static double now()
{
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

static void send_all(message_queue &queue, size_t messages, size_t bytes)
{
    std::vector<char> message(bytes, 7);
    for (size_t i = 0; i < messages; i++)
        queue.send(message.data(), bytes, 0);
}

static void receive_all(message_queue &queue, size_t messages, size_t bytes)
{
    std::vector<char> message(bytes);
    message_queue::size_type received;
    unsigned priority;
    for (size_t i = 0; i < messages; i++)
        queue.receive(message.data(), bytes, received, priority);
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 64;
    size_t producers = strtoul(argv[1], nullptr, 10), consumers = strtoul(argv[2], nullptr, 10);
    size_t bytes = strtoul(argv[3], nullptr, 10), messages = strtoul(argv[4], nullptr, 10);
    size_t room = bytes * 1024 < 1 << 24 ? 1024 : (1 << 24) / bytes;
    messages -= messages % (producers * consumers);
    std::string name = "weir-bench-" + std::to_string(getpid());
    message_queue queue(boost::interprocess::create_only, name.c_str(), room, bytes);
    message_queue::remove(name.c_str());
    double began = now();
    for (size_t i = 0; i < producers; i++)
        if (fork() == 0) {
            send_all(queue, messages / producers, bytes);
            _exit(0);
        }
    for (size_t i = 0; i < consumers; i++)
        if (fork() == 0) {
            receive_all(queue, messages / consumers, bytes);
            _exit(0);
        }
    int status, failed = 0;
    while (wait(&status) > 0)
        failed |= status;
    double seconds = now() - began;
    printf("boost      %zuP%zuC %zu B: %.0f messages/s, %.1f MB/s%s\n", producers, consumers, bytes,
           static_cast<double>(messages) / seconds,
           static_cast<double>(messages) * static_cast<double>(bytes) / seconds / 1e6,
           failed ? " FAILED" : "");
    return failed ? 1 : 0;
}
