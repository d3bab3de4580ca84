#pragma once

#include <gtest/gtest.h>

#include "acts/ask.hpp"
#include "acts/launch.hpp"
#include "acts/rows.hpp"
#include "acts/template.hpp"
#include "base/log.hpp"
#include "crds/definition.hpp"
#include "imposters/kubernetes/harness.hpp"
#include "kube/refusal.hpp"
#include "operator/mirror/mirror.hpp"

namespace berth::control {

inline constexpr const char* home = "berth-sessions";

/// The mirror between real rows and an imposter of an API server, in virtual time. No session runs here: what
/// would become of one, a test says.
class MirrorWorld {
  public:
    MirrorWorld() : store(store::open({}, harness.clock)) {
        log::configure(log::Level::off, log::Format::text);
        server.objects.create("namespaces", {{"metadata", json::object{{"name", home}}}});
        install();
        install_policy();
        write([this](store::Tx& tx) {
            for (const auto* name : {"ada", "bob"})
                tx.insert_user({.id = {std::string("usr_") + name}, .name = name, .created_at = now()});
            acts::make_template(tx, Caller::system(), {.name = "shell", .spec = template_spec()}, now());
        });
    }
    ~MirrorWorld() {
        if (mirror) crash();
    }

    static TemplateSpec template_spec(const std::string& image = "image:1") {
        TemplateSpec spec{.display_name = "Shell"};
        spec.components = {{.name = "main", .image = image}};
        spec.volumes = {{.name = "home"}};
        spec.access = {{.name = "shell", .component = "main", .kind = AccessKind::terminal}};
        return spec;
    }

    void install(const std::string& number = std::to_string(crds::definitions_number)) {
        for (const auto* plural : {"templates", "sessions", "workspaces"}) {
            const json::object notes{{"berth.dev/definitions", number}};
            server.objects.create("customresourcedefinitions",
                                  {{"metadata", json::object{{"name", std::string(plural) + ".berth.dev"},
                                                             {"annotations", notes}}}});
        }
    }
    void install_policy() {
        for (const auto& each : crds::policies()) {
            auto object = each.as_object();
            const bool binds = object.at("kind") == "ValidatingAdmissionPolicyBinding";
            server.objects.create(binds ? "validatingadmissionpolicybindings" : "validatingadmissionpolicies",
                                  std::move(object));
        }
    }
    void remove_policy() {
        for (const auto* plural : {"validatingadmissionpolicies", "validatingadmissionpolicybindings"})
            for (const auto name : {crds::users_policy, crds::bounds_policy})
                server.objects.remove({plural, "", std::string(name)}, {});
    }
    void start() {
        kube::Cluster cluster{.address = server.address(), .identity = {.token_file = server.token_file()}};
        client = std::make_unique<kube::Client>(std::move(cluster), kube::ClientOptions{}, harness.clock,
                                                harness.io.get_executor());
        MirrorOptions options{.instance = "5eed",
                              .namespace_ = home,
                              .engine = "kubernetes",
                              .url_of = [](const std::string& label) { return "http://" + label + "/"; },
                              .seed = 1};
        mirror = std::make_unique<Mirror>(*store, harness.clock, *client, options, harness.io.get_executor());
        tasks = std::make_unique<TaskGroup>(harness.io.get_executor());
        tasks->start("mirror", mirror->run());
        pass();
    }
    /// As `kill -9`.
    void crash() {
        server.cut(imposter::ApiServer::Pending::is_dropped);
        tasks->cancel();
        harness.settle();
        tasks.reset();
        mirror.reset();
        client.reset();
        harness.settle();
    }
    void pass(Duration length = std::chrono::seconds(3)) { harness.pass(length); }
    Time now() const { return harness.clock.now(); }

    template <class F>
    std::invoke_result_t<F, store::Tx&> write(F work) {
        return harness.run(store->write(std::move(work)));
    }
    template <class F>
    std::invoke_result_t<F, store::Rows&> read(F work) {
        return harness.run(store->read(std::move(work)));
    }

