#include "api/feed.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

namespace berth::api {
namespace {

bool holds(const json::object& data, std::string_view key, const std::string& text) {
    const auto* found = data.if_contains(key);
    return found != nullptr && found->is_string() && !text.empty() && found->get_string() == text;
}

}  // namespace

Listener::Listener(auth::Identity identity, bool all, asio::any_io_executor executor, std::size_t queue_max)
    : identity_(std::move(identity)),
      all_(all),
      queue_max_(queue_max),
      executor_(executor),
      moved_(std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max())) {}

bool Listener::something() const {
    return !waiting_.events.empty() || !waiting_.images.empty() || waiting_.missed;
}

void Listener::wake() {
    asio::post(executor_, [moved = moved_] { moved->cancel(); });
}

Task<Listener::Heard> Listener::hear() {
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            if (something()) {
                Heard heard = std::move(waiting_);
                waiting_ = Heard{};
                co_return heard;
            }
        }
        boost::system::error_code ec;
        co_await moved_->async_wait(asio::redirect_error(asio::use_awaitable, ec));
    }
}

Task<> Listener::ended() {
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            if (ended_) co_return;
        }
        boost::system::error_code ec;
        co_await moved_->async_wait(asio::redirect_error(asio::use_awaitable, ec));
    }
}

bool Listener::may_see(const Event& event) const {
    return all_ || event.owner.empty() || event.owner == identity_.caller.user;
}

void Listener::give(const Event& event) {
    if (queue_max_ == 0 || !may_see(event)) return;
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.missed) return;
        if (waiting_.events.size() >= queue_max_) {
            waiting_.events.clear();
            waiting_.missed = true;
        } else {
            waiting_.events.push_back(event);
        }
    }
    wake();
}

void Listener::give(const std::string& image, const ObservedImage& state) {
    if (queue_max_ == 0) return;
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.images.size() >= queue_max_) return;
        waiting_.images[image] = state;
    }
    wake();
}

void Listener::end() {
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
    }
    wake();
}

std::shared_ptr<Feed> Feed::start(store::Store& store) {
    auto feed = std::make_shared<Feed>();
    feed->subscription_ = store.subscribe([weak = std::weak_ptr(feed)](const std::vector<Event>& events) {
        if (const auto alive = weak.lock()) alive->publish(events);
    });
    return feed;
}

std::shared_ptr<Listener> Feed::join(auth::Identity identity, bool all, asio::any_io_executor executor,
                                     std::size_t queue_max, int sockets_max) {
    int open = 0;
    for (const auto& listener : everybody())
        if (listener->identity().caller.user == identity.caller.user) ++open;
    if (open >= sockets_max)
        throw Error(Kind::too_many, "too_many_sockets",
                    "you have " + std::to_string(open) + " connections open, which is the limit",
                    "close a page or a terminal that is not needed");
    auto listener = std::make_shared<Listener>(std::move(identity), all, std::move(executor), queue_max);
    const std::lock_guard lock(mutex_);
    listeners_.push_back(listener);
    return listener;
}

std::vector<std::shared_ptr<Listener>> Feed::everybody() {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<Listener>> alive;
    std::erase_if(listeners_, [&](const auto& weak) {
        auto listener = weak.lock();
        if (!listener) return true;
        alive.push_back(std::move(listener));
        return false;
    });
    return alive;
}

void Feed::publish(const std::vector<Event>& events) {
    for (const auto& listener : everybody()) {
        for (const auto& event : events) {
            listener->give(event);
            if (ends(event, listener->identity())) listener->end();
        }
    }
}

void Feed::publish_image(const std::string& image, const ObservedImage& state) {
    for (const auto& listener : everybody()) listener->give(image, state);
}

bool ends(const Event& event, const auth::Identity& identity) {
    if (event.subject_kind != "user" || event.subject != identity.caller.user.text) return false;
    if (event.kind == "user.logout") return holds(event.data, "login", identity.login.text);
    if (event.kind == "user.tokenRevoked") return holds(event.data, "token", identity.token.text);
    if (event.kind != "user.updated") return false;
    const auto* active = event.data.if_contains("active");
    const bool shut_out = active != nullptr && active->is_bool() && !active->get_bool();
    // What it may see was decided when it came.
    const auto* role = event.data.if_contains("role");
    const bool changed =
        role != nullptr && role->is_string() && (role->get_string() == "admin") != identity.caller.admin();
    return shut_out || changed;
}

}  // namespace berth::api
