// A load generator that is not the bottleneck: one epoll loop, frames encoded beforehand, answers counted by their bytes.
// usage: load raw|ws PORT CONNECTIONS SECONDS SIZE BATCH     closed loop; prints one JSON line
//        load idle PORT CONNECTIONS FIRST_SOURCE             opens idle WebSockets from 127.0.0.FIRST_SOURCE on, then obeys its input:
//                                                            "echo N" samples N of them one after another, "quit" ends
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PORTS_PER_SOURCE = 20000, BUCKETS = 64 * 16 };

typedef struct { int descriptor, ready; long expected; int64_t sent_at; } connection;

static connection *connections;
static char *frames, buffer[1 << 18];
static long frames_length, answer_length, histogram[BUCKETS];

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static double cpu_seconds(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

// Sixteen linear steps in each power of two: at most 6 % off.
static int bucket_of(int64_t value) {
  if (value < 16) return (int)value;
  int power = 63 - __builtin_clzll(value);
  int index = (power - 3) * 16 + (int)((value >> (power - 4)) & 15);
  return index < BUCKETS ? index : BUCKETS - 1;
}

static double value_of(int bucket) {
  if (bucket < 16) return bucket;
  int power = bucket / 16 + 3;
  return (double)(1LL << power) + (bucket % 16 + 0.5) * (double)(1LL << (power - 4));
}

static double percentile(double part) {
  long total = 0, seen = 0;
  for (int i = 0; i < BUCKETS; i++) total += histogram[i];
  for (int i = 0; i < BUCKETS; i++)
    if ((seen += histogram[i]) >= total * part && seen) return value_of(i) / 1000;
  return 0;
}

static void encode(int is_websocket, int size, int batch) {
  char header[14];
  int header_length = 0, answer_header = 0;
  if (is_websocket) {
    header[0] = (char)0x82;
    if (size < 126) header[1] = (char)(0x80 | size), header_length = 2;
    else if (size < 65536) header[1] = (char)(0x80 | 126), header[2] = size >> 8, header[3] = size, header_length = 4;
    else {
      header[1] = (char)(0x80 | 127);
      for (int i = 0; i < 8; i++) header[2 + i] = i < 4 ? 0 : size >> (8 * (7 - i));
      header_length = 10;
    }
    answer_header = header_length;
    memcpy(header + header_length, "\x12\x34\x56\x78", 4);
    header_length += 4;
  }
  frames_length = (long)batch * (header_length + size);
  answer_length = (long)batch * (answer_header + size);
  frames = malloc(frames_length);
  char *at = frames;
  for (int i = 0; i < batch; i++) {
    memcpy(at, header, header_length);
    at += header_length;
    for (int j = 0; j < size; j++) *at++ = (char)('a' + j % 26) ^ (is_websocket ? "\x12\x34\x56\x78"[j & 3] : 0);
  }
}

static int open_one(int port, int source) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int on = 1, descriptor = socket(AF_INET, SOCK_STREAM, 0);
  if (descriptor < 0) return perror("socket"), exit(1), -1;
  if (source) {
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000000 | source)};
    setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(descriptor, (struct sockaddr *)&from, sizeof from)) return perror("bind"), exit(1), -1;
  }
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(descriptor, (struct sockaddr *)&to, sizeof to)) return perror("connect"), exit(1), -1;
  return descriptor;
}

static void ask_upgrade(int descriptor) {
  static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  if (write(descriptor, request, sizeof request - 1) < 0) perror("write"), exit(1);
}

static void await_upgrade(int descriptor) {
  int length = 0;
  while (length < 4 || memcmp(buffer + length - 4, "\r\n\r\n", 4)) {
    ssize_t got = read(descriptor, buffer + length, 1);
    if (got <= 0) fprintf(stderr, "the upgrade was refused\n"), exit(1);
    length += got;
  }
  if (memcmp(buffer, "HTTP/1.1 101", 12)) fprintf(stderr, "%.*s\n", length, buffer), exit(1);
}

static void fire(connection *one) {
  one->expected = answer_length;
  one->sent_at = now();
  long sent = 0;
  while (sent < frames_length) {
    ssize_t part = send(one->descriptor, frames + sent, frames_length - sent, MSG_NOSIGNAL);
    if (part < 0) perror("send"), exit(1);
    sent += part;
  }
}

