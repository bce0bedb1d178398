// WebSocket on the client's side: the upgrade and frames that are encoded before the clock runs.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "load.h"

const char upgrade_request[] = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const size_t upgrade_length = sizeof upgrade_request - 1;

char *frames_encode(int size, int batch, long *length, long *answer_length) {
  static const char mask[4] = {0x12, 0x34, 0x56, 0x78};
  char header[14] = {(char)0x82};
  int header_length = 2;
  if (size < 126) header[1] = (char)(0x80 | size);
  else if (size < 65536) header[1] = (char)(0x80 | 126), header[2] = (char)(size >> 8), header[3] = (char)size, header_length = 4;
  else {
    header[1] = (char)(0x80 | 127);
    for (int i = 0; i < 8; i++) header[2 + i] = i < 4 ? 0 : (char)(size >> (8 * (7 - i)));
    header_length = 10;
  }
  *answer_length = (long)batch * (header_length + size);
  memcpy(header + header_length, mask, 4);
  header_length += 4;
  *length = (long)batch * (header_length + size);
  char *frames = malloc(*length), *at = frames;
  for (int i = 0; i < batch; i++) {
    memcpy(at, header, header_length);
    at += header_length;
    for (int j = 0; j < size; j++) *at++ = (char)('a' + j % 26) ^ mask[j & 3];
  }
  return frames;
}

// Byte by byte, so that nothing behind the head is taken. For blocking connections.
void upgrade_await(wire *self) {
  char head[4096];
  int length = 0;
  while (length < 4 || memcmp(head + length - 4, "\r\n\r\n", 4)) {
    if (length == sizeof head || wire_take(self, head + length, 1) <= 0) fprintf(stderr, "the upgrade was refused\n"), exit(1);
    length++;
  }
  if (memcmp(head, "HTTP/1.1 101", 12)) fprintf(stderr, "%.*s\n", length, head), exit(1);
}
