#include "net/http_call.hpp"

#include "net/http_client_exchange.hpp"

namespace berth::net {

Task<CallResponse> call_on(HandedSocket<> socket, CallRequest request, std::size_t body_max) {
    request.headers.emplace_back("Connection", "close");
    auto head = render_head({}, request);
    Exchange exchange(make_connection(std::move(socket)), request.method);
    try {
        co_await exchange.send(std::move(head), std::move(request.body));
        co_await exchange.read_head();
        CallResponse response{.status = exchange.status(), .headers = exchange.headers()};
        response.body = co_await exchange.read_body(body_max);
        co_return response;
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) throw;
        throw Error(Kind::unavailable, "connection_lost", "no HTTP answer: " + error.code().message());
    }
}

}  // namespace berth::net
