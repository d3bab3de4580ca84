#include "api/typed.hpp"

#include <algorithm>

namespace berth::api {

Caller Call::caller(bool all) const {
    auto caller = who().caller;
    if (all && !caller.admin())
        throw Error(Kind::forbidden, "forbidden", "only an administrator sees what belongs to others",
                    "ask for your own only");
    caller.everything = all;
    return caller;
}

namespace detail {
namespace {

/// The media type alone, in lower case: `Application/JSON; charset=utf-8` is `application/json`.
std::string media_type(const net::Request& request) {
    std::string type(request.header("Content-Type").value_or(""));
    type = type.substr(0, type.find(';'));
    while (!type.empty() && type.back() == ' ') type.pop_back();
    std::transform(type.begin(), type.end(), type.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    return type;
}

bool is_yaml(const std::string& type) {
    return type == "application/yaml" || type == "application/x-yaml" || type == "text/yaml" ||
           type == "text/x-yaml";
}

}  // namespace

void check_parameters(const net::Request& request, const std::vector<std::string>& known) {
    for (const auto& [key, text] : request.query)
        if (std::find(known.begin(), known.end(), key) == known.end()) json::refuse_key({}, key, known);
}

void refuse_absent(std::string_view path) {
    json::refuse_type(path, "is required");
}

json::value body_of(const net::Request& request, bool yaml) {
    const auto type = media_type(request);
    if (yaml && is_yaml(type)) return json::object{{"yaml", request.body}};
    if (type != "application/json")
        throw Error(Kind::invalid, "unsupported_media_type",
                    "the body is " + (type.empty() ? "of no stated type" : quoted(type)),
                    yaml ? "send Content-Type: application/json or application/yaml"
                         : "send Content-Type: application/json");
    auto tree = json::parse(request.body);
    if (!tree.is_object()) json::refuse_type({}, "expected an object");
    return tree;
}

net::Response json_response(int status, std::string text) {
    net::Response response;
    response.status = status;
    response.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
    response.body = std::move(text);
    return response;
}

net::Response answer_created(std::string text, std::string location, bool replayed) {
    auto response = json_response(201, std::move(text));
    response.headers.emplace_back("Location", std::move(location));
    if (replayed) response.headers.emplace_back("Idempotency-Replayed", "true");
    return response;
}

}  // namespace detail
}  // namespace berth::api
