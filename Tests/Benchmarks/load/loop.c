/* The event loop. A lane is a socket of one NAS address and port, connected to the server: 256 identifiers.
 *
 * What a packet costs here comes off the server on a small machine, so packets go out and come in in batches of one
 * system call, and nothing is allocated after the start. */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

struct results results;

enum slot_state { FREE, WAITING, HELD };

struct slot {
    uint64_t due, sent;
    uint8_t authenticator[16];
    uint16_t length;
    uint8_t state, tries, repeat;
    bool is_repeat; /* the first answer was counted already */
};

struct lane {
    int socket, nas;
    uint8_t free[256], next_free; /* a ring: an identifier rests as long as possible before it is used again */
    int free_count;
    struct slot slots[256];
    uint8_t packets[256][MAX_REQUEST];
};

static struct lane *lanes;
static int lane_count, next_lane, poller;
static long waiting, held_count, number;
static uint64_t began, measure_from, send_until, last_answer;

/* Requests whose first answer is deemed lost, in the order in which they are sent again. */
static struct held { uint16_t lane; uint8_t identifier; uint64_t at; } held[MAX_LANES * 256];
static uint32_t held_head, held_tail;
static const uint64_t hold_for = 100000000, sweep_every = 50000000;

static uint64_t clock_ns(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}
static uint64_t now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

