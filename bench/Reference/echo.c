// The floor: one epoll loop that gives bytes back. usage: echo PORT
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
  static char buffer[65536];
  struct epoll_event events[512];
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), poll = epoll_create1(0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) return perror("listen"), 1;
  getsockname(listener, (struct sockaddr *)&address, &length);
  printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);
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
