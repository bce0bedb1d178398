// usage: server PORT: Boost.Beast on one thread, as its asynchronous examples use it: /plain, and every upgrade is an echo.
#include <boost/asio.hpp>
#include <boost/beast.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;
using error = boost::system::error_code;

// A single thread needs no locks and no type-erased executor.
using executor = asio::io_context::executor_type;
using stream = asio::basic_stream_socket<tcp, executor>;

class echo_session : public std::enable_shared_from_this<echo_session> {
 public:
  explicit echo_session(stream socket) : socket_(std::move(socket)) {}

  void accept(http::request<http::string_body> request) {
    request_ = std::move(request);
    socket_.async_accept(request_, [self = shared_from_this()](error failed) { if (!failed) self->read(); });
  }

 private:
  void read() {
    socket_.async_read(buffer_, [self = shared_from_this()](error failed, std::size_t) { if (!failed) self->write(); });
  }

  void write() {
    socket_.text(socket_.got_text());
    socket_.async_write(buffer_.data(), [self = shared_from_this()](error failed, std::size_t) {
      if (failed) return;
      self->buffer_.consume(self->buffer_.size());
      self->read();
    });
  }

  websocket::stream<stream> socket_;
  http::request<http::string_body> request_;
  beast::flat_buffer buffer_;
};

class http_session : public std::enable_shared_from_this<http_session> {
 public:
  explicit http_session(stream socket) : socket_(std::move(socket)) {}

  void read() {
    request_ = {};
    http::async_read(socket_, buffer_, request_, [self = shared_from_this()](error failed, std::size_t) { if (!failed) self->answer(); });
  }

 private:
  void answer() {
    if (websocket::is_upgrade(request_)) {
      std::make_shared<echo_session>(std::move(socket_))->accept(std::move(request_));
      return;
    }
    response_.emplace(http::status::ok, request_.version());
    response_->set(http::field::content_type, "text/plain");
    response_->keep_alive(request_.keep_alive());
    response_->body() = "Hello, World!";
    response_->prepare_payload();
    http::async_write(socket_, *response_, [self = shared_from_this()](error failed, std::size_t) {
      if (!failed && self->response_->keep_alive()) self->read();
    });
  }

  stream socket_;
  beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  std::optional<http::response<http::string_body>> response_;
};

template <class Acceptor>
void accept(Acceptor& acceptor) {
  acceptor.async_accept([&acceptor](error failed, stream socket) {
    if (!failed) {
      socket.set_option(tcp::no_delay(true));
      std::make_shared<http_session>(std::move(socket))->read();
    }
    accept(acceptor);
  });
}

int main(int argc, char** argv) {
  asio::io_context context(1);
  asio::basic_socket_acceptor<tcp, executor> acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), argc > 1 ? std::atoi(argv[1]) : 0));
  acceptor.listen(4096);
  std::printf("listening on 127.0.0.1:%d\n", acceptor.local_endpoint().port());
  std::fflush(stdout);
  accept(acceptor);
  context.run();
}
