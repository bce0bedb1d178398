// What every mode of the load generator shares: the options, the clock, connections with or without TLS, and the result's line.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "histogram.h"

typedef struct {
  int port, connections, size, batch, threads, frozen, source;
  double seconds, warm_up, rate, nap;
  bool tls, resume, bare, deflate, signalr, ticks;
  const char *path;
} load_options;

extern load_options options;

typedef struct { int descriptor; void *tls; } wire;

int64_t now(void);
double cpu_seconds(void);
void fail(const char *what);

// Opens a connection from 127.0.0.SOURCE (0: any). A receive_buffer other than 0 is asked of the kernel before it connects.
void wire_open(wire *self, int source, int receive_buffer);
// Begins to connect without waiting; epoll's EPOLLOUT tells the end.
void wire_begin(wire *self, int source);
// The TLS handshake, or nothing: 1 done, 0 more has to arrive, -1 failed.
int wire_handshake(wire *self);
// Ends the program when --resume was asked and more than a tenth of the handshakes were whole.
void wire_check_resumed(void);
void wire_nonblocking(wire *self);
// Bytes moved; 0: would block; -1: closed or broken.
ssize_t wire_put(wire *self, const void *bytes, size_t length);
ssize_t wire_take(wire *self, void *bytes, size_t length);
// Whether a take that gave `got` of `wanted` bytes may have left some that epoll will not tell of.
bool wire_has_more(wire *self, ssize_t got, size_t wanted);
// Resets the connection, so that no port waits for its last segments.
void wire_reset(wire *self);

// One masked binary frame of `size` bytes, repeated; what the echo of it is long.
char *frames_encode(int size, int batch, long *length, long *answer_length);
extern const char upgrade_request[];
extern const size_t upgrade_length;
void upgrade_await(wire *self);

void report_begin(void);
void report_end(long messages, double seconds, double cpu, const histogram *latencies);

// Steps whatever epoll says is ready, each for as long as it answers true, then naps if it was told to. After the warm-up the count and the latencies begin anew, and are reported at the end.
int run_counted(int poll, bool (*step)(void *one), long *count, histogram *latencies);

int run_throughput(const char *mode);
int run_sse(void);
int run_topics(void);
int run_churn(void);
int run_idle(void);
