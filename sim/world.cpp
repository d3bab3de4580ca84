#include "world.hpp"

#include <boost/asio/co_spawn.hpp>

#include "base/log.hpp"

namespace berth::sim {
namespace {

const Time beginning{std::chrono::hours(500'000)};

TemplateSpec spec_of(int components) {
    TemplateSpec spec;
    for (int i = 0; i < components; ++i)
        spec.components.push_back({.name = "c" + std::to_string(i),
                                   .image = "image:" + std::to_string(i),
                                   .resources = {.cpu = {100}, .memory = {64 << 20}},
                                   .mounts = {{.volume = "home", .path = "/home/berth"}}});
    spec.volumes = {{.name = "home"}};
    spec.access = {{.name = "shell", .component = "c0", .kind = AccessKind::terminal}};
    spec.lifecycle = {.start_within = std::chrono::seconds(30), .stop_timeout = std::chrono::seconds(5)};
    return spec;
}

}  // namespace

World::World(std::uint64_t seed, engine::Faults faults)
    : clock(beginning),
      store(store::open({}, clock)),
      engine(clock, io.get_executor(), faults, seed),
      random(seed) {
    log::configure(log::Level::off, log::Format::text);
    add_people();
    restart();
}

World::~World() {
    tasks_.reset();
    loop_.reset();
}

void World::add_people() {
    auto fill = [this](store::Tx& tx) {
        for (const auto& name : people) {
            const User user{.id = {"usr_" + name},
                            .name = name,
                            .display_name = name,
                            .quota = {.running = running_max},
                            .created_at = clock.now()};
            tx.insert_user(user);
            store::Token token{.id = {"tok_" + name},
                               .user = user.id,
                               .name = "sim",
                               .scope = "admin",
                               .created_at = clock.now()};
            tokens_[name] = auth::issue_token(token).reveal();
            tx.insert_token(token);
        }
        for (int components = 1; components <= 2; ++components)
            tx.insert_revision({.name = "t" + std::to_string(components),
                                .spec = spec_of(components),
                                .created_at = clock.now(),
                                .updated_at = clock.now()});
    };
    auto write = store->write(fill);
    asio::co_spawn(io, std::move(write), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    });
    settle();
}

void World::restart() {
    const std::map<std::string, engine::Engine*> engines{{"sim", &engine}};
    api::Dependencies dependencies{
        .store = *store,
        .clock = clock,
        .passwords = passwords_,
        .engines = engines,
        .default_engine = "sim",
        .origin = auth::make_origin("http://localhost:8080", "localhost:8080", "sim"),
        .version = "sim",
        .executor = io.get_executor()};
    api_ = std::make_unique<api::Api>(std::move(dependencies));
    control::LoopOptions options{.looks_at_once = 4, .seed = random()};
    auto url_of = [](const Session& session) { return "http://" + session.host + ".localhost:8080"; };
    loop_ = std::make_unique<control::Loop>(*store, clock, engines, url_of, options, io.get_executor());
    tasks_ = std::make_unique<TaskGroup>(io.get_executor());
    tasks_->start("operator", loop_->run());
}

void World::crash() {
    tasks_->cancel();
    settle();
    tasks_.reset();
    loop_.reset();
    settle();
    api_.reset();
}

void World::settle() {
    io.restart();
    while (io.poll() > 0) {
    }
}

void World::pass(Duration length) {
    const auto until = clock.now() + length;
    for (;;) {
        settle();
        const auto next = clock.next();
        if (!next || *next > until) break;
        clock.advance(*next);
    }
    clock.advance(until);
    settle();
}

namespace {

Task<> answer(api::Api& api, net::Request request, std::map<int, int>& answers) {
    const auto response = co_await api.answer(std::move(request));
    ++answers[response.status];
}

}  // namespace

void World::ask(const std::string& user, const std::string& method, const std::string& path,
                const std::string& body, const std::string& idempotency_key) {
    net::Request request{
        .method = method, .target = path, .path = path, .host = "localhost:8080", .body = body};
    request.headers = {{"Authorization", "Bearer " + tokens_.at(user)}, {"Content-Type", "application/json"}};
    if (!idempotency_key.empty()) request.headers.emplace_back("Idempotency-Key", idempotency_key);
    tasks_->start("request", answer(*api_, std::move(request), answers));
}

std::vector<Session> World::sessions() {
    std::vector<Session> all;
    auto read = [&all](store::Rows& rows) {
        store::Query query{.limit = 200};
        for (;;) {
            auto page = rows.list_sessions(Caller::system(), query);
            for (auto& session : page.items) all.push_back(std::move(session));
            if (!page.next) break;
            query.cursor = *page.next;
        }
    };
    asio::co_spawn(io, store->read(read), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    });
    settle();
    return all;
}

std::vector<Event> World::events() {
    std::vector<Event> all;
    auto read = [&all](store::Rows& rows) { all = rows.events_after(Caller::system(), 0, 1'000'000); };
    asio::co_spawn(io, store->read(read), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    });
    settle();
    return all;
}

}  // namespace berth::sim
