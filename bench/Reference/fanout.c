// The floor of a fan-out: at every tick, one send to each stream and nothing else. usage: fanout PORT
// GET /ticks?interval=MS&size=BYTES&burst=EVENTS: event streams without chunks, or WebSockets where an upgrade is asked for; the first one's query holds for all.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include "listener.h"

enum { MAX_STREAMS = 20000, MAX_EVENT = 1 << 20 };

static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
static int streams[MAX_STREAMS], stream_count, size, burst;
// For the key that the load generator sends.
static const char upgraded[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
static char event[MAX_EVENT];
static int is_websocket;

static int query(const char *request, const char *name, int otherwise) {
  const char *found = strstr(request, name);
  return found ? atoi(found + strlen(name)) : otherwise;
}

static void tick(void) {
  for (int i = 0; i < burst; i++) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    int begin = !is_websocket ? sprintf(event, "data: ") : size < 126 ? sprintf(event, "\x81%c", size) : sprintf(event, "\x81\x7e") + 2;
    if (is_websocket && size > 125) event[2] = (char)(size >> 8), event[3] = (char)size;
    int length = begin + sprintf(event + begin, "%019lld ", t.tv_sec * 1000000000LL + t.tv_nsec);
    while (length < size + begin) event[length++] = 'x';
    if (!is_websocket) event[length++] = '\n', event[length++] = '\n';
    for (int j = 0; j < stream_count; j++)
      if (send(streams[j], event, length, MSG_NOSIGNAL) < 0) close(streams[j]), streams[j--] = streams[--stream_count];
  }
}

int main(int argc, char **argv) {
  static char request[4096];
  struct epoll_event events[512];
  int listener = listen_on(argc, argv, 0), poll = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct epoll_event added = {.events = EPOLLIN, .data.fd = listener};
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &added);
  added.data.fd = timer;
  epoll_ctl(poll, EPOLL_CTL_ADD, timer, &added);
  for (;;) {
    int count = epoll_wait(poll, events, 512, -1);
    for (int i = 0; i < count; i++) {
      int peer = events[i].data.fd;
      uint64_t ticks;
      if (peer == timer) {
        if (read(timer, &ticks, sizeof ticks) == sizeof ticks) tick();
      } else if (peer == listener) {
        added.data.fd = accept4(listener, 0, 0, 0);
        epoll_ctl(poll, EPOLL_CTL_ADD, added.data.fd, &added);
      } else {
        // One short request in one segment: this is a floor, not a server.
        ssize_t got = recv(peer, request, sizeof request - 1, 0);
        epoll_ctl(poll, EPOLL_CTL_DEL, peer, NULL);
        if (got <= 0 || stream_count == MAX_STREAMS) {
          close(peer);
          continue;
        }
        request[got] = 0;
        if (stream_count == 0) {
          int interval = query(request, "interval=", 10);
          size = query(request, "size=", 100), burst = query(request, "burst=", 1);
          is_websocket = strstr(request, "Upgrade: websocket") != NULL;
          if (size < 20 || size > MAX_EVENT - 16) size = 100;
          struct itimerspec every = {.it_interval.tv_nsec = interval % 1000 * 1000000L, .it_interval.tv_sec = interval / 1000};
          every.it_value = every.it_interval;
          timerfd_settime(timer, 0, &every, NULL);
        }
        send(peer, is_websocket ? upgraded : head, (is_websocket ? sizeof upgraded : sizeof head) - 1, MSG_NOSIGNAL);
        streams[stream_count++] = peer;
      }
    }
  }
}
