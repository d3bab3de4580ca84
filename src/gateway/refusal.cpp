#include "gateway/refusal.hpp"

#include "gateway/pages.hpp"
#include "net/text.hpp"

namespace berth::gateway {

bool wants_page(const net::RequestHead& head) {
    for (auto rest = head.find(net::Name::accept); !rest.empty();) {
        auto kind = net::cut_front(rest, ',');
        if (net::same_word(net::trim(net::cut_front(kind, ';')), "text/html")) return true;
    }
    return false;
}

net::Work<net::After> reply(net::Connection& connection, net::Response response) {
    const bool bodyless = connection.head.framing == net::Framing::none;
    // The views of the head stay readable: nothing is read into the inbox before the next request.
    if (bodyless) connection.inbox.consume(connection.head.size);
    return connection.answer(std::move(response), bodyless);
}

net::Work<net::After> refuse(net::Connection& connection, Refusal refusal) {
    auto response = wants_page(connection.head) ? refusal_page(refusal)
                                                : net::problem(refusal.status, refusal.code, refusal.detail,
                                                               refusal.next, connection.request_id());
    if (refusal.status == 503) response.headers.emplace_back("Retry-After", "2");
    return reply(connection, std::move(response));
}

}  // namespace berth::gateway
