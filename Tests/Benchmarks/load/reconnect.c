/* Every subscriber comes back at once, as after a power cut: each NAS logs its own in and starts a session with the Class
 * and the address that each was given. Who is online had both answered. */
#define _GNU_SOURCE
#include "load.h"

#include <stdlib.h>
#include <string.h>

struct reconnect reconnect;

static struct subscriber {
    struct grant grant;
    uint64_t began;
    bool online;
    uint32_t next; /* in the NAS's queue of Starts to send */
} *subscribers;

/* Subscribers first ..< end are this NAS's: `next` is the next to log in. */
static struct nas {
    long next, end;
    uint32_t head, tail;
    long queued;
} nases[MAX_NASES];

static long waiting, undone;

static void request(struct lane *lane, uint32_t user, uint64_t now) {
    uint8_t identifier = take_identifier(lane);
    struct slot *slot = &lane->slots[identifier];
    uint8_t *packet = lane->packets[identifier];
    slot->length = (uint16_t)(lane->accounting
        ? build_start(packet, identifier, user, lane->nas, &subscribers[user].grant)
        : build_login(packet, identifier, user, user, lane->nas));
    memcpy(slot->authenticator, packet + 4, 16);
    slot->state = WAITING;
    slot->tries = 0;
    slot->user = user;
    slot->sent = now;
    add_to_batch(lane, identifier);
    results.sent++;
    waiting++;
}

/* Starts go before logins: they end what was begun. */
static void send_starts(struct lane *lane, struct nas *nas, uint64_t now) {
    int added = 0;
    for (; nas->queued && lane->free_count && added < BATCH; added++) {
        uint32_t user = nas->head;
        nas->head = subscribers[user].next;
        nas->queued--;
        request(lane, user, now);
    }
    if (added) send_added(lane);
}

static void send_logins(struct lane *lane, struct nas *nas, uint64_t now) {
    int added = 0, room = options.outstanding / options.nases - (256 - lane->free_count);
    for (; room > 0 && nas->next < nas->end && lane->free_count && added < BATCH; added++, room--) {
        uint32_t user = (uint32_t)nas->next++;
        subscribers[user].began = now;
        request(lane, user, now);
    }
    if (added) send_added(lane);
}

static void take_reply(struct lane *lane, uint8_t *reply, size_t length, uint64_t arrived) {
    bool has_message_authenticator = false;
    uint8_t identifier = length >= 2 ? reply[1] : 0;
    struct slot *slot = &lane->slots[identifier];
    enum verdict verdict =
        check_reply(reply, length, slot->authenticator, lane->accounting, &has_message_authenticator);
    if (slot->state != WAITING) {
        if (verdict == REPLY_GOOD) results.answered_again++;
        else results.stray++;
        return;
    }
    results.verdicts[verdict]++;
    if (verdict != REPLY_GOOD && verdict != REPLY_WRONG_CODE) return;
    results.answered++;
    results.with_message_authenticator += has_message_authenticator;
    waiting--;
    struct subscriber *subscriber = &subscribers[slot->user];
    if (verdict == REPLY_WRONG_CODE) {
        undone--;
    } else if (lane->accounting) {
        reconnect.online++;
        subscriber->online = true;
        undone--;
        results.measured++;
        record_latency(arrived - subscriber->began);
    } else {
        struct nas *nas = &nases[lane->nas];
        subscriber->grant = grant_of(reply);
        if (nas->queued++) subscribers[nas->tail].next = slot->user;
        else nas->head = slot->user;
        nas->tail = slot->user;
    }
    release(lane, identifier);
}

static void give_up(struct lane *lane, uint8_t identifier) {
    results.lost++;
    waiting--;
    undone--;
    release(lane, identifier);
}

static int by_value(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

/* Whether two have the same address. */
static void compare_addresses(void) {
    uint32_t *addresses = calloc((size_t)options.users, sizeof *addresses);
    if (!addresses) die("start");
    for (int user = 0; user < options.users; user++) {
        addresses[user] = subscribers[user].grant.address;
        reconnect.without_address += addresses[user] == 0;
    }
    qsort(addresses, (size_t)options.users, sizeof *addresses, by_value);
    for (int i = 1; i < options.users; i++)
        reconnect.addresses_twice += addresses[i] != 0 && addresses[i] == addresses[i - 1];
    free(addresses);
}

void run_reconnect(uint64_t began) {
    uint64_t next_sweep = began;
    subscribers = calloc((size_t)options.users, sizeof *subscribers);
    if (!subscribers) die("start");
    for (int i = 0; i < options.nases; i++) {
        nases[i].next = (long)options.users * i / options.nases;
        nases[i].end = (long)options.users * (i + 1) / options.nases;
    }
    for (undone = options.users; undone > 0;) {
        uint64_t now = now_ns();
        for (int i = 0; i < options.nases; i++) {
            send_starts(&lanes[options.nases + i], &nases[i], now);
            send_logins(&lanes[i], &nases[i], now);
        }
        int ready = lanes_answered(now + 1000000);
        for (int i = 0; i < ready; i++) receive_from(i, take_reply);
        if (now < next_sweep) continue;
        sweep_lanes(now, give_up);
        next_sweep = now + 50000000;
    }
    compare_addresses();
}

struct truth truth_of_reconnect(FILE *file) {
    struct truth truth = {0};
    for (int user = 0; user < options.users; user++) {
        char name[MAX_NAME];
        if (!subscribers[user].online) continue;
        truth.rows++;
        session_name(name, user, 0);
        if (file) fprintf(file, "%s\t%s%06d\t0\t0\t0\n", name, options.user_prefix, user);
    }
    return truth;
}
