// Latencies in nanoseconds, as HDR histograms keep them: 64 linear steps in each power of two, so at most 1.6 % off.
#pragma once
#include <stdint.h>
#include <string.h>

enum { HISTOGRAM_STEPS = 64, HISTOGRAM_BUCKETS = 40 * HISTOGRAM_STEPS };

typedef struct { long counts[HISTOGRAM_BUCKETS]; } histogram;

static inline void histogram_clear(histogram *self) { memset(self, 0, sizeof *self); }

static inline void histogram_add(histogram *self, int64_t value) {
  if (value < 0) value = 0;
  int index = (int)value;
  if (value >= HISTOGRAM_STEPS) {
    int power = 63 - __builtin_clzll(value);
    index = (power - 5) * HISTOGRAM_STEPS + (int)((value >> (power - 6)) & (HISTOGRAM_STEPS - 1));
  }
  self->counts[index < HISTOGRAM_BUCKETS ? index : HISTOGRAM_BUCKETS - 1]++;
}

static inline void histogram_merge(histogram *self, const histogram *other) {
  for (int i = 0; i < HISTOGRAM_BUCKETS; i++) self->counts[i] += other->counts[i];
}

// In microseconds; part is 0.5 for the median. 0 when nothing was counted.
static inline double histogram_percentile(const histogram *self, double part) {
  long total = 0, seen = 0;
  for (int i = 0; i < HISTOGRAM_BUCKETS; i++) total += self->counts[i];
  for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
    if (!(seen += self->counts[i]) || seen < total * part) continue;
    if (i < HISTOGRAM_STEPS) return i / 1000.0;
    int power = i / HISTOGRAM_STEPS + 5;
    return ((double)(1LL << power) + (i % HISTOGRAM_STEPS + 0.5) * (double)(1LL << (power - 6))) / 1000;
  }
  return 0;
}
