/* The event loop: in a closed loop an answer makes room for the next request, in an open loop the clock does. */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

struct results results;

static int next_lane;
static long waiting, held_count, number;
static uint64_t began, measure_from, send_until, last_answer;

/* Requests whose first answer is deemed lost, in the order in which they are sent again. */
static struct held { uint16_t lane; uint8_t identifier; uint64_t at; } held[MAX_LANES * 256];
static uint32_t held_head, held_tail;
static const uint64_t hold_for = 100000000, sweep_every = 50000000;

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

/* When an open loop sends request `index`. The requests of a tick are due together, at its beginning. */
static uint64_t due_of(long index) {
    uint64_t after = (uint64_t)((double)index * 1e9 / options.rate), tick = (uint64_t)options.tick_us * 1000;
    return began + (tick ? after - after % tick : after);
}

/* How many requests of an open loop are due by then. */
static long due_by(uint64_t now) {
    uint64_t after = now - began, tick = (uint64_t)options.tick_us * 1000;
    if (tick) after = (after / tick + 1) * tick - 1;
    return (long)((double)after * 1e-9 * options.rate) + 1;
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
    slot->due = options.rate ? due_of(results.sent) : 0;
    return slot;
}

/* Sends up to `wanted` requests, as many at a time as go to one lane; returns how many there was room for. */
static long send_batch(long wanted) {
    struct slot *batch[BATCH];
    struct lane *lane = lane_of_next();
    long requests = 0;
    if (!lane) return 0;
    for (int packets = 0; packets < BATCH - 1 && requests < wanted && lane->free_count;) {
        if (options.mode == MODE_ACCT && &lanes[accounting_nas(number)] != lane) break;
        uint8_t identifier;
        struct slot *slot = prepare(lane, &identifier);
        int copies = slot->repeat == REPEAT_AT_ONCE ? 2 : 1;
        for (int copy = 0; copy < copies; copy++) add_to_batch(lane, identifier);
        batch[requests++] = slot;
        packets += copies;
        results.repeats += copies - 1;
        number++;
        results.sent++;
        waiting++;
    }
    uint64_t now = now_ns();
    for (long i = 0; i < requests; i++) {
        batch[i]->sent = now;
        if (!options.rate) batch[i]->due = now;
    }
    send_added(lane);
    return requests;
}

/* --- receiving --- */

static void answered(struct lane *lane, uint8_t identifier, struct slot *slot, uint64_t arrived) {
    waiting--;
    if (slot->is_repeat) {
        results.repeats_answered++;
        release(lane, identifier);
        return;
    }
    results.answered++;
    if (arrived >= measure_from && (options.count || arrived <= send_until)) {
        results.measured++;
        record_latency(arrived - slot->due);
    }
    if (arrived > last_answer) last_answer = arrived;
    if (slot->repeat == REPEAT_LATER) {
        slot->state = HELD;
        held[held_tail++ % (MAX_LANES * 256)] = (struct held){(uint16_t)(lane - lanes), identifier, arrived + hold_for};
        held_count++;
    } else {
        release(lane, identifier);
    }
}

static void take_reply(struct lane *lane, uint8_t *reply, size_t length, uint64_t arrived) {
    bool has_message_authenticator = false;
    uint8_t identifier = length >= 2 ? reply[1] : 0;
    struct slot *slot = &lane->slots[identifier];
    enum verdict verdict = check_reply(reply, length, slot->authenticator, lane->accounting, &has_message_authenticator);
    if (slot->state != WAITING) {
        /* The second answer to a request that was sent twice, or something that nobody asked for. */
        if (verdict == REPLY_GOOD) results.answered_again++;
        else results.stray++;
        return;
    }
    results.verdicts[verdict]++;
    results.with_message_authenticator += has_message_authenticator;
    if (verdict == REPLY_GOOD || verdict == REPLY_WRONG_CODE) answered(lane, identifier, slot, arrived);
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

static void give_up(struct lane *lane, uint8_t identifier) {
    if (lane->slots[identifier].is_repeat) results.repeats_lost++;
    else results.lost++;
    waiting--;
    release(lane, identifier);
}

/* When there is something to do even if no answer comes. */
static uint64_t next_event(bool blocked, uint64_t next_sweep) {
    uint64_t until = next_sweep;
    if (held_count && held[held_head % (MAX_LANES * 256)].at < until) until = held[held_head % (MAX_LANES * 256)].at;
    if (options.rate && !blocked && due_of(results.sent) < until) until = due_of(results.sent);
    return until;
}

/* Waits until there is something to do; returns how many lanes have answers. With ticks nothing happens between them,
 * whatever comes: waking up for each answer would cost more than all the rest. */
static int pause_until(uint64_t until) {
    uint64_t tick = (uint64_t)options.tick_us * 1000;
    if (!tick) return lanes_answered(until);
    uint64_t next = began + ((now_ns() - began) / tick + 1) * tick;
    struct timespec at = {(time_t)(next / 1000000000u), (long)(next % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR) {}
    return lanes_answered(0);
}

/* How many requests may go out now. */
static long wanted(uint64_t now) {
    long room = options.rate ? due_by(now) - results.sent : options.outstanding - waiting;
    if (options.count && room > options.count - results.sent) room = options.count - results.sent;
    return room;
}

static void run_loop(void) {
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
        int ready = pause_until(next_event(blocked || !sending, next_sweep));
        for (int i = 0; i < ready; i++) receive_from(i, take_reply);
        now = now_ns();
        send_held(now);
        if (now >= next_sweep) {
            sweep_lanes(now, give_up);
            next_sweep = now + sweep_every;
        }
    }
}

/* Before everything else on its core: what the generator itself is late would count as the server's latency. */
static void go_first(void) {
    struct sched_param first = {.sched_priority = 1};
    if (sched_setscheduler(0, SCHED_FIFO, &first) != 0)
        die("--realtime needs root, CAP_SYS_NICE or \"ulimit -r 1\": SCHED_FIFO");
}

void run_load(void) {
    prctl(PR_SET_TIMERSLACK, 1000ul);
    open_lanes();
    if (options.realtime) go_first();
    number = options.from;
    began = now_ns();
    results.first_packet_us = (int64_t)(clock_ns(CLOCK_REALTIME) / 1000);
    measure_from = options.count ? began : began + (uint64_t)options.warm_up * 1000000000u;
    send_until = measure_from + (uint64_t)options.seconds * 1000000000u;
    last_answer = began;
    if (options.mode == MODE_RECONNECT) {
        run_reconnect(began);
        last_answer = now_ns();
    } else {
        run_loop();
    }
    results.last_answer_us = results.first_packet_us + (int64_t)((last_answer - began) / 1000);
    results.measured_seconds = options.count ? (double)(last_answer - began) * 1e-9 : (double)options.seconds;
}
