#define _GNU_SOURCE
#include "cplatform.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONTROL_BYTES 128
#define SEND_CHUNK 64

struct cp_batch {
    uint32_t slots, capacity, kernel_drops, used;
    struct mmsghdr *headers;
    struct iovec *vectors;
    struct cp_endpoint *sources;
    struct cp_local *locals;
    int64_t *arrivals;
    uint8_t *controls;
    uint8_t *buffers;
};

_Static_assert(sizeof(struct sockaddr_in6) <= 28, "an endpoint holds either address family");

cp_batch *cp_batch_create(uint32_t slots, uint32_t capacity) {
    cp_batch *b = calloc(1, sizeof *b);
    if (!b) return NULL;
    b->slots = slots;
    b->capacity = capacity;
    b->used = slots;
    b->headers = calloc(slots, sizeof *b->headers);
    b->vectors = calloc(slots, sizeof *b->vectors);
    b->sources = calloc(slots, sizeof *b->sources);
    b->locals = calloc(slots, sizeof *b->locals);
    b->arrivals = calloc(slots, sizeof *b->arrivals);
    b->controls = calloc(slots, CONTROL_BYTES);
    b->buffers = calloc(slots, capacity);
    if (!b->headers || !b->vectors || !b->sources || !b->locals || !b->arrivals || !b->controls || !b->buffers) {
        cp_batch_destroy(b);
        return NULL;
    }
    return b;
}

void cp_batch_destroy(cp_batch *b) {
    if (!b) return;
    free(b->headers);
    free(b->vectors);
    free(b->sources);
    free(b->locals);
    free(b->arrivals);
    free(b->controls);
    free(b->buffers);
    free(b);
}

// Reads the packet info, the time and the drop counter that the kernel attached to one datagram.
static void read_control(cp_batch *b, uint32_t i) {
    struct msghdr *m = &b->headers[i].msg_hdr;
    struct cp_local *local = &b->locals[i];
    local->family = 0;
    b->arrivals[i] = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            local->family = AF_INET;
            local->interface_index = (uint32_t)info.ipi_ifindex;
            memcpy(local->address, &info.ipi_spec_dst, 4);
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            local->family = AF_INET6;
            local->interface_index = info.ipi6_ifindex;
            memcpy(local->address, &info.ipi6_addr, 16);
        } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec at;
            memcpy(&at, CMSG_DATA(c), sizeof at);
            b->arrivals[i] = (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
        } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
            memcpy(&b->kernel_drops, CMSG_DATA(c), sizeof b->kernel_drops);
        }
    }
}

int cp_batch_receive(cp_batch *b, int fd) {
    // The kernel shrinks the lengths of those it fills; a stale one would cut addresses and control data.
    for (uint32_t i = 0; i < b->used; i++) {
        b->vectors[i] = (struct iovec){.iov_base = b->buffers + (size_t)i * b->capacity, .iov_len = b->capacity};
        b->headers[i].msg_hdr = (struct msghdr){
            .msg_name = b->sources[i].bytes,
            .msg_namelen = sizeof b->sources[i].bytes,
            .msg_iov = &b->vectors[i],
            .msg_iovlen = 1,
            .msg_control = b->controls + (size_t)i * CONTROL_BYTES,
            .msg_controllen = CONTROL_BYTES,
        };
    }
    int n = recvmmsg(fd, b->headers, b->slots, MSG_DONTWAIT | MSG_TRUNC, NULL);
    int failed = errno;
    b->used = n < 0 ? 1 : (uint32_t)n < b->slots ? (uint32_t)n + 1 : b->slots;
    if (n < 0) return failed == EAGAIN || failed == EINTR ? 0 : -failed;
    for (int i = 0; i < n; i++) {
        b->sources[i].length = b->headers[i].msg_hdr.msg_namelen;
        read_control(b, (uint32_t)i);
    }
    return n;
}

