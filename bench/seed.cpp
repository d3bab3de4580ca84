#include <cstdio>
#include <optional>
#include <stdexcept>
#include <vector>

#include "crypto/random.hpp"
#include "made.hpp"

/// A database with many sessions, as if they had been there for hours.
namespace berth::bench {
namespace {

struct Seed {
    int sessions = 0;
    /// On Kubernetes, each with a volume, and so many of them just asked to run.
    std::optional<int> woken;

    /// With whom they are in turn.
    int users() const { return woken ? 500 : 100; }
};

UserId user_of(int number) {
    return {fmt::format("usr_{:03}", number)};
}

/// What a running session is on Kubernetes: a page and a home.
Template page_template() {
    Template made{.name = "terminal", .revision = 2, .created_at = made_at, .updated_at = made_at};
    made.spec.display_name = "Page";
    Component component{.name = "main",
                        .image = "localhost/berth-bench/page:1",
                        .command = {{"/page"}},
                        .ports = {{.name = "web", .port = 8080}},
                        .resources = {.cpu = MilliCpu{50}, .memory = Bytes{std::int64_t{64} << 20}},
                        .mounts = {{.volume = "home", .path = "/home/berth"}}};
    made.spec.components = {std::move(component)};
    made.spec.volumes = {{.name = "home"}};
    made.spec.access = {{.name = "web", .component = "main", .port = "web", .default_ = true}};
    return made;
}

/// Each with a token, `brt_bench_NUMBER`.
void add_user(store::Tx& tx, int number, Time now) {
    tx.insert_user({.id = user_of(number),
                    .name = fmt::format("user{}", number),
                    .display_name = fmt::format("User {}", number),
                    .quota = {.sessions = 100, .running = 100, .cpu = MilliCpu{1'000'000}, .workspaces = 100},
                    .created_at = made_at});
    tx.insert_token({.id = {fmt::format("tok_{:03}", number)},
                     .user = user_of(number),
                     .name = "bench",
                     .secret_hash = crypto::sha256_hex(fmt::format("brt_bench_{:03}", number)),
                     .scope = "sessions",
                     .created_at = now,
                     .expires_at = now + std::chrono::hours(24),
                     .last_used_at = {}});
}

/// An administrator, who has no limits, and the template.
void prepare_for_kubernetes(store::Tx& tx) {
    auto admin = tx.get_user(owner);
    admin.role = Role::admin;
    admin.quota = {.sessions = 20'000,
                   .running = 20'000,
                   .cpu = MilliCpu{1'000'000'000},
                   .memory = Bytes{std::int64_t{1} << 50},
                   .workspaces = 20'000};
    tx.update_user(admin);
    tx.set_setting("instance.id", "be9cbe9c");
    tx.insert_revision(page_template());
}

/// Stopped, on a workspace of its own, with the events of its life.
Session stopped_session(int number, const Seed& wanted, Time now) {
    auto session = make_session(number);
    session.user = user_of(number % wanted.users());
    session.workspace = WorkspaceId{fmt::format("wsp_{:012}", number)};
    session.created_at = session.asked_at = now - std::chrono::hours(2);
    session.asks = {.wake = session.created_at, .hibernate = now - std::chrono::hours(1), .terminate = {}};
    session.look_at.reset();
    session.last_active_at = session.asks.hibernate;
    session.last_active_source = "request";
    session.status.phase = Phase::hibernated;
    session.status.incarnation = 1;
    session.status.components = {{.name = "main", .phase = ComponentPhase::stopped}};
    session.status.timings = {
        .admitted = 0.01, .scheduled = 0.02, .pulled = 0.02, .started = 0.3, .ready = 0.4, .routed = 0.4};
    return session;
}

void add_session(store::Tx& tx, const Session& session, Time now) {
    tx.insert_workspace({.id = *session.workspace,
                         .user = session.user,
                         .name = session.name,
                         .template_ = "terminal",
                         .created_at = session.created_at});
    tx.insert_session(session);
    for (const char* kind : {"session.created", "session.started", "session.hibernated"}) {
        auto event = created(session);
        event.at = now;
        event.kind = kind;
        event.owner = session.user;
        tx.append(event);
    }
}

/// The claim of that name is there already, made by whoever runs this.
void put_on_kubernetes(store::Tx& tx, Session& session, int number, bool woken, Time now) {
    session.engine = "kubernetes";
    session.revision = 2;
    if (woken) {
        session.asks.wake = session.asked_at = now;
        session.incarnation = 2;
        session.look_at = now;
    }
    tx.insert_volume({.handle = fmt::format("berth-bench-home-{:05}", number),
                      .name = "home",
                      .owner = session.workspace->text,
                      .user = session.user,
                      .engine = session.engine,
                      .size = Bytes{std::int64_t{1} << 30},
                      .created_at = session.created_at});
}

int seed(const std::string& path, const Seed& wanted) {
    SystemClock clock;
    const auto store = open_with_owner(path, clock);
    const auto now = clock.now();
    auto prepare = [wanted, now](store::Tx& tx) {
        for (int number = 0; number < wanted.users(); ++number) add_user(tx, number, now);
        if (wanted.woken) prepare_for_kubernetes(tx);
    };
    write_now(*store, prepare);
    auto add = [wanted, now](store::Tx& tx, int number) {
        auto session = stopped_session(number, wanted, now);
        if (wanted.woken) put_on_kubernetes(tx, session, number, number < *wanted.woken, now);
        add_session(tx, session, now);
    };
    constexpr int step = 500;
    for (int first = 0; first < wanted.sessions; first += step) {
        auto add_step = [add, first, last = std::min(first + step, wanted.sessions)](store::Tx& tx) {
            for (int number = first; number < last; ++number) add(tx, number);
        };
        write_now(*store, add_step);
    }
    store->close();
    return 0;
}

}  // namespace
}  // namespace berth::bench

/// `seed DATABASE SESSIONS [WOKEN]`: a new database with stopped sessions; with a number of woken ones they
/// are on Kubernetes.
int main(int count, char** words) {
    if (count < 3 || count > 4) return 2;
    try {
        berth::bench::Seed wanted{.sessions = std::stoi(words[2])};
        if (count == 4) wanted.woken = std::stoi(words[3]);
        return berth::bench::seed(words[1], wanted);
    } catch (const std::exception& error) {
        fmt::print(stderr, "seed: {}\n", error.what());
        return 1;
    }
}
