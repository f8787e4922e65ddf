// What Glibc's Swift module hides: datagram batches, epoll, eventfd, thread names.
// Its structs are its own: a module header that defined _GNU_SOURCE would give libc's structs two definitions.
#ifndef CPLATFORM_H
#define CPLATFORM_H

#include <stddef.h>
#include <stdint.h>

// MARK: Datagrams

// An IPv4 or IPv6 endpoint as the kernel writes it (struct sockaddr_in or sockaddr_in6).
struct cp_endpoint {
    uint8_t bytes[28];
    uint32_t length;
};

// The address a datagram was sent to, so that its answer leaves from there. family 0: unknown.
struct cp_local {
    uint8_t address[16];
    uint32_t interface_index;
    uint16_t family;
};

// A fixed set of receive buffers for one socket and one thread.
typedef struct cp_batch cp_batch;

cp_batch *cp_batch_create(uint32_t slots, uint32_t capacity);
void cp_batch_destroy(cp_batch *batch);
// Receives what waits, up to the number of slots; never blocks. Returns the count, 0 when nothing waits, -errno on error.
int cp_batch_receive(cp_batch *batch, int fd);
uint8_t *cp_batch_bytes(cp_batch *batch, uint32_t slot);
// The datagram's length; larger than the slot's capacity where it was cut.
uint32_t cp_batch_length(cp_batch *batch, uint32_t slot);
const struct cp_endpoint *cp_batch_source(cp_batch *batch, uint32_t slot);
const struct cp_local *cp_batch_local(cp_batch *batch, uint32_t slot);
// When the kernel took the datagram in, nanoseconds since 1970; 0 where it does not say.
int64_t cp_batch_arrival(const cp_batch *batch, uint32_t slot);
// The kernel's count of datagrams dropped on this socket because its buffer was full (SO_RXQ_OVFL), as last seen.
uint32_t cp_batch_kernel_drops(const cp_batch *batch);

// One datagram to send.
struct cp_outgoing {
    const uint8_t *bytes;
    uint32_t length;
    struct cp_endpoint destination;
    struct cp_local local;
};

// Sends up to count datagrams in as few calls as possible; returns how many the kernel took.
int cp_send_batch(int fd, const struct cp_outgoing *items, uint32_t count);

// Opens a bound UDP socket: nonblocking, SO_REUSEPORT, packet info, drop counter, times of arrival, the asked receive
// buffer.
// *port is the wanted port (0: any that nobody has) and becomes the bound one. Returns the fd or -errno.
int cp_udp_open(const char *address, uint16_t *port, int receive_buffer);
// The receive buffer that the kernel granted, as set (half of what getsockopt tells).
int cp_socket_receive_buffer(int fd);

// MARK: Readiness

int cp_epoll_create(void);
// Interest: the sum of 1 readable, 2 writable, 4 the peer has stopped sending. Level-triggered. operation: 1 add, 2 modify, 3 remove.
int cp_epoll_control(int epoll, int operation, int fd, uint32_t interest, uint64_t token);
// Fills tokens and events (1 readable, 2 writable, 4 error or hang-up, 8 the peer has stopped sending); returns the count or -errno (EINTR gives 0).
int cp_epoll_wait(int epoll, uint64_t *tokens, uint32_t *events, int capacity, int timeout_milliseconds);
int cp_eventfd_create(void);
void cp_eventfd_signal(int fd);
void cp_eventfd_drain(int fd);

// MARK: Threads, files, process

void cp_thread_name(const char *name);
int cp_accept(int listener);
// Allocates the file's blocks so that a later write inside them cannot find the disk full. Returns 0 or errno.
int cp_file_preallocate(int fd, int64_t length);
uint64_t cp_monotonic_nanoseconds(void);
int64_t cp_realtime_microseconds(void);
uint64_t cp_resident_bytes(void);
int cp_random_bytes(void *bytes, size_t count);
// CRC-32C (Castagnoli) of the bytes, continued from seed (0 to begin). Uses the processor's instruction where it has one.
uint32_t cp_crc32c(uint32_t seed, const void *bytes, size_t count);

#endif
