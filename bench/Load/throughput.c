// Messages there and back: raw bytes, WebSocket frames or HTTP requests. In the closed loop each connection has one batch in flight, and latency runs from
// its send. In the open loop (--rate) batches have planned times, and latency runs from those: a server that stalls is charged for all that waited meanwhile.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>
#include "load.h"

enum { MAX_EVENTS = 1024, OPEN_LOOP_WINDOW = 1024, FROZEN_LIMIT = 8 << 20, FROZEN_RECEIVE_BUFFER = 4096 };

typedef struct {
  wire wire;
  bool awaits_room;
  long unsent, sent_offset, answered;
  // Times at which the batches in flight were sent, or should have been.
  uint32_t first, count;
  int64_t *sent_at;
} connection;

typedef struct {
  pthread_t thread;
  int poll, count;
  connection *connections;
  long messages;
  double seconds;
  histogram latencies;
} worker;

typedef struct { wire wire; long sent; } frozen_peer;

static const char *mode;
static char *batch_bytes;
static long batch_length, answer_length;
static uint32_t window;
static int64_t begin_at, end_at;
static frozen_peer *frozen;

static void send_some(worker *self, connection *one) {
  while (one->unsent > 0) {
    long left = batch_length - one->sent_offset, wanted = one->unsent < left ? one->unsent : left;
    ssize_t sent = wire_put(&one->wire, batch_bytes + one->sent_offset, wanted);
    if (sent < 0) fail("send");
    if (sent == 0) break;
    one->unsent -= sent;
    one->sent_offset = (one->sent_offset + sent) % batch_length;
  }
  if (one->awaits_room != (one->unsent > 0)) {
    one->awaits_room = !one->awaits_room;
    struct epoll_event event = {.events = EPOLLIN | (one->awaits_room ? EPOLLOUT : 0), .data.ptr = one};
    epoll_ctl(self->poll, EPOLL_CTL_MOD, one->wire.descriptor, &event);
  }
}

static void fire(worker *self, connection *one, int64_t planned) {
  if (one->count == window) {
    // The open loop outran the server: what is not even sent waits as long as the oldest in flight has.
    histogram_add(&self->latencies, now() - one->sent_at[one->first]);
    return;
  }
  one->sent_at[(one->first + one->count++) % window] = planned;
  one->unsent += batch_length;
  send_some(self, one);
}

static void check_start(const char *bytes, ssize_t length) {
  bool is_good = *mode == 'w' ? bytes[0] == (char)0x82 : *mode != 'h' || length < 12 || !memcmp(bytes, "HTTP/1.1 200", 12);
  if (!is_good) fprintf(stderr, "not an answer: %.*s\n", (int)(length < 200 ? length : 200), bytes), exit(1);
}

static void take_answers(worker *self, connection *one, char *buffer, size_t capacity) {
  ssize_t got;
  do {
    got = wire_take(&one->wire, buffer, capacity);
    if (got < 0) fprintf(stderr, "the server closed a connection\n"), exit(1);
    if (got == 0) return;
    if (one->answered == 0) check_start(buffer, got);
    one->answered += got;
    while (one->count && one->answered >= answer_length) {
      int64_t at = now();
      one->answered -= answer_length;
      histogram_add(&self->latencies, at - one->sent_at[one->first]);
      one->first = (one->first + 1) % window;
      one->count--;
      self->messages += options.batch;
      if (options.rate == 0) fire(self, one, at);
    }
    if (one->count == 0 && one->answered) fprintf(stderr, "more came back than was sent\n"), exit(1);
  } while (wire_has_more(&one->wire, got, capacity));
}

static void *work(void *argument) {
  worker *self = argument;
  struct epoll_event events[MAX_EVENTS];
  size_t capacity = 1 << 18;
  char *buffer = malloc(capacity);
  double interval = options.rate > 0 ? 1e9 * options.threads * options.batch / options.rate : 0;
  int64_t started = now(), began = 0, at = started;
  long planned = 0;
  if (!interval)
    for (int i = 0; i < self->count; i++) fire(self, &self->connections[i], now());
  while (at < end_at) {
    struct timespec wait = {.tv_nsec = 50000000};
    if (interval) {
      int64_t due;
      while ((due = started + (int64_t)(planned * interval)) <= at) fire(self, &self->connections[planned++ % self->count], due);
      wait.tv_nsec = due - at < 50000000 ? due - at : 50000000;
    }
    int ready = epoll_pwait2(self->poll, events, MAX_EVENTS, &wait, NULL);
    at = now();
    if (!began && at >= begin_at) {
      began = at, self->messages = 0;
      histogram_clear(&self->latencies);
    }
    for (int i = 0; i < ready; i++) {
      connection *one = events[i].data.ptr;
      if (events[i].events & EPOLLOUT) send_some(self, one);
      if (events[i].events & ~EPOLLOUT) take_answers(self, one, buffer, capacity);
    }
  }
  self->seconds = (at - began) / 1e9;
  free(buffer);
  return NULL;
}

// Bytes of a whole answer, from its head and what follows; 0 while more has to come. Answers to one request are all of one length.
static long answer_end(const char *answer) {
  const char *body = strstr(answer, "\r\n\r\n"), *field, *last;
  if (!body) return 0;
  body += 4;
  if ((field = strcasestr(answer, "\r\nContent-Length:")) && field < body) return body - answer + atol(field + 17);
  if ((field = strcasestr(answer, "\r\nTransfer-Encoding: chunked")) && field < body) return (last = strstr(body, "\r\n0\r\n\r\n")) ? last + 7 - answer : 0;
  fprintf(stderr, "the answer has no length\n");
  exit(1);
}

