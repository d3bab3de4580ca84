#include "crds/field.hpp"

#include <stdexcept>

namespace berth::crds {

const Field& find_field(std::string_view name) {
    for (const auto* fields : {&template_fields(), &session_fields()})
        if (const auto found = fields->find(name); found != fields->end()) return found->second;
    throw std::logic_error("the custom resources say nothing of " + std::string(name));
}

}  // namespace berth::crds
