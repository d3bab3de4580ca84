#include "api/openapi.hpp"

#include "api/routes.hpp"

namespace berth::api {
namespace {

json::object problem_reply(std::string_view description) {
    return {{"description", description},
            {"content",
             {{"application/problem+json", {{"schema", {{"$ref", "#/components/schemas/Problem"}}}}}}}};
}

std::vector<std::string> names_in(std::string_view pattern) {
    std::vector<std::string> names;
    for (auto open = pattern.find('{'); open != std::string_view::npos; open = pattern.find('{', open + 1))
        names.emplace_back(pattern.substr(open + 1, pattern.find_first_of("}.", open) - open - 1));
    return names;
}

json::array parameters_of(const Route& route, const Described& shape) {
    json::array parameters;
    const auto names = names_in(route.pattern);
    if (names.size() != shape.path.size())
        throw std::logic_error(std::string(route.name) + ": path parameters and arguments differ");
    for (std::size_t i = 0; i < names.size(); ++i)
        parameters.push_back(
            json::object{{"name", names[i]}, {"in", "path"}, {"required", true}, {"schema", shape.path[i]}});
    for (const auto& parameter : shape.query) parameters.push_back(parameter);
    if (route.repeat == Repeat::by_key)
        parameters.push_back(
            json::object{{"name", "Idempotency-Key"},
                         {"in", "header"},
                         {"description", "The same key and body within 24 hours: the same answer"},
                         {"schema", {{"type", "string"}, {"maxLength", 255}}}});
    return parameters;
}

/// What stands for the rest of a path is one parameter like others.
std::string path_of(std::string_view pattern) {
    const auto dots = pattern.find("...}");
    return dots == pattern.npos ? std::string(pattern) : std::string(pattern.substr(0, dots)) + "}";
}

json::object body_of(const Described& shape) {
    if (shape.upload) {
        const json::object file{{"type", "string"}, {"format", "binary"}};
        return {{"required", true}, {"content", {{"application/octet-stream", {{"schema", file}}}}}};
    }
    json::object content{{"application/json", {{"schema", shape.body}}}};
    if (shape.yaml) content.emplace("application/yaml", json::object{{"schema", {{"type", "string"}}}});
    return {{"required", true}, {"content", std::move(content)}};
}

std::string_view description_of(int status) {
    switch (status) {
        case 101:
            return "Upgraded to WebSocket";
        case 201:
            return "Made";
        case 202:
            return "Asked for";
        case 204:
            return "Done";
        case 303:
            return "Go there";
        default:
            return "Found";
    }
}

json::object responses_of(const Route& route, const Described& shape) {
    json::object reply{{"description", description_of(shape.status)}};
    if (shape.created)
        reply.emplace("headers", json::object{{"Location", {{"schema", {{"type", "string"}}}}}});
    if (shape.redirect)
        reply.emplace("headers", json::object{{"Location", {{"schema", {{"type", "string"}}}}}});
    if (!shape.reply.is_null())
        reply.emplace("content", json::object{{shape.type, {{"schema", shape.reply}}}});
    json::object responses{{std::to_string(shape.status), std::move(reply)}};
    if (route.access != Access::anyone) responses.emplace("401", problem_reply("Not signed in"));
    if (route.access == Access::proxy)
        responses.emplace("302", json::object{{"description", "To sign in, when `redirect` asks for it"}});
    responses.emplace("default", problem_reply("It could not be done"));
    return responses;
}

json::object operation_of(const Route& route, Schemas& schemas) {
    const auto shape = route.operation.describe(schemas);
    json::object operation{
        {"operationId", route.name}, {"tags", json::array{route.tag}}, {"summary", route.summary}};
    if (auto parameters = parameters_of(route, shape); !parameters.empty())
        operation.emplace("parameters", std::move(parameters));
    if (!shape.body.is_null() || shape.upload) operation.emplace("requestBody", body_of(shape));
    operation.emplace("responses", responses_of(route, shape));
    if (route.access == Access::anyone || route.access == Access::proxy) {
        operation.emplace("security", json::array{});
    } else {
        operation.emplace("x-berth-access", route.access == Access::admin ? "admin" : "user");
        operation.emplace("x-berth-scope", json::enum_name(route.scope));
    }
    return operation;
}

json::object security_schemes() {
    return {{"cookie",
             {{"type", "apiKey"},
              {"in", "cookie"},
              {"name", "__Host-berth"},
              {"description",
               "On plain http its name is berth_ and the installation's own. Writes need the "
               "platform's own Origin"}}},
            {"token",
             {{"type", "http"}, {"scheme", "bearer"}, {"description", "Also as the header Berth-Token"}}}};
}

}  // namespace

std::string openapi_document(std::string_view version) {
    Schemas schemas;
    schemas.of<view::Problem>();
    schemas.of<view::Event>();
    json::object paths;
    for (const auto& route : routes()) {
        auto& path = paths[path_of(route.pattern)];
        if (path.is_null()) path = json::object();
        const auto method = json::enum_name(route.method);
        path.as_object().emplace(method, operation_of(route, schemas));
    }
    json::object document{
        {"openapi", "3.1.0"},
        {"info", {{"title", "Berth"}, {"version", version}}},
        {"security",
         json::array{json::object{{"cookie", json::array{}}}, json::object{{"token", json::array{}}}}},
        {"paths", std::move(paths)},
        {"components", {{"schemas", schemas.take()}, {"securitySchemes", security_schemes()}}}};
    return json::write_pretty(document);
}

}  // namespace berth::api
