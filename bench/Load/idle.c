// Many open WebSockets that say nothing, and a sample of them that is asked for an echo when the input says so.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "load.h"

enum { WINDOW = 256, PORTS_PER_SOURCE = 20000 };

int run_idle(void) {
  wire *wires = calloc(options.connections, sizeof *wires);
  char buffer[4096], line[64];
  long length, answer_length;
  const char *frame = frames_encode(options.size, 1, &length, &answer_length);
  histogram latencies;
  int64_t begin = now();
  for (int done = 0; done < options.connections; done += WINDOW) {
    int end = done + WINDOW < options.connections ? done + WINDOW : options.connections;
    for (int i = done; i < end; i++) {
      wire_open(&wires[i], options.source ? options.source + i / PORTS_PER_SOURCE : 0, 0);
      if (wire_put(&wires[i], upgrade_request, upgrade_length) < 0) fail("send");
    }
    for (int i = done; i < end; i++) upgrade_await(&wires[i]);
  }
  printf("open %d %.3f\n", options.connections, (now() - begin) / 1e9);
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    int samples;
    if (sscanf(line, "echo %d", &samples) != 1) break;
    histogram_clear(&latencies);
    for (int i = 0; i < samples; i++) {
      wire *one = &wires[(long)i * options.connections / samples];
      int64_t sent_at = now();
      if (wire_put(one, frame, length) < 0) fail("send");
      for (long left = answer_length; left > 0;) {
        ssize_t got = wire_take(one, buffer, sizeof buffer);
        if (got <= 0) return fprintf(stderr, "the server closed a connection\n"), 1;
        left -= got;
      }
      histogram_add(&latencies, now() - sent_at);
    }
    printf("echo %d %.1f %.1f\n", samples, histogram_percentile(&latencies, 0.5), histogram_percentile(&latencies, 0.99));
    fflush(stdout);
  }
  return 0;
}
