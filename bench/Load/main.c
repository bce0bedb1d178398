// A load generator for one or more cores: nonblocking epoll loops, everything to send is encoded before the clock runs, answers are counted by their bytes.
// It says "open" when all connections stand, "begin" when it starts to count, and ends with one line of JSON.
#define _GNU_SOURCE
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "load.h"

load_options options = {.connections = 100, .size = 20, .batch = 1, .threads = 1, .seconds = 3, .warm_up = 1, .path = "/plain"};

static const char usage[] =
    "usage: load raw|ws|http|sse|topics|churn|idle --port N [options]\n"
    "  raw, ws, http  --size bytes, --batch messages a write, --rate messages a second in all (0: closed loop, one batch in flight a connection),\n"
    "                 --frozen N more connections that send and never read; http: --path\n"
    "                 --ticks: each second of the counting a line \"tick\" and the messages so far\n"
    "  sse            --path of a stream whose data lines begin with the server's monotonic clock in ns; latency from there to here\n"
    "                 --nap MS between two turns of reading, so that the sender shares no cache with a reader at work, as if it were on another machine\n"
    "  topics         --path of WebSockets that only read, messages whose text holds that clock; --deflate: offer compression; --signalr: greet in its JSON protocol;\n"
    "                 --frozen N more that do not read, with small buffers; --source N: all from 127.0.0.N\n"
    "  churn          connect, upgrade, one message, close, again; --bare: connect, --size bytes there and back, again\n"
    "  idle           --source N: WebSockets from 127.0.0.N on; then obeys its input: \"echo N\" samples N of them, anything else ends\n"
    "  all            --connections N, --threads N, --seconds S, --warm-up S, --tls, --resume (the last TLS session)\n";

void report_begin(void) {
  printf("begin\n");
  fflush(stdout);
}

void report_end(long messages, double seconds, double cpu, const histogram *latencies) {
  printf("{\"messages\":%ld,\"seconds\":%.3f,\"min\":%.1f,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f,\"cpu\":%.4f}\n", messages,
         seconds, histogram_percentile(latencies, 0), histogram_percentile(latencies, 0.5), histogram_percentile(latencies, 0.9), histogram_percentile(latencies, 0.99),
         histogram_percentile(latencies, 0.999), histogram_percentile(latencies, 1), cpu);
  fflush(stdout);
}

int run_counted(int poll, bool (*step)(void *one), long *count, histogram *latencies) {
  enum { MAX_EVENTS = 1024 };
  struct epoll_event events[MAX_EVENTS];
  int64_t at = now(), begin_at = at + (int64_t)(options.warm_up * 1e9), end_at = begin_at + (int64_t)(options.seconds * 1e9), began = 0;
  double cpu = 0;
  while (at < end_at) {
    int ready = epoll_wait(poll, events, MAX_EVENTS, 50);
    at = now();
    if (!began && at >= begin_at) {
      began = at, *count = 0, cpu = cpu_seconds();
      histogram_clear(latencies);
      report_begin();
    }
    for (int i = 0; i < ready; i++)
      while (step(events[i].data.ptr)) {}
    if (options.nap) usleep((useconds_t)(options.nap * 1000));
  }
  report_end(*count, (at - began) / 1e9, cpu_seconds() - cpu, latencies);
  return 0;
}

int main(int argc, char **argv) {
  static const struct option names[] = {
      {"port", 1, 0, 'p'},    {"connections", 1, 0, 'c'}, {"size", 1, 0, 's'},   {"batch", 1, 0, 'b'},  {"threads", 1, 0, 't'}, {"frozen", 1, 0, 'f'},
      {"source", 1, 0, 'o'},  {"seconds", 1, 0, 'd'},     {"warm-up", 1, 0, 'w'}, {"rate", 1, 0, 'r'},  {"tls", 0, 0, 'T'},     {"path", 1, 0, 'P'},
      {"nap", 1, 0, 'N'},     {"resume", 0, 0, 'R'},      {"bare", 0, 0, 'B'}, {"deflate", 0, 0, 'D'}, {"signalr", 0, 0, 'S'}, {"ticks", 0, 0, 'K'},
      {0}};
  for (int name; (name = getopt_long(argc, argv, "", names, NULL)) != -1;) switch (name) {
      case 'p': options.port = atoi(optarg); break;
      case 'c': options.connections = atoi(optarg); break;
      case 's': options.size = atoi(optarg); break;
      case 'b': options.batch = atoi(optarg); break;
      case 't': options.threads = atoi(optarg); break;
      case 'f': options.frozen = atoi(optarg); break;
      case 'o': options.source = atoi(optarg); break;
      case 'd': options.seconds = atof(optarg); break;
      case 'w': options.warm_up = atof(optarg); break;
      case 'r': options.rate = atof(optarg); break;
      case 'T': options.tls = true; break;
      case 'P': options.path = optarg; break;
      case 'R': options.resume = true; break;
      case 'B': options.bare = true; break;
      case 'D': options.deflate = true; break;
      case 'S': options.signalr = true; break;
      case 'K': options.ticks = true; break;
      case 'N': options.nap = atof(optarg); break;
      default: return fputs(usage, stderr), 2;
    }
  const char *mode = optind < argc ? argv[optind] : "";
  if (options.port && options.connections > 0 && options.threads > 0) {
    if (!strcmp(mode, "raw") || !strcmp(mode, "ws") || !strcmp(mode, "http")) return run_throughput(mode);
    if (!strcmp(mode, "sse")) return run_sse();
    if (!strcmp(mode, "topics")) return run_topics();
    if (!strcmp(mode, "churn")) return run_churn();
    if (!strcmp(mode, "idle")) return run_idle();
  }
  return fputs(usage, stderr), 2;
}