static void die(const char *what) {
    fprintf(stderr, "radius-load: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* --- lanes --- */

static void open_lane(struct lane *lane, int index) {
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
    struct sockaddr_in own = {.sin_family = AF_INET};
    int size = 4 << 20;
    inet_pton(AF_INET, options.host, &server.sin_addr);
    lane->nas = index % options.nases;
    own.sin_addr.s_addr = htonl(0x7f000101u + (uint32_t)lane->nas);
    lane->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (lane->socket < 0) die("socket");
    /* The forced size needs a privilege; without it the kernel's own maximum holds. */
    if (setsockopt(lane->socket, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        setsockopt(lane->socket, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (bind(lane->socket, (struct sockaddr *)&own, sizeof own) != 0) die("bind to 127.0.1.x");
    if (connect(lane->socket, (struct sockaddr *)&server, sizeof server) != 0) die("connect");
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)index};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, lane->socket, &event) != 0) die("epoll_ctl");
    for (int i = 0; i < 256; i++) lane->free[i] = (uint8_t)i;
    lane->free_count = 256;
}

static void open_lanes(void) {
    lane_count = options.lanes;
    lanes = calloc((size_t)lane_count, sizeof *lanes);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (!lanes || poller < 0) die("start");
    for (int i = 0; i < lane_count; i++) open_lane(&lanes[i], i);
}

static uint8_t take_identifier(struct lane *lane) {
    lane->free_count--;
    return lane->free[lane->next_free++];
}

static void release(struct lane *lane, uint8_t identifier) {
    lane->slots[identifier].state = FREE;
    lane->free[(uint8_t)(lane->next_free + lane->free_count++)] = identifier;
}

/* --- sending --- */

/* The lane of the next request: that of its NAS, or the next one in turn. Null when it has no identifier left. */
static struct lane *lane_of_next(void) {
    if (options.mode == MODE_ACCT) {
        struct lane *lane = &lanes[accounting_nas(number)];
        return lane->free_count ? lane : NULL;
    }
    for (int tried = 0; tried < lane_count; tried++) {
        struct lane *lane = &lanes[next_lane];
        next_lane = (next_lane + 1) % lane_count;
        if (lane->free_count) return lane;
    }
    return NULL;
}

static struct slot *prepare(struct lane *lane, uint8_t *identifier) {
    *identifier = take_identifier(lane);
    struct slot *slot = &lane->slots[*identifier];
    uint8_t *packet = lane->packets[*identifier];
    size_t length = options.mode == MODE_ACCT ? build_accounting_request(packet, *identifier, number, lane->nas)
                                              : build_access_request(packet, *identifier, number, lane->nas);
    slot->length = (uint16_t)length;
    memcpy(slot->authenticator, packet + 4, 16);
    slot->state = WAITING;
    slot->tries = 0;
    slot->is_repeat = false;
    slot->repeat = options.mode == MODE_ACCT ? (uint8_t)accounting_repeat(number) : REPEAT_NONE;
    slot->due = options.rate ? began + (uint64_t)((double)results.sent * 1e9 / options.rate) : 0;
    return slot;
}

static void send_all(struct lane *lane, struct mmsghdr *messages, unsigned count) {
    unsigned done = 0;
    while (done < count) {
        int sent = sendmmsg(lane->socket, messages + done, count - done, 0);
        if (sent > 0) {
            done += (unsigned)sent;
        } else if (errno != EINTR) {
            /* Nobody listens, or the buffers are full: this one is on its way to nowhere, its timeout will tell. */
            results.refused++;
            done++;
        }
    }
}

/* Sends up to `wanted` requests, as many at a time as go to one lane; returns how many there was room for. */
static long send_batch(long wanted) {
    struct mmsghdr messages[BATCH] = {0};
    struct iovec parts[BATCH];
    struct slot *batch[BATCH];
    struct lane *lane = lane_of_next();
    unsigned count = 0, requests = 0;
    if (!lane) return 0;
    while (count < BATCH - 1 && (long)requests < wanted && lane->free_count) {
        if (options.mode == MODE_ACCT && &lanes[accounting_nas(number)] != lane) break;
        uint8_t identifier;
        struct slot *slot = prepare(lane, &identifier);
        batch[requests++] = slot;
        int copies = slot->repeat == REPEAT_AT_ONCE ? 2 : 1;
        for (int copy = 0; copy < copies; copy++, count++) {
            parts[count] = (struct iovec){lane->packets[identifier], slot->length};
            messages[count].msg_hdr.msg_iov = &parts[count];
            messages[count].msg_hdr.msg_iovlen = 1;
        }
        results.repeats += copies - 1;
        number++;
        results.sent++;
        waiting++;
    }
    uint64_t now = now_ns();
    for (unsigned i = 0; i < requests; i++) {
        batch[i]->sent = now;
        if (!options.rate) batch[i]->due = now;
    }
    send_all(lane, messages, count);
    return requests;
}

static void send_again(struct lane *lane, struct slot *slot, uint64_t now) {
    slot->sent = now;
    uint8_t identifier = (uint8_t)(slot - lane->slots);
    if (send(lane->socket, lane->packets[identifier], slot->length, 0) < 0) results.refused++;
}

/* --- receiving --- */

static void answered(struct lane *lane, uint8_t identifier, struct slot *slot, uint64_t now) {
    waiting--;
    if (slot->is_repeat) {
        results.repeats_answered++;
        release(lane, identifier);
        return;
    }
    results.answered++;
    if (now >= measure_from && (options.count || now <= send_until)) {
        results.measured++;
        record_latency(now - slot->due);
    }
    last_answer = now;
    if (slot->repeat == REPEAT_LATER) {
        slot->state = HELD;
        held[held_tail++ % (MAX_LANES * 256)] = (struct held){(uint16_t)(lane - lanes), identifier, now + hold_for};
        held_count++;
    } else {
        release(lane, identifier);
    }
}

static void take_reply(struct lane *lane, uint8_t *reply, size_t length, uint64_t now) {
    bool has_message_authenticator = false;
    uint8_t identifier = length >= 2 ? reply[1] : 0;
    struct slot *slot = &lane->slots[identifier];
    enum verdict verdict = check_reply(reply, length, slot->authenticator, &has_message_authenticator);
    if (slot->state != WAITING) {
        /* The second answer to a request that was sent twice, or something that nobody asked for. */
        if (verdict == REPLY_GOOD) results.answered_again++;
        else results.stray++;
        return;
    }
    results.verdicts[verdict]++;
    results.with_message_authenticator += has_message_authenticator;
    if (verdict == REPLY_GOOD || verdict == REPLY_WRONG_CODE) answered(lane, identifier, slot, now);
}

static void receive(struct lane *lane) {
    static uint8_t buffers[BATCH][MAX_REPLY];
    struct mmsghdr messages[BATCH] = {0};
    struct iovec parts[BATCH];
    for (int i = 0; i < BATCH; i++) {
        parts[i] = (struct iovec){buffers[i], MAX_REPLY};
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    int got = recvmmsg(lane->socket, messages, BATCH, MSG_DONTWAIT, NULL);
    uint64_t now = now_ns();
    for (int i = 0; i < got; i++) take_reply(lane, buffers[i], messages[i].msg_len, now);
}

/* --- time --- */

static void send_held(uint64_t now) {
    while (held_count && held[held_head % (MAX_LANES * 256)].at <= now) {
        struct held *entry = &held[held_head++ % (MAX_LANES * 256)];
        struct lane *lane = &lanes[entry->lane];
        struct slot *slot = &lane->slots[entry->identifier];
        held_count--;
        waiting++;
        slot->state = WAITING;
        slot->is_repeat = true;
        slot->tries = 0;
        results.repeats++;
        send_again(lane, slot, now);
    }
}

static void sweep(uint64_t now) {
    uint64_t timeout = (uint64_t)options.timeout_ms * 1000000u;
    for (int i = 0; i < lane_count; i++) {
        for (int identifier = 0; identifier < 256; identifier++) {
            struct slot *slot = &lanes[i].slots[identifier];
            if (slot->state != WAITING || now < slot->sent + timeout) continue;
            if (slot->tries++ < options.retries) {
                results.resent++;
                send_again(&lanes[i], slot, now);
                continue;
            }
            if (slot->is_repeat) results.repeats_lost++;
            else results.lost++;
            waiting--;
            release(&lanes[i], (uint8_t)identifier);
        }
    }
}

/* Waits for an answer, or until something is due. */
static int wait_for_answers(struct epoll_event *events, bool blocked, uint64_t next_sweep) {
    uint64_t until = next_sweep, now = now_ns();
    if (held_count && held[held_head % (MAX_LANES * 256)].at < until) until = held[held_head % (MAX_LANES * 256)].at;
    if (options.rate && !blocked) {
        uint64_t due = began + (uint64_t)((double)results.sent * 1e9 / options.rate);
        if (due < until) until = due;
    }
    uint64_t pause = until > now ? until - now : 0;
    struct timespec limit = {(time_t)(pause / 1000000000u), (long)(pause % 1000000000u)};
    return epoll_pwait2(poller, events, MAX_LANES, &limit, NULL);
}

/* How many requests may go out now. */
static long wanted(uint64_t now) {
    long room = options.rate ? (long)((double)(now - began) * 1e-9 * options.rate) + 1 - results.sent
                             : options.outstanding - waiting;
    if (options.count && room > options.count - results.sent) room = options.count - results.sent;
    return room;
}

static void run_loop(void) {
    static struct epoll_event events[MAX_LANES];
    uint64_t next_sweep = began + sweep_every;
    for (;;) {
        uint64_t now = now_ns();
        bool sending = options.count ? results.sent < options.count : now < send_until, blocked = false;
        if (!sending && waiting == 0 && held_count == 0) return;
        for (long room = sending ? wanted(now) : 0; room > 0 && !blocked;) {
            long done = send_batch(room);
            room -= done;
            blocked = done == 0;
        }
        int ready = wait_for_answers(events, blocked || !sending, next_sweep);
        for (int i = 0; i < ready; i++) receive(&lanes[events[i].data.u32]);
        now = now_ns();
        send_held(now);
        if (now >= next_sweep) {
            sweep(now);
            next_sweep = now + sweep_every;
        }
    }
}

void run_load(void) {
    prctl(PR_SET_TIMERSLACK, 1000ul);
    open_lanes();
    number = options.from;
    began = now_ns();
    results.first_packet_us = (int64_t)(clock_ns(CLOCK_REALTIME) / 1000);
    measure_from = options.count ? began : began + (uint64_t)options.warm_up * 1000000000u;
    send_until = measure_from + (uint64_t)options.seconds * 1000000000u;
    last_answer = began;
    run_loop();
    results.last_answer_us = results.first_packet_us + (int64_t)((last_answer - began) / 1000);
    results.measured_seconds = options.count ? (double)(last_answer - began) * 1e-9 : (double)options.seconds;
}
