#include <boost/asio/redirect_error.hpp>

#include "api/harness.hpp"

namespace berth::api::testing {
namespace {

engine::Faults no_faults() {
    return {.call_time = Duration(0),
            .start_time = Duration(0),
            .ready_time = Duration(0),
            .pull_time = Duration(0)};
}

/// Runs the upgrade as the server would, and keeps the socket alive meanwhile.
Task<> run_upgrade(std::function<Task<>(net::WebSocket&)> run, std::shared_ptr<TestSocket> socket) {
    co_await run(*socket);
}

}  // namespace

Task<std::optional<net::Message>> TestSocket::read() {
    while (inbox_.empty()) {
        if (left_ || closed) co_return std::nullopt;
        boost::system::error_code ec;
        co_await moved_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    }
    auto message = std::move(inbox_.front());
    inbox_.pop_front();
    co_return message;
}

Task<> TestSocket::write(net::Message message) {
    while (slow_) {
        boost::system::error_code ec;
        co_await gate_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    }
    sent.push_back(std::move(message));
}

Task<> TestSocket::close(int code, std::string) {
    if (!closed) closed = code;
    moved_.cancel();
    co_return;
}

void TestSocket::say(net::Message message) {
    inbox_.push_back(std::move(message));
    moved_.cancel();
}

void TestSocket::leave() {
    left_ = true;
    moved_.cancel();
}

void TestSocket::set_slow(bool slow) {
    slow_ = slow;
    gate_.cancel();
}

json::array TestSocket::texts() const {
    json::array all;
    for (const auto& message : sent)
        if (message.text) all.push_back(json::parse(message.bytes));
    return all;
}

std::string TestSocket::binary() const {
    std::string all;
    for (const auto& message : sent)
        if (!message.text) all += message.bytes;
    return all;
}

const File* TestFiles::find(std::string_view path) const {
    static const File page{
        .bytes = "<!doctype html>", .type = "text/html; charset=utf-8", .etag = "\"page\""};
    static const File script{.bytes = "let a = 1",
                             .type = "text/javascript",
                             .etag = "\"script\"",
                             .gzip = "zipped",
                             .brotli = "brotlied",
                             .immutable = true};
    if (path == "/index.html") return &page;
    if (path == "/assets/app-1a2b.js") return &script;
    return nullptr;
}

World::World(Limits limits, std::function<void(store::Tx&)> before, std::string holder,
             std::optional<acts::Keyring> keyring)
    : store(store::open({}, clock)),
      activity(*store, clock, "test"),
      engine(clock, io.get_executor(), no_faults(), 1),
      origin(auth::make_origin("http://localhost:8080", "localhost:8080", "test")),
      sockets_(io.get_executor()) {
    if (before) write(std::move(before));
    if (!keyring)
        keyring = write([](store::Tx& tx) {
            return acts::unlock(tx, crypto::FernetKey::random(), "of a test", start_of_time);
        });
    Dependencies given{.store = *store,
                       .clock = clock,
                       .activity = activity,
                       .passwords = passwords,
                       .engines = {{"sim", &engine}},
                       .default_engine = "sim",
                       .origin = origin,
                       .version = "1.2.3",
                       .executor = io.get_executor(),
                       .files = &files,
                       .holder = std::move(holder),
                       .keyring = *keyring,
                       .not_ready = [this] { return not_ready; },
                       .limits = limits};
    api = std::make_unique<Api>(std::move(given));
    root = add_user("root", Role::admin);
    ann = add_user("ann");
    bob = add_user("bob");
    as_root = token_of(root, auth::Scope::admin);
    as_ann = token_of(ann);
    as_bob = token_of(bob);
}

World::~World() {
    sockets_.cancel();
    io.restart();
    io.poll();
}

void World::run_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done()) {
        ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "nothing happened for ten seconds";
        io.restart();
        io.run_one_for(std::chrono::milliseconds(20));
    }
}

net::Request World::request(const Proof& proof, std::string method, std::string target, std::string body,
                            net::Headers headers) const {
    net::Request made{.method = std::move(method), .target = target, .headers = std::move(headers)};
    made.host = "localhost:8080";
    made.remote = "127.0.0.1";
    made.id = "req_test";
    made.body = std::move(body);
    made.headers.insert(made.headers.end(), proof.headers.begin(), proof.headers.end());
    const auto question = target.find('?');
    made.path = net::percent_decode(target.substr(0, question)).value();
    std::string rest = question == std::string::npos ? "" : target.substr(question + 1);
    while (!rest.empty()) {
        const auto end = rest.find('&');
        const auto pair = rest.substr(0, end);
        rest = end == std::string::npos ? "" : rest.substr(end + 1);
        const auto equals = pair.find('=');
        const auto text = equals == std::string::npos ? "" : pair.substr(equals + 1);
        made.query.emplace_back(net::percent_decode(pair.substr(0, equals), true).value(),
                                net::percent_decode(text, true).value());
    }
    return made;
}

