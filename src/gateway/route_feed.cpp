#include "gateway/route_feed.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <mutex>

#include "base/log.hpp"

namespace berth::gateway {
namespace {

constexpr int page_size = 200;

/// A row as the table wants it; the label alone once its session is gone.
struct Loaded {
    std::string label;
    std::optional<Route> route;
};

Loaded load(store::Rows& rows, const Session& session) {
    Loaded loaded{.label = session.host, .route = {}};
    if (session.status.phase == Phase::gone) return loaded;
    const auto revision = rows.find_revision(Caller::system(), session.template_, session.revision);
    const auto user = rows.find_user(session.user);
    loaded.route = make_route(session, revision ? revision->spec : TemplateSpec{}, user ? user->name : "");
    loaded.route->version = rows.last_sequence();
    return loaded;
}

void take(RouteTable& table, Loaded loaded) {
    if (loaded.route)
        table.put(std::move(*loaded.route));
    else
        table.erase(loaded.label);
}

}  // namespace

/// What was heard and not looked at yet. The listener's thread adds, the executor takes.
struct RouteFeed::Pending {
    explicit Pending(const asio::any_io_executor& executor)
        : news(executor, asio::steady_timer::time_point::max()) {}

    std::mutex mutex;
    std::set<std::string> sessions;
    std::set<std::string> users;
    asio::steady_timer news;  // Cancelled, on its executor, when something was added.
};

RouteFeed::RouteFeed(store::Store& store, RouteTable& table, asio::any_io_executor executor)
    : store_(store),
      table_(table),
      executor_(executor),
      pending_(std::make_shared<Pending>(executor)),
      tasks_(executor) {}

RouteFeed::~RouteFeed() {
    subscription_.reset();
}

void RouteFeed::hear(const std::vector<Event>& events) {
    const std::lock_guard lock(pending_->mutex);
    const bool idle = pending_->sessions.empty() && pending_->users.empty();
    for (const auto& event : events) {
        if (event.subject_kind == "session") pending_->sessions.insert(event.subject);
        if (!event.kind.starts_with("user.")) continue;
        if (!event.owner.empty()) pending_->users.insert(event.owner.text);
        if (event.subject_kind == "user") pending_->users.insert(event.subject);
    }
    const bool something = !pending_->sessions.empty() || !pending_->users.empty();
    if (idle && something) asio::post(executor_, [pending = pending_] { pending->news.cancel(); });
}

Task<> RouteFeed::start() {
    subscription_ = store_.subscribe([this](const std::vector<Event>& events) { hear(events); });
    co_await load_pages();
    tasks_.start("routes", follow());
}

Task<> RouteFeed::load_pages() {
    store::Query query{.sort = "createdAt", .limit = page_size};
    while (true) {
        auto read = [query](store::Rows& rows) {
            const auto page = rows.list_sessions(Caller::system(), query);
            std::vector<Loaded> loaded;
            for (const auto& session : page.items) loaded.push_back(load(rows, session));
            return std::make_pair(std::move(loaded), page.next);
        };
        auto [loaded, next] = co_await store_.read(std::move(read));
        for (auto& one : loaded) take(table_, std::move(one));
        if (!next) co_return;
        query.cursor = *next;
    }
}

Task<> RouteFeed::reload(std::set<std::string> sessions) {
    auto read = [sessions = std::move(sessions)](store::Rows& rows) {
        std::vector<Loaded> loaded;
        for (const auto& id : sessions)
            if (const auto session = rows.find_session(Caller::system(), {id}))
                loaded.push_back(load(rows, *session));
        return loaded;
    };
    auto loaded = co_await store_.read(std::move(read));
    for (auto& one : loaded) take(table_, std::move(one));
}

Task<> RouteFeed::follow() {
    while (true) {
        std::set<std::string> sessions, users;
        {
            const std::lock_guard lock(pending_->mutex);
            sessions.swap(pending_->sessions);
            users.swap(pending_->users);
        }
        if (sessions.empty() && users.empty()) {
            boost::system::error_code ignored;
            pending_->news.expires_at(asio::steady_timer::time_point::max());
            co_await pending_->news.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            continue;
        }
        for (const auto& user : users)
            if (user_changed) user_changed({user});
        if (sessions.empty()) continue;
        bool failed = false;
        try {
            co_await reload(sessions);
        } catch (const Error& error) {
            log::error("routes are not up to date", {{"error", error.what()}});
            failed = true;
        }
        if (failed) co_await keep_for_later(std::move(sessions));
    }
}

Task<> RouteFeed::keep_for_later(std::set<std::string> sessions) {
    asio::steady_timer pause(executor_, std::chrono::seconds(1));
    co_await pause.async_wait(asio::use_awaitable);
    const std::lock_guard lock(pending_->mutex);
    pending_->sessions.merge(sessions);
}

Task<std::shared_ptr<const Route>> RouteFeed::look_up(std::string label) {
    if (table_.known_missing(label)) co_return nullptr;
    auto read = [label](store::Rows& rows) -> std::optional<Loaded> {
        const auto session = rows.find_session_by_host(label);
        if (!session) return std::nullopt;
        return load(rows, *session);
    };
    auto loaded = co_await store_.read(std::move(read));
    if (loaded && loaded->route) co_return table_.put(std::move(*loaded->route));
    table_.remember_missing(label);
    co_return nullptr;
}

}  // namespace berth::gateway