uint8_t *cp_batch_bytes(cp_batch *b, uint32_t slot) { return b->buffers + (size_t)slot * b->capacity; }
uint32_t cp_batch_length(cp_batch *b, uint32_t slot) { return b->headers[slot].msg_len; }
const struct cp_endpoint *cp_batch_source(cp_batch *b, uint32_t slot) { return &b->sources[slot]; }
const struct cp_local *cp_batch_local(cp_batch *b, uint32_t slot) { return &b->locals[slot]; }
int64_t cp_batch_arrival(const cp_batch *b, uint32_t slot) { return b->arrivals[slot]; }
uint32_t cp_batch_kernel_drops(const cp_batch *b) { return b->kernel_drops; }

int cp_send_batch(int fd, const struct cp_outgoing *items, uint32_t count) {
    struct mmsghdr headers[SEND_CHUNK];
    struct iovec vectors[SEND_CHUNK];
    _Alignas(struct cmsghdr) uint8_t controls[SEND_CHUNK][CMSG_SPACE(sizeof(struct in6_pktinfo))];
    uint32_t sent = 0;
    while (sent < count) {
        uint32_t n = count - sent < SEND_CHUNK ? count - sent : SEND_CHUNK;
        memset(headers, 0, n * sizeof headers[0]);
        for (uint32_t i = 0; i < n; i++) {
            const struct cp_outgoing *o = &items[sent + i];
            vectors[i] = (struct iovec){.iov_base = (void *)(uintptr_t)o->bytes, .iov_len = o->length};
            struct msghdr *m = &headers[i].msg_hdr;
            m->msg_name = (void *)(uintptr_t)o->destination.bytes;
            m->msg_namelen = o->destination.length;
            m->msg_iov = &vectors[i];
            m->msg_iovlen = 1;
            if (!o->local.family) continue;
            m->msg_control = controls[i];
            struct cmsghdr *c = (struct cmsghdr *)(void *)controls[i];
            if (o->local.family == AF_INET) {
                struct in_pktinfo info = {0};
                memcpy(&info.ipi_spec_dst, o->local.address, 4);
                c->cmsg_level = IPPROTO_IP;
                c->cmsg_type = IP_PKTINFO;
                c->cmsg_len = CMSG_LEN(sizeof info);
                memcpy(CMSG_DATA(c), &info, sizeof info);
                m->msg_controllen = CMSG_SPACE(sizeof info);
            } else {
                struct in6_pktinfo info = {0};
                memcpy(&info.ipi6_addr, o->local.address, 16);
                // Only a link-local answer needs its interface; elsewhere routing decides.
                if (o->local.address[0] == 0xfe && (o->local.address[1] & 0xc0) == 0x80)
                    info.ipi6_ifindex = o->local.interface_index;
                c->cmsg_level = IPPROTO_IPV6;
                c->cmsg_type = IPV6_PKTINFO;
                c->cmsg_len = CMSG_LEN(sizeof info);
                memcpy(CMSG_DATA(c), &info, sizeof info);
                m->msg_controllen = CMSG_SPACE(sizeof info);
            }
        }
        int taken = sendmmsg(fd, headers, n, MSG_NOSIGNAL);
        if (taken > 0) {
            sent += (uint32_t)taken;
        } else if (errno != EINTR) {
            // The first datagram of the chunk was refused (unreachable, no buffers): skip it, its sender asks again.
            sent += 1;
            if (errno == EAGAIN || errno == ENOBUFS) return (int)sent - 1;
        }
    }
    return (int)sent;
}

int cp_socket_receive_buffer(int fd) {
    int value = 0;
    socklen_t n = sizeof value;
    getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, &n);
    return value / 2;
}

int cp_udp_open(const char *address, uint16_t *port, int receive_buffer) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST | AI_PASSIVE};
    struct addrinfo *found = NULL;
    char service[8];
    snprintf(service, sizeof service, "%u", *port);
    if (getaddrinfo(address, service, &hints, &found) != 0) return -EINVAL;
    int family = found->ai_family;
    int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        freeaddrinfo(found);
        return -errno;
    }
    int on = 1, off = 0;
    // A port that the kernel chooses is shared only afterwards, or it might choose one that a stranger shares.
    int is_chosen = *port == 0;
    if (!is_chosen) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    if (family == AF_INET6) {
        // [::] serves IPv4 too; mapped addresses are unmapped where they are read.
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
        setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
    } else {
        setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
    }
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof receive_buffer) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    int failed = bind(fd, found->ai_addr, found->ai_addrlen) == 0 ? 0 : errno;
    freeaddrinfo(found);
    if (failed) {
        close(fd);
        return -failed;
    }
    if (is_chosen) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    struct sockaddr_in6 bound;
    socklen_t n = sizeof bound;
    getsockname(fd, (struct sockaddr *)&bound, &n);
    *port = ntohs(bound.sin6_port);
    return fd;
}

