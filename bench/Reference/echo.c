// The floor: one epoll loop that gives bytes back. usage: echo PORT
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "listener.h"

int main(int argc, char **argv) {
  static char buffer[65536];
  struct epoll_event events[512];
  int listener = listen_on(argc, argv, SOCK_NONBLOCK), poll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    int count = epoll_wait(poll, events, 512, -1);
    for (int i = 0; i < count; i++) {
      int peer = events[i].data.fd;
      if (peer == listener) {
        while ((peer = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0) {
          struct epoll_event added = {.events = EPOLLIN | EPOLLET, .data.fd = peer};
          epoll_ctl(poll, EPOLL_CTL_ADD, peer, &added);
        }
        continue;
      }
      ssize_t received = recv(peer, buffer, sizeof buffer, 0);
      if (received > 0) send(peer, buffer, received, MSG_NOSIGNAL);
      else if (received == 0) close(peer);
    }
  }
}
