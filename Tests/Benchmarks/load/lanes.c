/* Lanes: sockets, identifiers, and packets that go out and come in by the batch.
 *
 * What a packet costs here comes off the server on a small machine, so a batch is one system call, and nothing is
 * allocated after the start. An answer's latency ends when the kernel got it (SO_TIMESTAMPNS): it does not depend on when
 * this program, which shares the cores with the server, comes to look. */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

struct lane *lanes;
int lane_count;

static int poller;
static struct epoll_event events[MAX_LANES];

/* What goes out: packets, and the messages that they make. */
static unsigned added;
static struct iovec packets[BATCH];
static struct mmsghdr outgoing[BATCH];
static _Alignas(struct cmsghdr) uint8_t cuts[BATCH][CMSG_SPACE(sizeof(uint16_t))];

/* What comes in. */
static uint8_t replies[BATCH][MAX_REPLY];
static struct iovec reply_parts[BATCH];
static struct mmsghdr incoming[BATCH];
static _Alignas(struct cmsghdr) uint8_t arrivals[BATCH][CMSG_SPACE(sizeof(struct timespec))];

uint64_t clock_ns(int clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

void die(const char *what) {
    fprintf(stderr, "radius-load: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* --- opening --- */

static void open_lane(struct lane *lane, int index) {
    lane->nas = index % options.nases;
    lane->accounting = options.mode == MODE_ACCT || (options.mode == MODE_RECONNECT && index >= options.nases);
    int port = lane->accounting && options.acct_port ? options.acct_port : options.port;
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in own = {.sin_family = AF_INET};
    int size = 4 << 20, on = 1;
    inet_pton(AF_INET, options.host, &server.sin_addr);
    own.sin_addr.s_addr = htonl(0x7f000101u + (uint32_t)lane->nas);
    lane->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (lane->socket < 0) die("socket");
    /* The forced size needs a privilege; without it the kernel's own maximum holds. */
    if (setsockopt(lane->socket, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        setsockopt(lane->socket, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (setsockopt(lane->socket, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0) die("SO_TIMESTAMPNS");
    if (bind(lane->socket, (struct sockaddr *)&own, sizeof own) != 0) die("bind to 127.0.1.x");
    if (connect(lane->socket, (struct sockaddr *)&server, sizeof server) != 0) die("connect");
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)index};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, lane->socket, &event) != 0) die("epoll_ctl");
    for (int i = 0; i < 256; i++) lane->free[i] = (uint8_t)i;
    lane->free_count = 256;
}

static void prepare_receiving(void) {
    for (int i = 0; i < BATCH; i++) {
        reply_parts[i] = (struct iovec){replies[i], MAX_REPLY};
        incoming[i].msg_hdr = (struct msghdr){.msg_iov = &reply_parts[i], .msg_iovlen = 1, .msg_control = arrivals[i]};
    }
}

void open_lanes(void) {
    lane_count = options.lanes;
    lanes = calloc((size_t)lane_count, sizeof *lanes);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (!lanes || poller < 0) die("start");
    for (int i = 0; i < lane_count; i++) open_lane(&lanes[i], i);
    prepare_receiving();
}

/* --- sending --- */

uint8_t take_identifier(struct lane *lane) {
    lane->free_count--;
    return lane->free[lane->next_free++];
}

void release(struct lane *lane, uint8_t identifier) {
    lane->slots[identifier].state = FREE;
    lane->free[(uint8_t)(lane->next_free + lane->free_count++)] = identifier;
}

void add_to_batch(struct lane *lane, uint8_t identifier) {
    packets[added++] = (struct iovec){lane->packets[identifier], lane->slots[identifier].length};
}

/* Tells the kernel to cut a message into datagrams of `length` octets. */
static void cut(struct msghdr *message, uint8_t *control, uint16_t length) {
    message->msg_control = control;
    message->msg_controllen = sizeof cuts[0];
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    *header = (struct cmsghdr){.cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT, .cmsg_len = CMSG_LEN(sizeof length)};
    memcpy(CMSG_DATA(header), &length, sizeof length);
}

/* Neighbours of one length become one message (UDP_SEGMENT): each arrives as a datagram of its own, but they take the way
 * through the network's layers together, which is most of what a packet costs. Returns how many messages there are. */
static unsigned make_messages(void) {
    unsigned messages = 0;
    for (unsigned first = 0, count; first < added; first += count, messages++) {
        size_t length = packets[first].iov_len;
        for (count = 1; first + count < added && packets[first + count].iov_len == length;) count++;
        struct msghdr *message = &outgoing[messages].msg_hdr;
        *message = (struct msghdr){.msg_iov = &packets[first], .msg_iovlen = count};
        if (count > 1) cut(message, cuts[messages], (uint16_t)length);
    }
    return messages;
}

void send_added(struct lane *lane) {
    unsigned messages = make_messages();
    for (unsigned done = 0; done < messages;) {
        int sent = sendmmsg(lane->socket, outgoing + done, messages - done, 0);
        if (sent > 0) {
            done += (unsigned)sent;
        } else if (errno != EINTR) {
            /* Nobody listens, or the buffers are full: these are on their way to nowhere, their timeout will tell. */
            results.refused += (long)outgoing[done++].msg_hdr.msg_iovlen;
        }
    }
    added = 0;
}

void send_again(struct lane *lane, struct slot *slot, uint64_t now) {
    slot->sent = now;
    uint8_t identifier = (uint8_t)(slot - lane->slots);
    if (send(lane->socket, lane->packets[identifier], slot->length, 0) < 0) results.refused++;
}

void sweep_lanes(uint64_t now, void (*give_up)(struct lane *lane, uint8_t identifier)) {
    uint64_t timeout = (uint64_t)options.timeout_ms * 1000000u;
    for (int i = 0; i < lane_count; i++) {
        for (int identifier = 0; identifier < 256; identifier++) {
            struct slot *slot = &lanes[i].slots[identifier];
            if (slot->state != WAITING || now < slot->sent + timeout) continue;
            if (slot->tries++ >= options.retries) {
                give_up(&lanes[i], (uint8_t)identifier);
                continue;
            }
            results.resent++;
            send_again(&lanes[i], slot, now);
        }
    }
}

/* --- receiving --- */

int lanes_answered(uint64_t until) {
    uint64_t now = now_ns(), pause = until > now ? until - now : 0;
    struct timespec limit = {(time_t)(pause / 1000000000u), (long)(pause % 1000000000u)};
    return epoll_pwait2(poller, events, MAX_LANES, &limit, NULL);
}

/* How long ago a message arrived; stamps are by the clock of the day. 0 if that was set back meanwhile. */
static uint64_t age_of(struct msghdr *message, uint64_t today) {
    struct timespec stamp;
    struct cmsghdr *control = CMSG_FIRSTHDR(message);
    if (!control || control->cmsg_type != SCM_TIMESTAMPNS) return 0;
    memcpy(&stamp, CMSG_DATA(control), sizeof stamp);
    uint64_t at = (uint64_t)stamp.tv_sec * 1000000000u + (uint64_t)stamp.tv_nsec;
    return at < today ? today - at : 0;
}

void receive_from(int index, void (*take)(struct lane *lane, uint8_t *reply, size_t length, uint64_t arrived)) {
    struct lane *lane = &lanes[events[index].data.u32];
    for (int i = 0; i < BATCH; i++) incoming[i].msg_hdr.msg_controllen = sizeof arrivals[i];
    int got = recvmmsg(lane->socket, incoming, BATCH, MSG_DONTWAIT, NULL);
    /* In this order, so that a delay between the two makes an answer late, never early. */
    uint64_t today = clock_ns(CLOCK_REALTIME), now = now_ns();
    for (int i = 0; i < got; i++)
        take(lane, replies[i], incoming[i].msg_len, now - age_of(&incoming[i].msg_hdr, today));
}
