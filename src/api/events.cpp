#include <set>

#include "api/operations.hpp"
#include "api/race.hpp"
#include "api/rows.hpp"
#include "api/socket.hpp"

namespace berth::api {
namespace {

constexpr int batch = 500;

/// One client of the feed: where it is, and what of the images it may know.
struct Follower {
    Services& services;
    net::WebSocket& wire;
    std::shared_ptr<Listener> listener;
    Caller caller;
    std::int64_t sent = 0;                             // Sequence of the last event it has.
    std::optional<std::set<std::string>> images = {};  // Of the templates it sees; absent: to be read again.
};

struct Marks {
    std::int64_t oldest = 0, last = 0;
};

Task<Marks> read_marks(store::Store& store) {
    auto read = [](store::Rows& rows) {
        return Marks{.oldest = rows.oldest_sequence(), .last = rows.last_sequence()};
    };
    co_return co_await store.read(std::move(read));
}

Task<> send_event(Follower& follower, const Event& event) {
    if (event.sequence <= follower.sent) co_return;
    follower.sent = event.sequence;
    if (event.subject_kind == "template") follower.images.reset();
    auto tree = json::to_json(event_view(event));
    co_await send(follower.wire, std::move(tree.as_object()));
}

Task<> resync(Follower& follower) {
    const auto marks = co_await read_marks(follower.services.store);
    follower.sent = std::max(follower.sent, marks.last);
    json::object message{{"type", "resync"}, {"sequence", follower.sent}};
    co_await send(follower.wire, std::move(message));
}

/// Everything between what the client has and now.
Task<> catch_up(Follower& follower, std::int64_t after, Marks marks) {
    if (after + 1 < marks.oldest || after > marks.last) co_return co_await resync(follower);
    follower.sent = after;
    while (follower.sent < marks.last) {
        auto read = [caller = follower.caller, from = follower.sent](store::Rows& rows) {
            return rows.events_after(caller, from, batch);
        };
        const auto events = co_await follower.services.store.read(std::move(read));
        for (const auto& event : events) co_await send_event(follower, event);
        if (events.size() < batch) break;
    }
    follower.sent = std::max(follower.sent, marks.last);
}

/// The images that templates visible to the caller are made of: of others not even the name is told.
Task<std::set<std::string>> visible_images(Follower& follower) {
    auto read = [caller = follower.caller](store::Rows& rows) {
        std::set<std::string> images;
        store::Query query{.limit = 200};
        for (;;) {
            const auto page = rows.list_templates(caller, query);
            for (const auto& row : page.items)
                for (const auto& image : images_of(row.spec)) images.insert(image);
            if (!page.next) return images;
            query.cursor = *page.next;
        }
    };
    co_return co_await follower.services.store.read(std::move(read));
}

Task<> send_image(Follower& follower, std::string image, ObservedImage state) {
    if (!follower.images) {
        auto images = co_await visible_images(follower);
        follower.images = std::move(images);
    }
    if (!follower.images->contains(image)) co_return;
    json::object data{{"state", json::enum_name(state.state)}, {"message", state.message}};
    if (state.progress) data["progress"] = *state.progress;
    json::object frame{{"kind", "image.progress"}, {"subjectKind", "image"}, {"subject", image}};
    frame["data"] = std::move(data);
    co_await send(follower.wire, std::move(frame));
}

Task<> tell_all(Follower& follower, std::optional<std::int64_t> after) {
    const auto marks = co_await read_marks(follower.services.store);
    json::object hello{{"type", "hello"}, {"sequence", marks.last}};
    co_await send(follower.wire, std::move(hello));
    if (after)
        co_await catch_up(follower, *after, marks);
    else
        follower.sent = marks.last;
    for (;;) {
        const auto heard = co_await follower.listener->hear();
        if (heard.missed) co_await resync(follower);
        for (const auto& event : heard.events) co_await send_event(follower, event);
        for (const auto& [image, state] : heard.images) co_await send_image(follower, image, state);
    }
}

/// The client says nothing of interest here, but its leaving is noticed by reading.
Task<> wait_for_leaving(net::WebSocket& wire) {
    while (co_await wire.read()) {
    }
}

Task<> follow(Services& services, auth::Identity identity, view::EventQuery query, net::WebSocket& wire) {
    const bool all = query.all.value_or(false);
    auto caller = identity.caller;
    caller.everything = all;
    auto listener = co_await join(services, std::move(identity), all, services.limits.events_waiting);
    Follower follower{.services = services, .wire = wire, .listener = listener, .caller = std::move(caller)};
    std::vector<Task<>> tasks;
    tasks.push_back(tell_all(follower, query.after));
    tasks.push_back(wait_for_leaving(wire));
    Socket socket{.wire = wire, .listener = listener, .services = services};
    co_await run_socket(std::move(socket), std::move(tasks));
}

}  // namespace

Task<Upgrade> follow_events(Call call, Params<view::EventQuery> query) {
    call.caller(query.all.value_or(false));  // Refuses who may not see all.
    const view::EventQuery wanted = query;
    co_return upgrade([services = call.services, identity = call.who(), wanted](net::WebSocket& wire) {
        return follow(*services, identity, wanted, wire);
    });
}

}  // namespace berth::api
