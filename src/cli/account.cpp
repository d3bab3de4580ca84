#include <fmt/format.h>
#include <unistd.h>

#include <ostream>

#include "cli/run.hpp"
#include "cli/text_width.hpp"
#include "cli/views.hpp"

namespace berth::cli {
namespace {

constexpr std::size_t machine_name_max = 28;  // With the rest of a token's name 63 at most.
constexpr const char* login_lasts = "2160h";  // 90 days

struct Said {
    std::string url, name;
    bool password_stdin = false;
};

/// What `GET /auth/ticket/…` says of a link.
struct TicketView {
    std::string kind;
    bool valid = false;
    std::string name;
};
BOOST_DESCRIBE_STRUCT(TicketView, (), (kind, valid, name))

std::string machine_name() {
    char name[machine_name_max + 1] = {};
    // A longer name is cut; it only tells tokens apart.
    gethostname(name, machine_name_max);
    return name[0] == '\0' ? "a machine" : name;
}

/// A call of the sign-in page's own kind: what a browser on the platform would send.
net::CallRequest page_call(const std::string& method, const std::string& target, const json::value& body,
                           const std::string& cookie) {
    net::CallRequest call;
    call.method = method;
    call.target = target;
    call.headers = {{"User-Agent", "berth/" BERTH_VERSION}, {"Sec-Fetch-Site", "same-origin"}};
    if (!cookie.empty()) call.headers.emplace_back("Cookie", cookie);
    if (body.is_null()) return call;
    call.headers.emplace_back("Content-Type", "application/json");
    call.body = json::write(body);
    return call;
}

/// The cookies that an answer sets, as they go back.
std::string cookies_of(const net::CallResponse& answer) {
    std::string cookies;
    for (const auto value : net::all_headers(answer.headers, "Set-Cookie")) {
        if (!cookies.empty()) cookies += "; ";
        cookies += value.substr(0, value.find(';'));
    }
    return cookies;
}

net::CallResponse call_page(Client& client, net::CallRequest call) {
    auto answer = client.finish(client.exchange(std::move(call)));
    if (answer.status >= 300) throw read_problem(answer.status, answer.body, client.server().where());
    return answer;
}

/// Turns a sign-in into a token of this machine, and ends the sign-in: only the token stays.
StoredLogin exchange_for_token(Client& client, const net::CallResponse& signed_in) {
    const auto cookie = cookies_of(signed_in);
    const auto me =
        json::parse(call_page(client, page_call("GET", "/api/v1/users/me", nullptr, cookie)).body);
    // Only an administrator may have a token of scope admin.
    const auto* const scope = text_at(me, "role") == "admin" ? "admin" : "sessions";
    // Names of tokens are unique; the time tells the sign-ins of one machine apart.
    const auto name = fmt::format("berth on {}, {}", machine_name(), to_string(client.clock().now()));
    const json::object wanted{{"name", name}, {"scope", scope}, {"expiresIn", login_lasts}};
    const auto issued = call_page(client, page_call("POST", "/api/v1/users/me/tokens", wanted, cookie));
    call_page(client, page_call("POST", "/auth/logout", nullptr, cookie));
    const auto token = json::parse(issued.body);
    return {text_at(me, "name"), text_at(token, "token"), text_at(token, "id")};
}

StoredLogin sign_in_by_password(Run& run, Client& client, std::string name) {
    client.get("/version");  // Nobody should type a password for what is not there.
    if (name.empty()) name = ask_line(run.console, run.console.in_terminal ? "name: " : "");
    const auto password = ask_secret(run.console, "password: ");
    const json::object body{{"name", name}, {"password", password.reveal()}};
    return exchange_for_token(client, call_page(client, page_call("POST", "/auth/login", body, {})));
}

/// `http://host/sign-in/TICKET` as a URL and the ticket in it, when it is such a link.
std::string take_ticket(std::string& url) {
    constexpr std::string_view mark = "/sign-in/";
    const auto at = url.find(mark);
    if (at == std::string::npos) return {};
    const auto ticket = url.substr(at + mark.size());
    url.resize(at);
    return ticket;
}

/// A new password, typed twice; empty when there is to be none.
SecretText ask_new_password(Run& run, const std::string& prompt) {
    auto password = ask_secret(run.console, prompt);
    if (!password.empty() && ask_secret(run.console, "the same again: ").reveal() != password.reveal())
        throw Error(Kind::invalid, "passwords_differ", "these are two passwords",
                    "nothing was done, and the link still works: try again");
    return password;
}

/// A link works once: everything is asked before it is used up, and looking at it does not.
StoredLogin sign_in_by_ticket(Run& run, Client& client, const std::string& ticket, const Said& said) {
    const auto look = call_page(client, page_call("GET", "/auth/ticket/" + segment(ticket), nullptr, {}));
    const auto link = json::from_json<TicketView>(json::parse(look.body));
    const bool first = link.valid && link.kind == "first_admin";
    const bool asks = link.valid && run.console.in_terminal && run.console.err_terminal;
    auto name = said.name;
    if (first && name.empty() && asks) name = ask_line(run.console, "your name, as its administrator: ");
    if (first && name.empty())
        throw WrongUsage("login: this link makes the first administrator, who needs a name",
                         "say it with: --name NAME, and a password with: --password-stdin");
    json::object body{{"ticket", ticket}};
    if (!name.empty()) body.emplace("name", name);
    SecretText password;
    if (asks)
        password = ask_new_password(run, first ? "password (Enter: none, only links sign you in): "
                                               : "new password (Enter: it stays as it is): ");
    else if (said.password_stdin)
        password = ask_secret(run.console, "");
    if (!password.empty()) body.emplace("password", password.reveal());
    auto made = exchange_for_token(client, call_page(client, page_call("POST", "/auth/ticket", body, {})));
    if (first && password.empty())
        run.console.err << "no password was set; to sign in elsewhere or later, make a link on Berth's "
                           "machine: berth --local admin users sign-in-link "
                        << printable(shell_word(made.user)) << "\n";
    return made;
}

int login(Run& run, const Said& said) {
    if (run.options.local || run.options.socket)
        throw WrongUsage("login: --local needs no sign-in", "use it as it is: berth --local whoami");
    auto url = said.url;
    const auto ticket = take_ticket(url);
    auto server = run.server();
    if (!url.empty()) server.url = tidy_url(url);
    server.token = run.options.token.value_or("");
    Client client(server);
    StoredLogin made;
    if (!server.token.empty())
        made = {text_at(client.get("/users/me"), "name"), server.token, ""};
    else if (!ticket.empty())
        made = sign_in_by_ticket(run, client, ticket, said);
    else
        made = sign_in_by_password(run, client, said.name);
    auto file = read_login_file(run.login_path());
    file.url = server.url;
    file.logins[server.url] = made;
    write_login_file(run.login_path(), file);
    run.console.out << printable(fmt::format("signed in to {} as {}", server.url, made.user)) << "\n";
    return 0;
}

int logout(Run& run) {
    auto file = read_login_file(run.login_path());
    const auto server = run.server();
    const auto login = file.logins.find(server.url);
    if (login == file.logins.end()) {
        run.console.out << "not signed in at " << server.where() << "\n";
        return 0;
    }
    const auto stored = login->second;
    file.logins.erase(login);
    if (file.url == server.url) file.url.clear();
    write_login_file(run.login_path(), file);
    try {
        Client client({server.url, stored.token, ""});
        if (!stored.token_id.empty()) client.remove("/users/me/tokens/" + segment(stored.token_id));
    } catch (const Error& error) {
        if (error.kind != Kind::unauthenticated && error.kind != Kind::not_found)
            throw Error(error.kind, "not_revoked",
                        "signed out here, but the token could not be revoked: " + error.user,
                        "revoke it in the web page, under your tokens");
    }
    run.console.out << "signed out of " << server.url << "\n";
    return 0;
}

/// `sessions 2 of 10 · running 1 of 3 · …`
std::string quota_line(const json::value& me) {
    std::string line;
    const auto* quota = me.as_object().if_contains("quota");
    if (quota == nullptr || !quota->is_object()) return line;
    for (const auto& entry : quota->get_object()) {
        const auto* use = entry.value().if_object();
        if (use == nullptr || !use->contains("limit") || !use->contains("used")) continue;
        line += fmt::format("{}{} {} of {}", line.empty() ? "" : " · ", std::string(entry.key()),
                            amount_text(use->at("used")), amount_text(use->at("limit")));
    }
    return line;
}

int who_am_i(Run& run) {
    const auto me = run.client().get("/users/me");
    if (write_as_data(run, run.format(), me)) return 0;
    run.console.out << printable(fmt::format("{} ({}) at {}", text_at(me, "name"), text_at(me, "role"),
                                             run.client().server().where()))
                    << "\n";
    if (const auto quota = quota_line(me); !quota.empty()) run.console.out << printable(quota) << "\n";
    return 0;
}

int version(Run& run) {
    std::string there;
    std::string next;
    try {
        there = text_at(run.client().get("/version"), "version");
    } catch (const Error& error) {
        next = error.user;
    }
    json::object both{{"client", BERTH_VERSION}};
    if (!there.empty()) both.emplace("server", there);
    // Whoever names a server wants to know whether it answers.
    const int status = there.empty() && run.options.url ? 1 : 0;
    if (write_as_data(run, run.format(), both)) return status;
    run.console.out << "client  " BERTH_VERSION "\n";
    run.console.out << "server  "
                    << printable(there.empty() ? next : there + " at " + run.client().server().where())
                    << "\n";
    return status;
}

}  // namespace

void add_account_verbs(Grammar& grammar) {
    const auto said = std::make_shared<Said>();
    auto& run = grammar.run;
    auto& sign_in = grammar.verb("login", "Sign in to a Berth and remember it", "Account");
    sign_in.add_option("url", said->url, "Its address, or a sign-in link; otherwise the usual one")
        ->type_name("URL");
    sign_in.add_option("--name", said->name, "Who you are; asked for otherwise")->type_name("NAME");
    sign_in.add_flag("--password-stdin", said->password_stdin,
                     "With a link: read the new password from standard input");
    sign_in.footer(
        "The password is asked for, or read from standard input when that is not a terminal.\n"
        "A link works once and may set a password; who leaves it out signs in by links, which\n"
        "administrators make, on Berth's machine with: berth --local admin users sign-in-link NAME\n"
        "With --token nothing is asked and that token is remembered.");
    grammar.verbs[&sign_in] = [&run, said] { return login(run, *said); };
    auto& sign_out = grammar.verb("logout", "Revoke the remembered token", "Account");
    grammar.verbs[&sign_out] = [&run] { return logout(run); };
    auto& who = grammar.verb("whoami", "Who you are there, with quota and use", "Account");
    grammar.verbs[&who] = [&run] { return who_am_i(run); };
    auto& versions = grammar.verb("version", "The versions here and there", "Account");
    grammar.verbs[&versions] = [&run] { return version(run); };
}

}  // namespace berth::cli
