// The floor under TLS: one epoll loop that gives bytes back through OpenSSL and a pair of memory BIOs. usage: tls PORT CERTIFICATE KEY
#define _GNU_SOURCE
#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "listener.h"

typedef struct { int descriptor; SSL *tls; BIO *in, *out; } peer;

static char buffer[65536], plain[65536];

static void flush(peer *one) {
  for (int length; (length = BIO_read(one->out, buffer, sizeof buffer)) > 0;) send(one->descriptor, buffer, length, MSG_NOSIGNAL);
}

static void end(peer *one) {
  close(one->descriptor);
  SSL_free(one->tls);
  free(one);
}

static void serve(peer *one) {
  ssize_t received = recv(one->descriptor, buffer, sizeof buffer, 0);
  if (received <= 0) return received == 0 || errno != EAGAIN ? end(one) : (void)0;
  BIO_write(one->in, buffer, (int)received);
  if (!SSL_is_init_finished(one->tls) && SSL_do_handshake(one->tls) != 1) return flush(one);
  int count, total = 0;
  while (total < (int)sizeof plain && (count = SSL_read(one->tls, plain + total, sizeof plain - total)) > 0) total += count;
  if (total > 0) SSL_write(one->tls, plain, total);
  flush(one);
}

int main(int argc, char **argv) {
  struct epoll_event events[512];
  SSL_CTX *context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 1);
  if (argc < 4 || SSL_CTX_use_certificate_file(context, argv[2], SSL_FILETYPE_PEM) != 1 || SSL_CTX_use_PrivateKey_file(context, argv[3], SSL_FILETYPE_PEM) != 1) return 1;
  int listener = listen_on(argc, argv, SOCK_NONBLOCK), poll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    int count = epoll_wait(poll, events, 512, -1);
    for (int i = 0; i < count; i++) {
      if (events[i].data.ptr) {
        serve(events[i].data.ptr);
        continue;
      }
      for (int accepted; (accepted = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0;) {
        peer *one = malloc(sizeof *one);
        *one = (peer){accepted, SSL_new(context), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem())};
        SSL_set_bio(one->tls, one->in, one->out);
        SSL_set_accept_state(one->tls);
        struct epoll_event added = {.events = EPOLLIN, .data.ptr = one};
        epoll_ctl(poll, EPOLL_CTL_ADD, accepted, &added);
      }
    }
  }
}
