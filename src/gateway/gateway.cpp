#include "gateway/gateway.hpp"

#include <boost/asio/post.hpp>

#include "base/log.hpp"
#include "gateway/pages.hpp"
#include "gateway/proxy.hpp"
#include "net/text.hpp"

namespace berth::gateway {
namespace {

using net::After;
using net::Work;

constexpr std::string_view own_paths = "/.berth/";

Refusal not_here() {
    return {.status = 404,
            .code = "not_found",
            .title = "No such session",
            .detail = "there is no session of yours at this address",
            .next = "Look at the list of your sessions."};
}

/// The store is away, or something that nobody foresaw.
Refusal trouble(const std::exception& error) {
    log::error("a session host could not be served", {{"error", error.what()}});
    Refusal refusal{.status = 503,
                    .code = "unavailable",
                    .title = "Not now",
                    .detail = "something that is needed does not answer",
                    .next = "Try again in a moment."};
    if (const auto* known = dynamic_cast<const Error*>(&error)) refusal.detail = known->user;
    return refusal;
}

bool changes_something(std::string_view method) {
    return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

ClientMemory& memory_of(net::Connection& connection) {
    if (!connection.memory) connection.memory = std::make_shared<ClientMemory>();
    return *static_cast<ClientMemory*>(connection.memory.get());
}

std::string_view without_query(std::string_view path) {
    return path.substr(0, path.find('?'));
}

net::Response redirect(std::string to, int status) {
    net::Response response;
    response.status = status;
    response.headers = {{"Location", std::move(to)}, {"Cache-Control", "no-store"}};
    return response;
}

}  // namespace

Gateway::Gateway(World world, GatewayConfig config)
    : world_(std::move(world)),
      config_(config),
      cookies_(own_cookies(world_.origin)),
      scheme_(world_.origin.https ? "https://" : "http://") {}

void Gateway::attach(net::Server& server) {
    for (int index = 0; index < server.loop_count(); ++index) {
        auto state = std::make_unique<LoopState>(server.loop(index), config_, world_.clock, world_.thaw);
        server.loop(index).every_second([raw = state.get()] { raw->tick(); });
        server.loop(index).at_end([raw = state.get()] { raw->kept.clear(); });
        loops_.push_back(std::move(state));
    }
}

void Gateway::close(std::function<bool(const Visitor&, const Route&)> wanted) {
    for (auto& state : loops_)
        asio::post(state->loop.executor(), [raw = state.get(), wanted] { raw->close(wanted); });
}

Gateway::Place Gateway::find_here(std::string_view label) const {
    if (auto route = world_.routes.find(label)) return {route, route->first};
    const auto inner = auth::session_label(label);
    if (inner.size() == label.size()) return {};
    auto route = world_.routes.find(inner);
    if (!route) return {};
    return {route, find_way(*route, label.substr(0, label.size() - inner.size() - 2))};
}

std::shared_ptr<const Visitor> Gateway::remembered(const net::Connection& connection,
                                                   const Proof& proof) const {
    const auto* memory = static_cast<const ClientMemory*>(connection.memory.get());
    if (memory == nullptr || !memory->visitor || proof.kind == Proof::Kind::none) return nullptr;
    const bool same = memory->proof == proof.text && memory->host == connection.head.host &&
                      memory->visitor->by_cookie() == (proof.kind == Proof::Kind::cookie) &&
                      memory->revision == world_.gatekeeper.revision() &&
                      world_.clock.now() < memory->visitor->until;
    return same ? memory->visitor : nullptr;
}

/// Cookies go along with whatever page makes the browser send something; the Origin says which page that was.
bool Gateway::sent_by_own_page(const net::Connection& connection, const Visitor& visitor) const {
    const auto& head = connection.head;
    if (!visitor.by_cookie()) return true;
    const bool opens_socket = !head.upgrade.empty();
    if (!opens_socket && !changes_something(head.method)) return true;
    const auto origin = head.find(net::Name::origin);
    if (origin.empty()) {
        const auto site = head.find(net::Name::sec_fetch_site);
        return !opens_socket &&
               (site.empty() || net::same_word(site, "same-origin") || net::same_word(site, "none"));
    }
    return origin.size() == scheme_.size() + head.host.size() && origin.starts_with(scheme_) &&
           net::same_word(origin.substr(scheme_.size()), head.host);
}

Work<After> Gateway::pass(net::Connection& connection, Place place, std::shared_ptr<const Visitor> visitor) {
    return forward(*loops_[static_cast<std::size_t>(connection.loop.index())], connection,
                   std::move(place.route), std::move(place.way), std::move(visitor), world_.dial, cookies_);
}

Work<After> Gateway::serve(net::Connection& connection) {
    const auto& head = connection.head;
    const auto proof = find_proof(head, cookies_);
    const auto label = auth::host_label(world_.origin, head.host);
    auto visitor = remembered(connection, proof);
    if (visitor && label && !head.path.starts_with(own_paths)) {
        auto place = find_here(*label);
        const bool open = place.way && place.route->live && place.way->kind == AccessKind::web &&
                          place.route->user == visitor->user;
        if (open && sent_by_own_page(connection, *visitor))
            return pass(connection, std::move(place), std::move(visitor));
    }
    return serve_slowly(connection, proof);
}

Work<std::shared_ptr<const Visitor>> Gateway::admit(net::Connection& connection, Proof proof) {
    auto& memory = memory_of(connection);
    for (int attempt = 0; attempt < 3; ++attempt) {
        const auto revision = world_.gatekeeper.revision();
        auto judging =
            world_.gatekeeper.admit(proof.kind, std::string(proof.text), std::string(connection.head.host));
        auto visitor = co_await net::run_task(connection.loop.executor(), std::move(judging));
        if (!visitor) break;
        // A sign-out that came meanwhile may have been too late for this look and too early for the list of
        // open sockets.
        if (revision != world_.gatekeeper.revision()) continue;
        memory.host = connection.head.host;
        memory.proof = proof.text;
        memory.visitor = visitor;
        memory.revision = revision;
        co_return visitor;
    }
    memory.visitor = nullptr;
    co_return nullptr;
}

Work<Gateway::Place> Gateway::find_place(net::Connection& connection, std::string label) {
    label = net::lower(label);
    auto place = find_here(label);
    if (place.route || !world_.look_up) co_return place;
    const std::string inner(auth::session_label(label));
    for (const auto& candidate : {inner, label}) {
        auto looking = world_.look_up(candidate);
        const auto route = co_await net::run_task(connection.loop.executor(), std::move(looking));
        if (route) co_return find_here(label);
        if (inner == label) break;
    }
    co_return place;
}

Work<After> Gateway::serve_slowly(net::Connection& connection, Proof proof) {
    const auto& head = connection.head;
    const auto path = without_query(head.path);
    std::optional<Refusal> refusal;
    try {
        if (path == "/.berth/page.css") co_return co_await reply(connection, style_sheet());
        if (proof.kind == Proof::Kind::twice) {
            Refusal twice{.status = 400,
                          .code = "duplicate_cookie",
                          .title = "Two sign-ins at once",
                          .detail = "the browser sent our cookie twice",
                          .next = "Delete the cookies of this address."};
            co_return co_await refuse(connection, std::move(twice));
        }
        if (path == "/.berth/ticket" && world_.sign_in != nullptr) co_return co_await take_ticket(connection);
        auto visitor = remembered(connection, proof);
        if (!visitor && proof.kind != Proof::Kind::none) visitor = co_await admit(connection, proof);
        if (path == auth::host_sign_in_path && world_.sign_in != nullptr)
            co_return co_await sign_in_and_go_on(connection, visitor != nullptr);
        if (!visitor) co_return co_await ask_to_sign_in(connection, proof);
        const auto label = auth::host_label(world_.origin, head.host);
        auto place = co_await find_place(connection, std::string(label.value_or("")));
        if (!place.way || place.route->user != visitor->user)
            co_return co_await refuse(connection, not_here());
        if (!sent_by_own_page(connection, *visitor)) {
            Refusal foreign{
                .status = 403,
                .code = "origin_refused",
                .title = "Sent by another page",
                .detail = "this came from a page of " + quoted(head.find(net::Name::origin).substr(0, 200)),
                .next = {}};
            co_return co_await refuse(connection, std::move(foreign));
        }
        if (head.path.starts_with(own_paths)) co_return co_await serve_own_path(connection, std::move(place));
        if (!place.route->live) co_return co_await answer_stopped(connection, std::move(place));
        if (place.way->kind == AccessKind::web)
            co_return co_await pass(connection, std::move(place), std::move(visitor));
        const auto* page = place.way->kind == AccessKind::terminal ? "/terminal" : "/desktop";
        co_return co_await reply(
            connection, redirect(world_.origin.url + "/sessions/" + place.route->session.text + page, 302));
    } catch (const std::exception& error) {
        refusal = trouble(error);
    }
    co_return co_await refuse(connection, std::move(*refusal));
}

Work<After> Gateway::serve_own_path(net::Connection& connection, Place place) {
    if (without_query(connection.head.path) != "/.berth/wake" || connection.head.method != "POST" ||
        world_.waker == nullptr)
        co_return co_await refuse(connection, not_here());
    const auto view = co_await wake(connection, *place.route, Waker::Failed::retry);
    if (!view) co_return co_await refuse(connection, not_here());
    if (view->refused) co_return co_await reply(connection, wake_page(*view));
    co_return co_await reply(connection, redirect("/", 303));
}

Work<After> Gateway::take_ticket(net::Connection& connection) {
    const auto nonce = find_cookie(connection.head, cookies_.nonce);
    auto taking = world_.sign_in->take_ticket(std::string(connection.head.host),
                                              std::string(connection.head.path), std::string(nonce.text));
    auto response = co_await net::run_task(connection.loop.executor(), std::move(taking));
    co_return co_await reply(connection, std::move(response));
}

Work<After> Gateway::ask_to_sign_in(net::Connection& connection, Proof proof) {
    const auto& head = connection.head;
    const bool navigates = who_asks(head) == Asker::browser && !changes_something(head.method);
    if (navigates && proof.kind != Proof::Kind::token && world_.sign_in != nullptr) {
        const auto nonce = find_cookie(head, cookies_.nonce);
        co_return co_await reply(connection,
                                 world_.sign_in->send_for_ticket(head.host, head.path, nonce.text));
    }
    Refusal refusal{
        .status = 401,
        .code = "unauthenticated",
        .title = "Sign in first",
        .detail = "this request carries no valid proof of who sent it",
        .next =
            "Open the session in a browser that is signed in, or send a token in the Berth-Token header."};
    co_return co_await refuse(connection, std::move(refusal));
}

/// Where a proxy before us sends a browser whose request it did not let through.
Work<After> Gateway::sign_in_and_go_on(net::Connection& connection, bool signed_in) {
    const auto to = next_path(connection.head.path);
    if (signed_in) co_return co_await reply(connection, redirect(to, 302));
    const auto nonce = find_cookie(connection.head, cookies_.nonce);
    co_return co_await reply(connection,
                             world_.sign_in->send_for_ticket(connection.head.host, to, nonce.text));
}

Work<std::optional<WakeView>> Gateway::wake(net::Connection& connection, const Route& route,
                                            Waker::Failed failed) {
    auto waking = world_.waker->wake(route.session, failed);
    return net::run_task(connection.loop.executor(), std::move(waking));
}

Work<After> Gateway::answer_stopped(net::Connection& connection, Place place) {
    const auto asker = who_asks(connection.head);
    Refusal stopped{.status = 503, .code = "not_running", .title = "Not running", .detail = {}, .next = {}};
    stopped.detail = "session " + quoted(place.route->session_name) + " is not running";
    stopped.next = "open it in a browser, or ask for it by the API, to wake it";
    const bool nobody = asker == Asker::background || use_of(connection.head, *place.way) == Use::ignored;
    if (nobody || world_.waker == nullptr) co_return co_await refuse(connection, std::move(stopped));
    // From before the wake on, so that no change is missed.
    RouteTable::Watch watch(world_.routes, place.route->label, connection.loop.executor());
    const auto view = co_await wake(connection, *place.route, Waker::Failed::stay);
    if (!view) co_return co_await refuse(connection, not_here());
    if (asker == Asker::browser) co_return co_await reply(connection, wake_page(*view));
    if (view->refused) {
        Refusal full{.status = 429,
                     .code = view->refused->code,
                     .title = "No room",
                     .detail = view->refused->user,
                     .next = view->refused->next};
        co_return co_await refuse(connection, std::move(full));
    }
    co_return co_await hold(connection, std::move(place), watch);
}

Work<After> Gateway::hold(net::Connection& connection, Place place, RouteTable::Watch& watch) {
    const auto last = std::chrono::steady_clock::now() + config_.hold_limit;
    Refusal late{
        .status = 503, .code = "not_running", .title = "Still starting", .detail = {}, .next = "ask again"};
    late.detail = "session " + quoted(place.route->session_name) + " is starting";
    while (!connection.draining && connection.client.open()) {
        const auto route = world_.routes.find(place.route->label);
        if (!route) break;
        // Everything is judged again: the wait was long enough for a sign-out.
        if (route->live) co_return co_await serve(connection);
        if (route->failed) {
            late.title = "It did not start";
            late.detail = "session " + quoted(route->session_name) + " did not start";
            late.next = "look at its logs, then wake it again";
            break;
        }
        const auto left = std::chrono::duration_cast<Duration>(last - std::chrono::steady_clock::now());
        if (left <= Duration(0)) break;
        auto waiting = watch.changed(left);
        co_await net::run_task(connection.loop.executor(), std::move(waiting));
    }
    co_return co_await refuse(connection, std::move(late));
}

}  // namespace berth::gateway
