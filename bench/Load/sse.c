// Reads event streams and never writes. Each event's data begins with the server's monotonic clock in nanoseconds: the latency is from there to here.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include "load.h"

enum { MAX_EVENTS = 1024, CARRIED = 64, STAMP_DIGITS = 10, CAPACITY = 1 << 18 };

// Bytes at the end of a read that may be the beginning of the next event's stamp.
typedef struct { wire wire; int carried; char carry[CARRIED]; } stream;

static char buffer[CARRIED + CAPACITY];
static histogram latencies;
static long events_seen;

static int take_events(stream *one) {
  memcpy(buffer, one->carry, one->carried);
  ssize_t got = wire_take(&one->wire, buffer + one->carried, CAPACITY);
  if (got < 0) fprintf(stderr, "the server closed a stream\n"), exit(1);
  if (got == 0) return 0;
  int64_t at = now();
  char *position = buffer, *end = buffer + one->carried + got;
  one->carried = 0;
  while (position < end) {
    char *found = memmem(position, end - position, "data: ", 6), *digits = found ? found + 6 : NULL, *stop = digits;
    if (!found) {
      position = end - position > 5 ? end - 5 : position;
      break;
    }
    while (stop < end && *stop >= '0' && *stop <= '9') stop++;
    if (stop == end) {
      // The stamp may go on in the next read.
      position = found;
      break;
    }
    if (stop - digits >= STAMP_DIGITS) {
      events_seen++;
      histogram_add(&latencies, at - strtoll(digits, NULL, 10));
    }
    position = stop;
  }
  if (end - position < CARRIED) memcpy(one->carry, position, one->carried = (int)(end - position));
  return wire_has_more(&one->wire, got, CAPACITY);
}

int run_sse(void) {
  stream *streams = calloc(options.connections, sizeof *streams);
  struct epoll_event events[MAX_EVENTS];
  int poll = epoll_create1(0), length = snprintf(buffer, sizeof buffer, "GET %s HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n", options.path);
  for (int i = 0; i < options.connections; i++) {
    wire_open(&streams[i].wire, 0, 0);
    if (wire_put(&streams[i].wire, buffer, length) != length) fail("send");
    wire_nonblocking(&streams[i].wire);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &streams[i]};
    epoll_ctl(poll, EPOLL_CTL_ADD, streams[i].wire.descriptor, &event);
  }
  printf("open\n");
  fflush(stdout);
  int64_t begin_at = now() + (int64_t)(options.warm_up * 1e9), end_at = begin_at + (int64_t)(options.seconds * 1e9), at = now(), began = 0;
  double cpu = 0;
  while (at < end_at) {
    int ready = epoll_wait(poll, events, MAX_EVENTS, 50);
    at = now();
    if (!began && at >= begin_at) {
      began = at, events_seen = 0, cpu = cpu_seconds();
      histogram_clear(&latencies);
      report_begin();
    }
    for (int i = 0; i < ready; i++)
      while (take_events(events[i].data.ptr)) {}
  }
  report_end(events_seen, (at - began) / 1e9, cpu_seconds() - cpu, &latencies);
  return 0;
}
