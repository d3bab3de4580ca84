#include "world.hpp"

#include <boost/asio/co_spawn.hpp>

#include "base/log.hpp"

namespace berth::sim {
namespace {

const Time beginning{std::chrono::hours(500'000)};
constexpr Duration report_every = std::chrono::seconds(10);

}  // namespace

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

TemplateSpec prepared_spec() {
    auto spec = spec_of(1);
    for (int i = 0; i < 2; ++i)
        spec.components.front().init.push_back({.image = "image:" + std::to_string(i), .command = {"true"}});
    return spec;
}

World::World(std::uint64_t seed) : clock(beginning), store(store::open({}, wall)), random(seed) {
    log::configure(log::Level::off, log::Format::text);
}

World::~World() = default;

void World::begin(const std::vector<TemplateSpec>& templates) {
    add_people(templates);
    restart();
}

void World::end() {
    if (up()) crash();
}

void World::add_people(const std::vector<TemplateSpec>& templates) {
    auto fill = [this, &templates](store::Tx& tx) {
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
        for (std::size_t i = 0; i < templates.size(); ++i)
            tx.insert_revision({.name = "t" + std::to_string(i + 1),
                                .spec = templates[i],
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
    auto& engine = begin_engine();
    const auto name = engine.name();
    const std::map<std::string, engine::Engine*> engines{{name, &engine}};
    activity_ = std::make_unique<acts::Activity>(*store, wall, "run-" + std::to_string(++runs_));
    api::Dependencies dependencies{
        .store = *store,
        .clock = wall,
        .activity = *activity_,
        .passwords = passwords_,
        .engines = engines,
        .default_engine = name,
        .origin = auth::make_origin("http://localhost:8080", "localhost:8080", "sim"),
        .version = "sim",
        .executor = io.get_executor()};
    api_ = std::make_unique<api::Api>(std::move(dependencies));
    control::LoopOptions options{
        .looks_at_once = 4, .seed = random(), .passed = [this] { return clock.now() - beginning; }};
    auto url_of = [](const Session& session) { return "http://" + session.host + ".localhost:8080"; };
    loop_ = std::make_unique<control::Loop>(*store, wall, engines, url_of, options, io.get_executor());
    tasks_ = std::make_unique<TaskGroup>(io.get_executor());
    tasks_->start("operator", loop_->run());
    tasks_->start("activity", activity_->run(report_every));
}

void World::crash() {
    cut_off();
    tasks_->cancel();
    settle();
    tasks_.reset();
    loop_.reset();
    settle();
    api_.reset();
    activity_.reset();
    end_engine();
}

void World::use(const SessionId& session, std::string_view source) {
    activity_->note(session, wall.now(), source);
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
        if (up() && is_due()) crash();
        const auto next = clock.next();
        if (!next || *next > until) break;
        clock.advance(*next);
    }
    clock.advance(until);
    settle();
}

std::vector<TemplateSpec> SimWorld::usual() {
    auto told = spec_of(2);
    told.components.front().files = {{.path = "/tmp/app.toml", .content = "name = ${session.name}"}};
    return {spec_of(1), std::move(told), prepared_spec()};
}

namespace {

/// Whose it is can be told by what it holds.
Task<engine::Material> material_of(WorkloadId id) {
    engine::Material material;
    material.env["OWNER"] = SecretText(id.text);
    co_return material;
}

}  // namespace

SimWorld::SimWorld(std::uint64_t seed, engine::Faults faults, std::vector<TemplateSpec> templates)
    : World(seed), engine(wall, io.get_executor(), faults, seed) {
    engine.set_materials([](WorkloadId id, std::vector<SecretRef>) { return material_of(std::move(id)); });
    begin(templates);
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

void World::change(const std::function<void(store::Tx&)>& work) {
    asio::co_spawn(io, store->write([work](store::Tx& tx) { work(tx); }), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    });
    settle();
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