// One request by itself tells how long each answer will be.
static void learn_http(void) {
  char request[1024], answer[65536];
  int request_length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", options.path), got = 0;
  wire probe;
  wire_open(&probe, 0, 0);
  if (wire_put(&probe, request, request_length) != request_length) fail("send");
  do {
    ssize_t more = wire_take(&probe, answer + got, sizeof answer - 1 - got);
    if (more <= 0) fprintf(stderr, "no whole answer to the first request\n"), exit(1);
    answer[got += more] = 0;
  } while (!(answer_length = answer_end(answer)));
  check_start(answer, got);
  answer_length *= options.batch;
  wire_reset(&probe);
  batch_length = (long)request_length * options.batch;
  batch_bytes = malloc(batch_length);
  for (int i = 0; i < options.batch; i++) memcpy(batch_bytes + (long)i * request_length, request, request_length);
}

static void encode(void) {
  if (*mode == 'h') learn_http();
  else if (*mode == 'w') batch_bytes = frames_encode(options.size, options.batch, &batch_length, &answer_length);
  else {
    batch_length = answer_length = (long)options.size * options.batch;
    batch_bytes = malloc(batch_length);
    memset(batch_bytes, 'x', batch_length);
  }
}

static void open_all(wire *(*at)(void *, int), void *all, int count, int receive_buffer) {
  for (int i = 0; i < count; i++) {
    wire *one = at(all, i);
    wire_open(one, 0, receive_buffer);
    if (*mode == 'w') {
      if (wire_put(one, upgrade_request, upgrade_length) < 0) fail("send");
      upgrade_await(one);
    }
    wire_nonblocking(one);
  }
}

static wire *connection_wire(void *all, int i) { return &((connection *)all)[i].wire; }
static wire *frozen_wire(void *all, int i) { return &((frozen_peer *)all)[i].wire; }

// Peers that ask and never read: each sends until the server takes no more, and tries again whenever this is called.
static void push_frozen(void) {
  static char *bytes;
  static long length, unused;
  if (!bytes && options.frozen) bytes = frames_encode(4096, 4, &length, &unused);
  for (int i = 0; i < options.frozen; i++) {
    ssize_t sent = 1;
    while (sent > 0 && frozen[i].sent < FROZEN_LIMIT) {
      long offset = frozen[i].sent % length;
      // A server may end such a peer: that is its right.
      if ((sent = wire_put(&frozen[i].wire, bytes + offset, length - offset)) > 0) frozen[i].sent += sent;
    }
  }
}

static void sleep_until(int64_t time) {
  while (now() < time) {
    int64_t left = time - now();
    push_frozen();
    usleep(left < 100000000 ? left / 1000 + 1 : 100000);
  }
}

// The workers count on meanwhile: a message more or less is no matter.
static void report_tick(const worker *workers) {
  long messages = 0;
  for (int i = 0; i < options.threads; i++) messages += __atomic_load_n(&workers[i].messages, __ATOMIC_RELAXED);
  printf("tick %ld\n", messages);
  fflush(stdout);
}

int run_throughput(const char *which) {
  mode = which;
  encode();
  window = options.rate > 0 ? OPEN_LOOP_WINDOW : 1;
  connection *connections = calloc(options.connections, sizeof *connections);
  frozen = calloc(options.frozen + 1, sizeof *frozen);
  worker *workers = calloc(options.threads, sizeof *workers);
  open_all(connection_wire, connections, options.connections, 0);
  open_all(frozen_wire, frozen, options.frozen, FROZEN_RECEIVE_BUFFER);
  for (int i = 0, first = 0; i < options.threads; i++) {
    worker *self = &workers[i];
    self->poll = epoll_create1(0);
    self->connections = connections + first;
    self->count = options.connections / options.threads + (i < options.connections % options.threads);
    for (int j = 0; j < self->count; j++) {
      connection *one = &self->connections[j];
      one->sent_at = calloc(window, sizeof *one->sent_at);
      struct epoll_event event = {.events = EPOLLIN, .data.ptr = one};
      epoll_ctl(self->poll, EPOLL_CTL_ADD, one->wire.descriptor, &event);
    }
    first += self->count;
  }
  printf("open\n");
  fflush(stdout);
  push_frozen();
  begin_at = now() + (int64_t)(options.warm_up * 1e9);
  end_at = begin_at + (int64_t)(options.seconds * 1e9);
  for (int i = 0; i < options.threads; i++) pthread_create(&workers[i].thread, NULL, work, &workers[i]);
  sleep_until(begin_at);
  double cpu = cpu_seconds(), seconds = 0;
  report_begin();
  for (int64_t at = begin_at + 1000000000; options.ticks && at < end_at; at += 1000000000) {
    sleep_until(at);
    report_tick(workers);
  }
  sleep_until(end_at);
  if (options.ticks) report_tick(workers);
  cpu = cpu_seconds() - cpu;
  static histogram latencies;
  long messages = 0;
  for (int i = 0; i < options.threads; i++) {
    pthread_join(workers[i].thread, NULL);
    histogram_merge(&latencies, &workers[i].latencies);
    messages += workers[i].messages;
    if (workers[i].seconds > seconds) seconds = workers[i].seconds;
  }
  report_end(messages, seconds, cpu, &latencies);
  return 0;
}
