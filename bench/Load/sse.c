// Reads event streams and never writes. Each event's data begins with the server's monotonic clock in nanoseconds: the latency is from there to here.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include "load.h"

enum { CARRIED = 64, STAMP_DIGITS = 10, CAPACITY = 1 << 18 };

// Bytes at the end of a read that may be the beginning of the next event's stamp.
typedef struct { wire wire; int carried; char carry[CARRIED]; } stream;

static char buffer[CARRIED + CAPACITY];
static histogram latencies;
static long events_seen;

static bool take_events(void *self) {
  stream *one = self;
  memcpy(buffer, one->carry, one->carried);
  ssize_t got = wire_take(&one->wire, buffer + one->carried, CAPACITY);
  if (got < 0) fprintf(stderr, "the server closed a stream\n"), exit(1);
  if (got == 0) return false;
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
  return run_counted(poll, take_events, &events_seen, &latencies);
}