int cp_epoll_create(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int cp_epoll_control(int epoll, int operation, int fd, uint32_t interest, uint64_t token) {
    struct epoll_event event = {.data.u64 = token};
    if (interest & 1) event.events |= EPOLLIN;
    if (interest & 2) event.events |= EPOLLOUT;
    if (interest & 4) event.events |= EPOLLRDHUP;
    int op = operation == 1 ? EPOLL_CTL_ADD : operation == 2 ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;
    return epoll_ctl(epoll, op, fd, &event) == 0 ? 0 : -errno;
}

int cp_epoll_wait(int epoll, uint64_t *tokens, uint32_t *events, int capacity, int timeout_milliseconds) {
    struct epoll_event ready[64];
    int n = epoll_wait(epoll, ready, capacity < 64 ? capacity : 64, timeout_milliseconds);
    if (n < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < n; i++) {
        tokens[i] = ready[i].data.u64;
        events[i] = (ready[i].events & EPOLLIN ? 1u : 0) | (ready[i].events & EPOLLOUT ? 2u : 0) |
                    (ready[i].events & (EPOLLERR | EPOLLHUP) ? 4u : 0) | (ready[i].events & EPOLLRDHUP ? 8u : 0);
    }
    return n;
}

int cp_eventfd_create(void) {
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

void cp_eventfd_signal(int fd) {
    uint64_t one = 1;
    ssize_t written = write(fd, &one, sizeof one);
    (void)written;  // EAGAIN means that the counter is full: the reader is awake already.
}

void cp_eventfd_drain(int fd) {
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof count);
    (void)got;
}

void cp_thread_name(const char *name) {
    char cut[16];
    snprintf(cut, sizeof cut, "%s", name);
    pthread_setname_np(pthread_self(), cut);
}

int cp_accept(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int cp_file_preallocate(int fd, int64_t length) { return posix_fallocate(fd, 0, length); }

uint64_t cp_monotonic_nanoseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int64_t cp_realtime_microseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

uint64_t cp_resident_bytes(void) {
    FILE *f = fopen("/proc/self/statm", "re");
    unsigned long long total = 0, resident = 0;
    if (!f) return 0;
    int read = fscanf(f, "%llu %llu", &total, &resident);
    fclose(f);
    return read == 2 ? resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

int cp_random_bytes(void *bytes, size_t count) {
    uint8_t *at = bytes;
    while (count) {
        ssize_t n = getrandom(at, count > 256 ? 256 : count, 0);
        if (n < 0) {
            if (errno == EINTR) continue;
            return errno;
        }
        at += n;
        count -= (size_t)n;
    }
    return 0;
}

// MARK: CRC-32C

static uint32_t crc_table[256];
static pthread_once_t crc_once = PTHREAD_ONCE_INIT;

static void make_crc_table(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++) c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
        crc_table[i] = c;
    }
}

static uint32_t crc_by_table(uint32_t c, const uint8_t *at, size_t n) {
    pthread_once(&crc_once, make_crc_table);
    while (n--) c = c >> 8 ^ crc_table[(c ^ *at++) & 255];
    return c;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_by_instruction(uint32_t c, const uint8_t *at, size_t n) {
    uint64_t wide = c;
    for (; n >= 8; n -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    c = (uint32_t)wide;
    while (n--) c = __builtin_ia32_crc32qi(c, *at++);
    return c;
}
#endif

uint32_t cp_crc32c(uint32_t seed, const void *bytes, size_t count) {
    uint32_t c = ~seed;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return ~crc_by_instruction(c, bytes, count);
#endif
    return ~crc_by_table(c, bytes, count);
}
