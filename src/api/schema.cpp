#include "api/schema.hpp"

namespace berth::api {

json::object Schemas::take() {
    json::object entries;
    for (auto& [name, schema] : named_) entries.emplace(name, std::move(schema));
    named_.clear();
    return entries;
}

bool Schemas::claim(const std::string& name, const std::type_info& type) {
    const auto [place, made] = claimed_.emplace(name, type.name());
    if (!made && place->second != type.name())
        throw std::logic_error("two types are called " + name + " in openapi.json");
    return made;
}

}  // namespace berth::api
