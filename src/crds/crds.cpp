#include "crds/crds.hpp"

#include "base/yaml.hpp"
#include "crds/definition.hpp"

namespace berth::crds {
namespace {

std::string documents(const json::array& objects) {
    std::string text = "# Written by `berth crds`.\n";
    for (const auto& object : objects) text += "---\n" + yaml::write(object);
    return text;
}

}  // namespace

std::string definitions_text() {
    return documents(definitions());
}

std::string policies_text() {
    return documents(policies());
}

}  // namespace berth::crds
