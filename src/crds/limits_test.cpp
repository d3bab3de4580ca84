#include <gtest/gtest.h>

#include "base/yaml.hpp"
#include "crds/definition.hpp"
#include "model/limits.hpp"
#include "model/template.hpp"

/// What a definition says of a template and what the program makes of one, held against each other: each
/// limit of the schema is tried from both sides.
namespace berth::crds {
namespace {

const char* const good = R"(
displayName: Demo
description: Something to try
category: Tests
icon: data:image/png;base64,AA==
tags: [one]
components:
  - name: web
    image: localhost/demo:1
    pullSecret: registry
    command: [serve]
    args: [fast]
    profile: strict
    user: 1000
    restart: always
    ports: [{name: http, port: 8080, scheme: http}]
    readiness: {http: {port: http, path: /health}}
    resources: {cpu: 500m, memory: 256Mi, pids: 100, gpu: 1}
    env: {MODE: fast}
    mounts: [{volume: home, path: /home/demo, readOnly: false}]
    init: [{image: localhost/demo:1, command: [prepare], args: [fast], env: {MODE: fast}}]
  - name: model
    image: localhost/demo:1
    readiness: {exec: [test, -e, /ready]}
volumes: [{name: home, scope: workspace, size: 1Gi, accessMode: ReadWriteOnce}]
access:
  - name: page
    component: web
    port: http
    kind: web
    default: true
    activity: {ignore: [/poll], probe: {path: /status, jsonPointer: /last}}
lifecycle: {startWithin: 30s, stopTimeout: 5s, cpuFloor: 100m}
network: {egress: none}
)";

const json::object& spec_schema() {
    static const auto all = definitions();
    return all[0].at_pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec").as_object();
}

std::string verdict(const json::value& spec) {
    try {
        parse_spec(spec);
    } catch (const Error& error) {
        return error.user;
    }
    return "accepted";
}

/// Visits each place of `good` with its schema.
class Walk {
  public:
    int tried = 0;

    void all() { visit(spec_schema(), ""); }

  private:
    json::value with(const std::string& at, const json::value& value) const {
        auto changed = good_;
        boost::system::error_code missing;
        if (auto* there = changed.find_pointer(at, missing); there != nullptr) {
            *there = value;
            return changed;
        }
        const auto key = at.rfind('/');
        changed.at_pointer(at.substr(0, key)).as_object()[at.substr(key + 1)] = value;
        return changed;
    }

    json::value without(const std::string& owner, const std::string& key) const {
        auto changed = good_;
        changed.at_pointer(owner).as_object().erase(key);
        return changed;
    }

    void taken(const std::string& at, const json::value& value) {
        ++tried;
        EXPECT_EQ(verdict(with(at, value)), "accepted") << at << " = " << json::write(value).substr(0, 80);
    }

    void refused(const std::string& at, const json::value& value) {
        ++tried;
        EXPECT_NE(verdict(with(at, value)), "accepted") << at << " = " << json::write(value).substr(0, 80);
    }

    void visit(const json::object& schema, const std::string& at) {
        boost::system::error_code missing;
        const auto* value = good_.find_pointer(at, missing);
        if (value == nullptr) return;
        visit_number(schema, at);
        visit_text(schema, at);
        if (value->is_array()) visit_list(schema, at, value->as_array());
        if (const auto* properties = schema.if_contains("properties"))
            visit_members(schema, properties->as_object(), at);
    }

    void visit_number(const json::object& schema, const std::string& at) {
        if (const auto* least = schema.if_contains("minimum")) {
            taken(at, *least);
            refused(at, least->to_number<std::int64_t>() - 1);
        }
        if (const auto* most = schema.if_contains("maximum")) {
            taken(at, *most);
            refused(at, most->to_number<std::int64_t>() + 1);
        }
    }

    void visit_text(const json::object& schema, const std::string& at) {
        if (schema.contains("enum")) refused(at, "nonsense");
        const auto* longest = schema.if_contains("maxLength");
        const bool amount = schema.contains("x-kubernetes-validations") && !at.ends_with("path");
        if (longest == nullptr || amount) return;
        const auto length = longest->to_number<std::size_t>();
        const auto text = [&](std::size_t size) {
            const bool path = at.ends_with("path") || at.ends_with("Pointer") || at.contains("/ignore/");
            std::string begin = at == "/icon" ? "data:image/" : path ? "/" : "";
            return json::value(begin + std::string(size - begin.size(), 'a'));
        };
        refused(at, text(length + 1));
        if (length > limits::label_max && length < limits::text_max) taken(at, text(length));
    }

    json::array grown(const json::array& list, const json::object& schema, std::size_t size) const {
        auto more = list;
        const auto* keys = schema.if_contains("x-kubernetes-list-map-keys");
        while (more.size() < size) {
            auto item = list.front();
            if (keys != nullptr) {
                const auto key = std::string(keys->as_array().front().as_string());
                item.as_object()[key] = (key == "path" ? "/n" : "n") + std::to_string(more.size());
                if (item.as_object().contains("default")) item.as_object()["default"] = false;
            }
            more.push_back(item);
        }
        return more;
    }

    void visit_list(const json::object& schema, const std::string& at, const json::array& list) {
        if (schema.contains("minItems")) refused(at, json::array());
        ASSERT_TRUE(schema.contains("maxItems")) << at;
        const auto most = schema.at("maxItems").to_number<std::size_t>();
        taken(at, grown(list, schema, most));
        refused(at, grown(list, schema, most + 1));
        if (schema.contains("x-kubernetes-list-map-keys")) {
            auto twice = list;
            twice.push_back(list.front());
            refused(at, twice);
        }
        for (std::size_t i = 0; i < list.size(); ++i)
            visit(schema.at("items").as_object(), at + "/" + std::to_string(i));
    }

    void visit_members(const json::object& schema, const json::object& properties, const std::string& at) {
        ++tried;
        EXPECT_NE(verdict(with(at + "/zzz", 1)), "accepted") << at;
        json::array required;
        if (const auto* names = schema.if_contains("required")) required = names->as_array();
        for (const auto& member : properties) {
            const auto key = std::string(member.key());
            boost::system::error_code missing;
            if (good_.find_pointer(at + "/" + key, missing) == nullptr) continue;
            if (std::ranges::find(required, json::value(key)) != required.end()) {
                ++tried;
                EXPECT_NE(verdict(without(at, key)), "accepted") << at << "/" << key;
            }
            expect_default(member.value().as_object(), at, key);
            visit(member.value().as_object(), at + "/" + key);
        }
    }

    /// What is absent is as if it had the default of the schema.
    void expect_default(const json::object& schema, const std::string& at, const std::string& key) {
        const auto* initial = schema.if_contains("default");
        if (initial == nullptr) return;
        ++tried;
        EXPECT_EQ(parse_spec(without(at, key)), parse_spec(with(at + "/" + key, *initial)))
            << at << "/" << key;
    }

    json::value good_ = yaml::parse(good);
};

TEST(CrdLimits, the_program_draws_each_limit_where_the_definition_does) {
    Walk walk;
    ASSERT_EQ(verdict(yaml::parse(good)), "accepted");
    walk.all();
    EXPECT_GT(walk.tried, 100);
}

}  // namespace
}  // namespace berth::crds
