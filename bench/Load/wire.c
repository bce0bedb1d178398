// Sockets, with TLS when this is compiled with WITH_TLS.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "load.h"
#ifdef WITH_TLS
#include <openssl/ssl.h>
#endif

int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

double cpu_seconds(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

void fail(const char *what) {
  perror(what);
  exit(1);
}

static int make_socket(int source, int receive_buffer, int flags) {
  int on = 1, descriptor = socket(AF_INET, SOCK_STREAM | flags, 0);
  if (descriptor < 0) fail("socket");
  if (receive_buffer) setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  if (source) {
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000000 | source)};
    setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(descriptor, (struct sockaddr *)&from, sizeof from)) fail("bind");
  }
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return descriptor;
}

#ifdef WITH_TLS
static SSL_SESSION *last_session;
static long whole, resumed;

static int keep_session(SSL *tls, SSL_SESSION *session) {
  (void)tls;
  SSL_SESSION_free(last_session);
  last_session = session;
  return 1;
}
#endif

static void make_tls(wire *self) {
  self->tls = NULL;
  if (!options.tls) return;
#ifdef WITH_TLS
  static SSL_CTX *context;
  if (!context) {
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // Without --resume every handshake is a whole one.
    SSL_CTX_set_session_cache_mode(context, options.resume ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
    if (options.resume) SSL_CTX_sess_set_new_cb(context, keep_session);
  }
  SSL *tls = SSL_new(context);
  SSL_set_fd(tls, self->descriptor);
  SSL_set_tlsext_host_name(tls, "localhost");
  if (last_session) SSL_set_session(tls, last_session);
  SSL_set_connect_state(tls);
  self->tls = tls;
#else
  fprintf(stderr, "compiled without TLS\n");
  exit(1);
#endif
}

static struct sockaddr_in server(void) {
  return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(options.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

void wire_open(wire *self, int source, int receive_buffer) {
  struct sockaddr_in to = server();
  self->descriptor = make_socket(source, receive_buffer, 0);
  if (connect(self->descriptor, (struct sockaddr *)&to, sizeof to)) fail("connect");
  make_tls(self);
  if (wire_handshake(self) != 1) fail("handshake");
}

void wire_begin(wire *self, int source) {
  struct sockaddr_in to = server();
  self->descriptor = make_socket(source, 0, SOCK_NONBLOCK);
  if (connect(self->descriptor, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) fail("connect");
  make_tls(self);
}

void wire_nonblocking(wire *self) { fcntl(self->descriptor, F_SETFL, fcntl(self->descriptor, F_GETFL) | O_NONBLOCK); }

#ifdef WITH_TLS
static int tls_result(SSL *tls, int result) {
  int error = SSL_get_error(tls, result);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}
#endif

int wire_handshake(wire *self) {
#ifdef WITH_TLS
  if (self->tls) {
    int result = SSL_do_handshake(self->tls);
    if (result != 1) return tls_result(self->tls, result);
    if (SSL_session_reused(self->tls)) resumed++;
    else whole++;
    return 1;
  }
#endif
  (void)self;
  return 1;
}

ssize_t wire_put(wire *self, const void *bytes, size_t length) {
#ifdef WITH_TLS
  if (self->tls) {
    int result = SSL_write(self->tls, bytes, (int)length);
    return result > 0 ? result : tls_result(self->tls, result);
  }
#endif
  ssize_t sent = send(self->descriptor, bytes, length, MSG_NOSIGNAL);
  return sent >= 0 ? sent : errno == EAGAIN ? 0 : -1;
}

ssize_t wire_take(wire *self, void *bytes, size_t length) {
#ifdef WITH_TLS
  if (self->tls) {
    int result = SSL_read(self->tls, bytes, (int)length);
    return result > 0 ? result : tls_result(self->tls, result);
  }
#endif
  ssize_t got = recv(self->descriptor, bytes, length, 0);
  return got > 0 ? got : got < 0 && errno == EAGAIN ? 0 : -1;
}

bool wire_has_more(wire *self, ssize_t got, size_t wanted) { return self->tls ? got > 0 : got == (ssize_t)wanted; }

void wire_check_resumed(void) {
#ifdef WITH_TLS
  if (!options.resume || resumed > 9 * whole) return;
  fprintf(stderr, "%ld handshakes were whole and only %ld resumed\n", whole, resumed);
  exit(1);
#endif
}

void wire_reset(wire *self) {
  struct linger at_once = {.l_onoff = 1, .l_linger = 0};
  setsockopt(self->descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
#ifdef WITH_TLS
  if (self->tls) {
    // Without a word of the end the library would take the session for broken, and never resume it.
    SSL_set_shutdown(self->tls, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(self->tls);
  }
#endif
  close(self->descriptor);
}
