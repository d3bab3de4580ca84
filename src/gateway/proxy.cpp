#include "gateway/proxy.hpp"

#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>

#include "base/log.hpp"
#include "gateway/carry.hpp"
#include "gateway/refusal.hpp"
#include "gateway/rewrite.hpp"
#include "gateway/use.hpp"
#include "gateway/waker.hpp"
#include "net/pump.hpp"
#include "net/text.hpp"

namespace berth::gateway {
namespace {

/// RFC 9110, 9.2.2.
bool idempotent(std::string_view method) {
    for (const std::string_view one : {"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
        if (method == one) return true;
    return false;
}

/// Any Upgrade but the one to HTTP/2, which our scanner would not understand.
bool may_upgrade(std::string_view upgrade) {
    return !upgrade.empty() && !upgrade.starts_with("h2") && !net::has_word(upgrade, "h2c");
}

/// Writes the head for the application and finds how much of the body is here already.
void prepare(Carry& carry) {
    auto& connection = carry.passage.connection;
    const auto& head = connection.head;
    carry.head_only = head.method == "HEAD";
    carry.old = head.minor == 0;
    carry.keep = head.keep_alive && !connection.leaving;
    carry.upgrade = may_upgrade(head.upgrade);
    carry.websocket = net::same_word(head.upgrade, "websocket");
    carry.body = net::BodyScanner(head.framing, head.length);
    const auto behind = connection.inbox.bytes().substr(head.size);
    const auto step = carry.body.advance(behind);
    carry.ready = behind.substr(0, step.forward);
    carry.taken = head.size + step.consumed;
    carry.passage.body_over = carry.body.ended();
    carry.may_repeat = carry.passage.body_over && idempotent(head.method);
    carry.memory.text.clear();
    const auto client = connection.client_address();
    const RequestChanges changes{.cookies = carry.cookies,
                                 .remote = client,
                                 .user = carry.passage.visitor->name,
                                 .https = connection.config.tls,
                                 .upgrade = carry.upgrade};
    rewrite_request(carry.memory.text, head, changes);
}

net::Slices request_slices(const Carry& carry) {
    const bool end_chunks = carry.passage.body_over && carry.body.framing() == net::Framing::chunked;
    return {carry.memory.text, carry.ready, end_chunks ? line_end : std::string_view()};
}

/// A connection that has served before, and is silent: bytes that wait on it answer nothing that was asked.
bool take_kept(Carry& carry) {
    auto& passage = carry.passage;
    while ((passage.upstream = passage.state.kept.take(passage.way->key))) {
        passage.kept = true;
        if (passage.upstream->look_at_peer() == net::Outcome::would_block) return true;
    }
    return false;
}

std::string place(const Passage& passage) {
    return "port " + std::to_string(passage.way->port) + " of component " + quoted(passage.way->component);
}

net::Work<std::optional<Refusal>> dial_upstream(Passage& passage, const Dial& dial) {
    passage.kept = false;
    passage.upstream.reset();
    Refusal refusal{.code = "no_answer", .title = "The application does not answer"};
    try {
        auto dialling = dial(passage.route->workload, passage.way->component, passage.way->port);
        auto stream = co_await net::run_task(passage.state.loop.executor(), std::move(dialling));
        const auto protocol = stream->local_endpoint().protocol();
        passage.upstream.emplace(
            net::Socket(passage.state.loop.executor(),
                        asio::generic::stream_protocol(protocol.family(), protocol.protocol()),
                        stream->release()),
            net::Channel::Origin::handed);
        // The client may have gone, or its sign-in ended, meanwhile.
        if (passage.client_gone) passage.upstream->close();
        co_return std::nullopt;
    } catch (const Error& error) {
        refusal.status = error.code == "timed_out" ? 504 : 502;
        refusal.detail = place(passage) + ": " + error.user;
        refusal.next = error.next;
    } catch (const boost::system::system_error& error) {
        refusal.detail = place(passage) + ": " + error.code().message();
    }
    if (!passage.route->trouble.empty()) refusal.detail = "it is frozen: " + passage.route->trouble;
    co_return refusal;
}

/// Sends the request as far as it is here.
net::Work<bool> send_request(Carry& carry) {
    auto slices = request_slices(carry);
    const auto sent = carry.passage.upstream->try_write(slices);
    if (sent == net::Outcome::would_block)
        co_return co_await finish_write(carry.passage, *carry.passage.upstream, slices);
    co_return sent == net::Outcome::done;
}

/// The answer, and after it an end to a body that nobody wants any more.
net::Work<Received> receive_beside_body(Carry& carry) {
    const auto received = co_await receive_answer(carry);
    auto& passage = carry.passage;
    passage.answer_over = true;
    if (!passage.body_over && received != Received::upgraded) {
        passage.connection.client.cancel();
        if (passage.upstream) passage.upstream->close();
    }
    co_return received;
}

net::Work<Received> exchange(Carry& carry) {
    if (carry.passage.body_over) co_return co_await receive_answer(carry);
    // All that the inbox has is of this body: what follows is read past it.
    auto executor = carry.passage.state.loop.executor();
    auto both = asio::experimental::make_parallel_group(
        asio::co_spawn(executor, receive_beside_body(carry), asio::deferred),
        asio::co_spawn(executor, send_body(carry), asio::deferred));
    const auto [order, failure, received, body_failure] =
        co_await both.async_wait(asio::experimental::wait_for_all(), net::await);
    if (failure) std::rethrow_exception(failure);
    if (body_failure) std::rethrow_exception(body_failure);
    co_return received;
}

Refusal refusal_of(const Passage& passage, Received received) {
    if (passage.body_bad)
        return {.status = 400,
                .code = "malformed_request",
                .title = "The request was cut off",
                .detail = "the body is not framed as HTTP wants it",
                .next = {}};
    if (passage.timed_out)
        return {.status = 504,
                .code = "timed_out",
                .title = "The application takes too long",
                .detail = place(passage) + " accepted the request and did not begin to answer within " +
                          to_string(passage.state.config.answer_timeout),
                .next = {}};
    Refusal refusal{.status = 502,
                    .code = "no_answer",
                    .title = "The application did not answer",
                    .detail = {},
                    .next = {}};
    refusal.detail =
        place(passage) + (received == Received::malformed ? " answered something that is no HTTP"
                                                          : " closed the connection without an answer");
    return refusal;
}

/// A frozen application cannot be asked: where it would be, whoever opens a page makes it go on, and what a
/// page sends by itself when that changes something.
bool thaws(const Passage& passage) {
    if (passage.use != Use::probed) return passage.use == Use::counts;
    const auto& head = passage.connection.head;
    const bool reads = head.method == "GET" || head.method == "HEAD" || head.method == "OPTIONS";
    if (reads && who_asks(head) == Asker::background) return false;
    if (passage.state.thaw) passage.state.thaw(*passage.route, "request");
    return true;
}

/// For what is no use of it: nobody waits there for an answer.
Refusal still_frozen(const Passage& passage) {
    return {.status = 503,
            .code = "not_running",
            .title = "Frozen",
            .detail = "session " + quoted(passage.route->session_name) + " is frozen",
            .next = "it goes on once somebody uses it"};
}

net::Work<net::After> tunnel(Carry& carry) {
    auto& passage = carry.passage;
    auto& connection = passage.connection;
    const std::string from_client =
        std::string(connection.inbox.bytes().substr(carry.taken)) + carry.pushback;
    connection.inbox.consume(connection.inbox.bytes().size());
    passage.waiting = false;
    passage.answer_begun = true;
    const net::Slices down{carry.memory.text, carry.early};
    const net::Slices up{from_client};
    if (!co_await connection.client.write(down) || !co_await passage.upstream->write(up))
        co_return net::After::close;
    auto walk = std::make_shared<FrameWalk>();
    auto count = [&passage, walk](std::string_view piece) {
        if (walk->holds_data(piece))
            passage.count_activity("websocket");
        else
            passage.note_pings();
    };
    if (!from_client.empty()) count(from_client);
    net::Tap follow;
    if (carry.websocket) {
        passage.frames_down.emplace().holds_data(carry.early);
        follow = [&passage](std::string_view piece) { passage.frames_down->holds_data(piece); };
    }
    co_await net::pump(passage.state.loop, connection.client, *passage.upstream, std::move(count),
                       std::move(follow));
    co_return net::After::close;
}

/// The answer went out whole: what becomes of the client's connection.
net::Work<net::After> finish(Carry& carry) {
    auto& connection = carry.passage.connection;
    if (!carry.passage.body_over) {
        co_await connection.linger();
        co_return net::After::close;
    }
    connection.inbox.consume(carry.taken);
    connection.inbox.append(carry.pushback);
    co_return carry.keep ? net::After::keep : net::After::close;
}

net::Work<net::After> carry_through(Passage& passage, const Dial& dial, const OwnCookies& cookies) {
    auto& connection = passage.connection;
    Carry carry{.passage = passage,
                .cookies = cookies,
                .memory = *static_cast<ClientMemory*>(connection.memory.get())};
    prepare(carry);
    passage.body_bad = carry.body.bad();
    if (passage.route->frozen && !thaws(passage))
        co_return co_await refuse(connection, still_frozen(passage));
    passage.count_activity("request");
    auto received = Received::dead;
    bool fresh = false;
    while (!passage.body_bad) {
        if (fresh || !take_kept(carry)) {
            auto refusal = co_await dial_upstream(passage, dial);
            if (refusal && !passage.client_gone) co_return co_await refuse(connection, std::move(*refusal));
            if (refusal) co_return net::After::close;
        }
        const bool sent = co_await send_request(carry);
        received = sent ? co_await exchange(carry) : Received::dead;
        const bool again =
            received == Received::dead && passage.kept && carry.may_repeat && !passage.timed_out;
        if (!again || passage.client_gone) break;
        fresh = true;
        prepare(carry);
    }
    passage.waiting = false;
    if (received == Received::whole) co_return co_await finish(carry);
    if (received == Received::upgraded) co_return co_await tunnel(carry);
    if (received == Received::broken || passage.client_gone) co_return net::After::close;
    co_return co_await refuse(connection, refusal_of(passage, received));
}

}  // namespace

net::Work<net::After> forward(LoopState& state, net::Connection& connection,
                              std::shared_ptr<const Route> route, std::shared_ptr<const Way> way,
                              std::shared_ptr<const Visitor> visitor, const Dial& dial,
                              const OwnCookies& cookies) {
    Passage passage(state, connection, std::move(route), std::move(way), std::move(visitor));
    if (!passage.within_limits()) {
        Refusal full{.status = 429,
                     .code = "too_many_connections",
                     .title = "Too many connections",
                     .detail = "too many requests and sockets of this session or user are open",
                     .next = "close a tab or a program that uses it"};
        co_return co_await refuse(connection, std::move(full));
    }
    try {
        co_return co_await carry_through(passage, dial, cookies);
    } catch (const std::exception& error) {
        // How much of an answer went out is not known: only closing says that something is wrong.
        log::error("a request was dropped",
                   {{"session", passage.route->session.text}, {"error", error.what()}});
    }
    co_return net::After::close;
}

}  // namespace berth::gateway