static int load(int is_websocket, char **argv) {
  int port = atoi(argv[2]), count = atoi(argv[3]), size = atoi(argv[5]), batch = atoi(argv[6]), poll = epoll_create1(0);
  double seconds = atof(argv[4]);
  struct epoll_event events[1024];
  connections = calloc(count, sizeof *connections);
  encode(is_websocket, size, batch);
  for (int i = 0; i < count; i++) {
    connections[i].descriptor = open_one(port, 0);
    if (is_websocket) ask_upgrade(connections[i].descriptor), await_upgrade(connections[i].descriptor);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};
    epoll_ctl(poll, EPOLL_CTL_ADD, connections[i].descriptor, &event);
  }
  printf("open\n");
  fflush(stdout);
  for (int i = 0; i < count; i++) fire(&connections[i]);
  long messages = 0;
  int64_t begin = 0, started = now(), end = started + (int64_t)((seconds + 1) * 1e9), at = started;
  double cpu = 0;
  while (at < end) {
    int ready = epoll_wait(poll, events, 1024, 100);
    at = now();
    if (!begin && at > started + 1000000000LL) {
      // The first second warms up and is not counted.
      begin = at, messages = 0, cpu = cpu_seconds();
      memset(histogram, 0, sizeof histogram);
      printf("begin\n");
      fflush(stdout);
    }
    for (int i = 0; i < ready; i++) {
      connection *one = events[i].data.ptr;
      ssize_t got = recv(one->descriptor, buffer, sizeof buffer, MSG_DONTWAIT);
      if (got <= 0) {
        if (got < 0 && errno == EAGAIN) continue;
        return fprintf(stderr, "the server closed a connection\n"), 1;
      }
      one->expected -= got;
      if (one->expected < 0) return fprintf(stderr, "more came back than was sent\n"), 1;
      if (one->expected == 0) {
        histogram[bucket_of(now() - one->sent_at)]++;
        messages += batch;
        fire(one);
      }
    }
  }
  double elapsed = (at - begin) / 1e9;
  printf("{\"messages\":%ld,\"seconds\":%.3f,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"cpu\":%.3f}\n", messages, elapsed, percentile(0.5), percentile(0.99), percentile(0.999), cpu_seconds() - cpu);
  return 0;
}

static int idle(char **argv) {
  enum { WINDOW = 256 };
  int port = atoi(argv[2]), count = atoi(argv[3]), source = atoi(argv[4]);
  connections = calloc(count, sizeof *connections);
  encode(1, 20, 1);
  int64_t begin = now();
  for (int done = 0; done < count; done += WINDOW) {
    int end = done + WINDOW < count ? done + WINDOW : count;
    for (int i = done; i < end; i++) ask_upgrade(connections[i].descriptor = open_one(port, source + i / PORTS_PER_SOURCE));
    for (int i = done; i < end; i++) await_upgrade(connections[i].descriptor);
  }
  printf("open %d %.3f\n", count, (now() - begin) / 1e9);
  fflush(stdout);
  char line[64];
  while (fgets(line, sizeof line, stdin)) {
    int samples;
    if (sscanf(line, "echo %d", &samples) != 1) break;
    memset(histogram, 0, sizeof histogram);
    for (int i = 0; i < samples; i++) {
      connection *one = &connections[(long)i * count / samples];
      fire(one);
      while (one->expected > 0) {
        ssize_t got = recv(one->descriptor, buffer, sizeof buffer, 0);
        if (got <= 0) return fprintf(stderr, "the server closed a connection\n"), 1;
        one->expected -= got;
      }
      histogram[bucket_of(now() - one->sent_at)]++;
    }
    printf("echo %d %.1f %.1f\n", samples, percentile(0.5), percentile(0.99));
    fflush(stdout);
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 7 && !strcmp(argv[1], "raw")) return load(0, argv);
  if (argc == 7 && !strcmp(argv[1], "ws")) return load(1, argv);
  if (argc == 5 && !strcmp(argv[1], "idle")) return idle(argv);
  fprintf(stderr, "usage: load raw|ws PORT CONNECTIONS SECONDS SIZE BATCH | load idle PORT CONNECTIONS FIRST_SOURCE\n");
  return 2;
}