net::Response World::ask(const Proof& proof, std::string method, std::string target, std::string body,
                         net::Headers headers) {
    auto made = request(proof, std::move(method), std::move(target), std::move(body), std::move(headers));
    return run(api->answer(std::move(made)));
}

net::Response World::send(const Proof& proof, std::string method, std::string target, const json::value& body,
                          net::Headers headers) {
    headers.emplace_back("Content-Type", "application/json");
    return ask(proof, std::move(method), std::move(target), json::write(body), std::move(headers));
}

json::value World::get(const Proof& proof, std::string target) {
    const auto response = ask(proof, "GET", target);
    EXPECT_EQ(response.status, 200) << target << " " << response.body;
    return body_of(response);
}

std::shared_ptr<TestSocket> World::open(const Proof& proof, std::string target) {
    const net::Headers headers{{"Upgrade", "websocket"}, {"Connection", "Upgrade"}};
    auto response = ask(proof, "GET", std::move(target), {}, headers);
    EXPECT_EQ(response.status, 101) << response.body;
    if (!response.websocket) return nullptr;
    auto socket = std::make_shared<TestSocket>(io.get_executor());
    sockets_.start("test socket", run_upgrade(response.websocket, socket));
    return socket;
}

UserId World::add_user(const std::string& name, Role role) {
    const User user{
        .id = {"usr_" + name}, .name = name, .display_name = name, .role = role, .created_at = start_of_time};
    write([user](store::Tx& tx) { tx.insert_user(user); });
    return user.id;
}

Proof World::token_of(const UserId& user, auth::Scope scope) {
    store::Token row{.id = {crypto::new_id("tok")},
                     .user = user,
                     .name = "test " + crypto::random_text(8),
                     .scope = json::enum_name(scope),
                     .created_at = start_of_time};
    const auto secret = auth::issue_token(row);
    write([row](store::Tx& tx) { tx.insert_token(row); });
    return {{{"Authorization", "Bearer " + secret.reveal()}}};
}

Proof World::cookie_of(const UserId& user, LoginId* login) {
    const auto secret = crypto::random_secret();
    const store::Login row{.id = {crypto::new_id("log")},
                           .user = user,
                           .secret_hash = crypto::sha256_hex(secret.reveal()),
                           .user_agent = "test browser",
                           .created_at = start_of_time,
                           .expires_at = start_of_time + auth::login_lifetime};
    write([row](store::Tx& tx) { tx.insert_login(row); });
    if (login != nullptr) *login = row.id;
    return {{{"Cookie", origin.cookie_name + "=" + secret.reveal()}, {"Origin", origin.url}}};
}

void World::set_phase(const std::string& session, Phase phase) {
    write([session, phase](store::Tx& tx) {
        auto row = tx.find_session(Caller::system(), SessionId{session}).value();
        row.status.phase = phase;
        row.status.incarnation = row.incarnation;
        tx.update_session(row);
    });
}

std::vector<Event> World::events() {
    return run(store->read([](store::Rows& rows) { return rows.events_after(Caller::system(), 0, 10'000); }));
}

json::value template_document(const std::string& name, const std::string& memory,
                              const std::string& access_mode) {
    auto document = yaml::parse(R"(
apiVersion: berth.dev/v1alpha1
kind: Template
metadata: {name: NAME}
spec:
  displayName: A shell
  category: Shells
  components:
    - name: shell
      image: localhost/shell:1
      resources: {cpu: 500m, memory: MEMORY}
      ports: [{name: http, port: 8000}, {name: screen, port: 5900, scheme: vnc}]
      mounts: [{volume: home, path: /home/user}]
  volumes:
    - {name: home, scope: workspace, size: 1Gi, accessMode: MODE}
  access:
    - {name: web, component: shell, port: http, kind: web, default: true}
    - {name: term, component: shell, kind: terminal}
    - {name: screen, component: shell, port: screen, kind: vnc}
)");
    document.at("metadata").at("name") = name;
    auto& spec = document.at("spec").as_object();
    spec.at("components").as_array().front().at("resources").at("memory") = memory;
    spec.at("volumes").as_array().front().at("accessMode") = access_mode;
    return document;
}

json::value body_of(const net::Response& response) {
    return response.body.empty() ? json::value() : json::parse(response.body);
}

std::string text_of(const net::Response& response, std::string_view header) {
    return std::string(net::find_header(response.headers, header).value_or(""));
}

json::value without(json::value tree, std::string_view key) {
    tree.as_object().erase(key);
    return tree;
}

}  // namespace berth::api::testing
