// Subscribers: WebSockets that ask for --path and then only read. Each message's text holds the server's monotonic clock as 19 digits: the latency is from there to here.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include "load.h"

// Enough of a frame for its header and for the stamp, wherever a protocol's own text puts it in.
enum { HEADER = 10, WITHIN = 128, CARRIED = HEADER + WITHIN, CAPACITY = 1 << 18, STAMP_DIGITS = 19, WINDOW = 256 };

// Of the frame under way: what is still to be skipped, and bytes at the end of a read that are too few to count the next one by.
typedef struct { wire wire; int64_t skip, newest; int carried; bool was_told; char carry[CARRIED]; } subscriber;

static char buffer[CARRIED + CAPACITY];
static histogram latencies;
static long messages_seen;

static int64_t stamp_in(const char *text, int length) {
  for (int i = 0, run = 0; i < length; i++) {
    run = text[i] >= '0' && text[i] <= '9' ? run + 1 : 0;
    if (run == STAMP_DIGITS) return strtoll(text + i - run + 1, NULL, 10);
  }
  return 0;
}

// Bytes of the frame's header, and its payload's length; 0 when there are too few bytes for either.
static int header_of(const unsigned char *at, int64_t length, int64_t *payload) {
  if (length < 2) return 0;
  *payload = at[1] & 127;
  int header = *payload == 126 ? 4 : *payload == 127 ? 10 : 2;
  if (length < header) return 0;
  if (header > 2) *payload = 0;
  for (int i = 2; i < header; i++) *payload = *payload << 8 | at[i];
  return header;
}

static bool take_messages(void *self) {
  subscriber *one = self;
  memcpy(buffer, one->carry, one->carried);
  ssize_t got = wire_take(&one->wire, buffer + one->carried, CAPACITY);
  if (got < 0) fprintf(stderr, "the server closed a subscriber\n"), exit(1);
  if (got == 0) return false;
  int64_t at = now(), left = one->carried + got, payload;
  char *position = buffer;
  one->carried = 0;
  while (left > 0) {
    int64_t skipped = one->skip < left ? one->skip : left;
    position += skipped, left -= skipped, one->skip -= skipped;
    int header = header_of((unsigned char *)position, left, &payload);
    if (left == 0 || one->skip) break;
    int64_t wanted = payload < WITHIN ? payload : WITHIN;
    if (!header || left < header + wanted) {
      memcpy(one->carry, position, one->carried = (int)left);
      break;
    }
    // Compressed ones hide their stamp, and are counted all the same; pings, closes and what greets are not.
    bool compressed = position[0] & 0x40;
    int64_t stamp = compressed ? 0 : stamp_in(position + header, (int)wanted);
    if ((position[0] & 15) == 8) fprintf(stderr, "the server said close to a subscriber\n"), exit(1);
    if (!strncmp(position + header, "gap ", wanted < 4 ? wanted + 1 : 4)) one->was_told = true;
    if (stamp) one->newest = stamp;
    if (stamp || compressed) messages_seen++;
    if (stamp) histogram_add(&latencies, at - stamp);
    one->skip = header + payload;
  }
  return wire_has_more(&one->wire, got, CAPACITY);
}

static void subscribe(subscriber *all, int count, bool frozen) {
  static const char hello[] = "{\"protocol\":\"json\",\"version\":1}\x1e";
  char request[1024], greeting[64] = {(char)0x81, (char)(0x80 | (sizeof hello - 1))};
  // A mask of zeros leaves the text as it is.
  memcpy(greeting + 6, hello, sizeof hello - 1);
  int length = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                        "Sec-WebSocket-Version: 13\r\n%s\r\n",
                        options.path, options.deflate ? "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n" : "");
  for (int done = 0; done < count; done += WINDOW) {
    int end = done + WINDOW < count ? done + WINDOW : count;
    for (int i = done; i < end; i++) {
      wire_open(&all[i].wire, options.source, frozen ? 4096 : 0);
      if (wire_put(&all[i].wire, request, length) != length) fail("send");
    }
    for (int i = done; i < end; i++) {
      upgrade_await(&all[i].wire);
      if (options.signalr && wire_put(&all[i].wire, greeting, 6 + sizeof hello - 1) < 0) fail("send");
    }
  }
}

static void watch(int poll, subscriber *all, int count) {
  for (int i = 0; i < count; i++) {
    wire_nonblocking(&all[i].wire);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
    epoll_ctl(poll, EPOLL_CTL_ADD, all[i].wire.descriptor, &event);
  }
}

// Those that did not read do: how many come to what is published now, and how many were told on the way that something is missing.
static void thaw(subscriber *frozen) {
  enum { MAX_EVENTS = 1024, PATIENCE = 60 };
  struct epoll_event events[MAX_EVENTS];
  int poll = epoll_create1(0), arrived = 0, told = 0;
  int64_t began = now();
  watch(poll, frozen, options.frozen);
  while (arrived < options.frozen && now() - began < PATIENCE * 1000000000LL) {
    int ready = epoll_wait(poll, events, MAX_EVENTS, 50);
    for (int i = 0; i < ready; i++) {
      subscriber *one = events[i].data.ptr;
      bool had_arrived = one->newest > began;
      while (take_messages(one)) {}
      if (had_arrived || one->newest <= began) continue;
      arrived++, told += one->was_told;
    }
  }
  printf("thawed %d of %d in %.1f s, told of a gap %d\n", arrived, options.frozen, (now() - began) / 1e9, told);
}

int run_topics(void) {
  subscriber *readers = calloc(options.connections, sizeof *readers), *frozen = calloc(options.frozen + 1, sizeof *frozen);
  int poll = epoll_create1(0);
  subscribe(readers, options.connections, false);
  subscribe(frozen, options.frozen, true);
  watch(poll, readers, options.connections);
  printf("open\n");
  fflush(stdout);
  int result = run_counted(poll, take_messages, &messages_seen, &latencies);
  if (options.frozen) thaw(frozen);
  return result;
}