    // By the API.
    Session launch(const std::string& user = "ada", std::optional<std::string> name = {}) {
        return write([&](store::Tx& tx) {
            return acts::launch(tx, {.user = {"usr_" + user},
                                     .actor = user,
                                     .wish = {.template_ = "shell", .name = name},
                                     .engine = "kubernetes",
                                     .now = now()});
        });
    }
    void ask(const SessionId& id, plan::Asked (*what)(Session&, Time), const char* kind = "session.asked") {
        write([&](store::Tx& tx) {
            acts::put_ask(
                tx, {.caller = Caller::system(), .name = id.text, .ask = what, .kind = kind, .now = now()});
        });
    }
    /// What the loop would find.
    void become(const SessionId& id, Phase phase) {
        write([&](store::Tx& tx) {
            auto row = tx.get_session(Caller::system(), id);
            row.status.phase = phase;
            row.status.incarnation = row.incarnation;
            if (phase == Phase::running) row.status.timings.routed = 1.5;
            tx.update_session(row);
            acts::append_state(tx, {.at = now(),
                                    .actor = "berth",
                                    .kind = phase == Phase::gone ? "session.deleted" : "session.updated",
                                    .subject_kind = "session",
                                    .subject = id.text,
                                    .owner = row.user});
        });
    }
    Session session(const SessionId& id) {
        return read([&](store::Rows& rows) { return rows.get_session(Caller::system(), id); });
    }
    std::vector<Session> sessions() {
        return read([](store::Rows& rows) {
            return rows.list_sessions(Caller::system(), {.sort = "createdAt", .limit = 200}).items;
        });
    }
    std::optional<Mirrored> record(Noun noun, const std::string& row) {
        return read([&](store::Rows& rows) { return rows.find_mirrored(noun, row); });
    }

    // By kubectl.
    json::value apply(const char* plural, const std::string& name, json::object spec) {
        const json::object about{{"name", name}, {"namespace", home}};
        return server.objects.create(plural, {{"metadata", about}, {"spec", std::move(spec)}});
    }
    json::value apply_session(const std::string& name, json::object more = {}) {
        json::object spec{{"user", "ada"}, {"template", "shell"}};
        for (const auto& [key, value] : more) spec[key] = value;
        return apply("sessions", name, std::move(spec));
    }
    void edit(const char* plural, const std::string& name, json::object change) {
        server.objects.edit({plural, home, name},
                            [&](json::object& object) { imposter::merge(object, change); });
    }
    void remove(const char* plural, const std::string& name) {
        server.objects.remove({plural, home, name}, {});
    }
    const json::value* find(const char* plural, const std::string& name) {
        return server.objects.find({plural, home, name});
    }
    std::string text(const char* plural, const std::string& name,
                     std::initializer_list<std::string_view> path) {
        const auto* found = find(plural, name);
        return found == nullptr ? "not there" : imposter::text_at(*found, path);
    }
    /// `True`, or `False Reason: message`.
    std::string accepted(const char* plural, const std::string& name) {
        const auto* found = find(plural, name);
        const auto* list = found == nullptr ? nullptr : imposter::value_at(*found, {"status", "conditions"});
        if (list == nullptr) return "nothing";
        for (const auto& condition : list->as_array()) {
            if (imposter::text_at(condition, {"type"}) != "Accepted") continue;
            auto said = imposter::text_at(condition, {"status"});
            if (said == "True") return said;
            return said + " " + imposter::text_at(condition, {"reason"}) + ": " +
                   imposter::text_at(condition, {"message"});
        }
        return "nothing";
    }
    /// Reasons of the Events on that resource, in order.
    std::vector<std::string> told(const std::string& name) {
        std::vector<std::string> reasons;
        for (const auto& [where, event] : server.objects.list("events", {}))
            if (imposter::text_at(event, {"involvedObject", "name"}) == name)
                reasons.push_back(imposter::text_at(event, {"reason"}));
        return reasons;
    }
    int count(const char* plural) { return static_cast<int>(server.objects.list(plural, {}).size()); }
    int writes_of(const std::function<void()>& what) {
        const int before = server.tally.writes;
        what();
        pass();
        return server.tally.writes - before;
    }
    /// A settled system asks for nothing.
    void expect_rest() {
        pass(std::chrono::seconds(10));
        const auto before = client->requests();
        const auto lines = server.tally.lines.size();
        pass(std::chrono::minutes(2));
        EXPECT_LE(client->requests(), before + 3) << "each watch may have been renewed";
        for (auto i = lines; i < server.tally.lines.size(); ++i) ADD_FAILURE() << server.tally.lines[i];
    }

    imposter::Harness harness;
    imposter::ApiServer& server = harness.server;
    std::unique_ptr<store::Store> store;
    std::unique_ptr<kube::Client> client;
    std::unique_ptr<Mirror> mirror;
    std::unique_ptr<TaskGroup> tasks;
};

}  // namespace berth::control
