// Connections that come and go: connect, TLS if asked, upgrade, one message and its echo, a close and its answer, again. Bare ones echo a few bytes and end.
// Latency is that of a whole turn.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include "load.h"

// Source addresses are used in turn, so that no port is needed again before its last connection is forgotten.
enum { SOURCES = 200, HEAD_CAPACITY = 4096 };

typedef enum { CONNECTING, UPGRADING, ECHOING, CLOSING, BARE } stage;
typedef struct { wire wire; stage stage; int64_t began; long got; char head[HEAD_CAPACITY]; } turn;

static const char close_frame[] = {(char)0x88, (char)0x82, 0, 0, 0, 0, 0x03, (char)0xe8};
static char *frame;
static long frame_length, answer_length, turns;
static int poll, next_source;
static histogram latencies;

static void await(turn *one, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = one};
  epoll_ctl(poll, operation, one->wire.descriptor, &event);
}

static void begin(turn *one) {
  one->stage = CONNECTING, one->got = 0, one->began = now();
  wire_begin(&one->wire, 2 + next_source++ % SOURCES);
  await(one, EPOLL_CTL_ADD, EPOLLOUT);
}

static void put(turn *one, const void *bytes, size_t length, stage next) {
  // A few bytes on an empty connection are always taken whole.
  if (wire_put(&one->wire, bytes, length) != (ssize_t)length) fail("send");
  one->stage = next, one->got = 0;
}

// One step with what has arrived; false when it needs more.
static bool step(void *self) {
  turn *one = self;
  if (one->stage == CONNECTING) {
    int result = wire_handshake(&one->wire);
    if (result < 0) fail("connect");
    await(one, EPOLL_CTL_MOD, EPOLLIN);
    if (result && options.bare) put(one, frame, options.size, BARE);
    else if (result) put(one, upgrade_request, upgrade_length, UPGRADING);
    return false;
  }
  ssize_t got = wire_take(&one->wire, one->head + one->got, HEAD_CAPACITY - one->got);
  if (got == 0) return false;
  if (got < 0 && one->stage != CLOSING) fail("a connection ended before its turn was over");
  one->got += got > 0 ? got : 0;
  if (one->stage == UPGRADING) {
    if (one->got < 12 || memcmp(one->head + one->got - 4, "\r\n\r\n", 4)) return true;
    if (memcmp(one->head, "HTTP/1.1 101", 12)) fprintf(stderr, "%.*s\n", (int)one->got, one->head), exit(1);
    put(one, frame, frame_length, ECHOING);
  } else if (one->stage == ECHOING) {
    if (one->got >= answer_length) put(one, close_frame, sizeof close_frame, CLOSING);
  } else if (got < 0 || one->got >= (one->stage == BARE ? options.size : 4)) {
    histogram_add(&latencies, now() - one->began);
    turns++;
    wire_reset(&one->wire);
    begin(one);
    return false;
  }
  return true;
}

int run_churn(void) {
  turn *all = calloc(options.connections, sizeof *all);
  poll = epoll_create1(0);
  frame = frames_encode(options.size, 1, &frame_length, &answer_length);
  printf("open\n");
  fflush(stdout);
  for (int i = 0; i < options.connections; i++) begin(&all[i]);
  run_counted(poll, step, &turns, &latencies);
  wire_check_resumed();
  for (int i = 0; i < options.connections; i++) wire_reset(&all[i].wire);
  return 0;
}
