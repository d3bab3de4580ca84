#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

/// Pieces of rules in CEL (https://kubernetes.io/docs/reference/using-api/cel/).
namespace berth::crds {

/// Texts as a list: `['a', 'b']`.
template <class Texts>
std::string list_of(const Texts& texts) {
    std::string list = "[";
    for (const auto text : texts) list += (list.size() > 1 ? ", '" : "'") + std::string(text) + "'";
    return list + "]";
}

/// The milliseconds of the duration `self`. CEL knows no days, and takes one unit several times.
inline std::string milliseconds() {
    return "(self.contains('d') ? double(self.split('d')[0]) * 86400000.0 : 0.0) + "
           "double(duration('0s' + self.split('d')[size(self.split('d')) - 1]).getMilliseconds())";
}

/// Whether the amount `self`, when it is a text, lies between the two, themselves included.
///
/// Kubernetes 1.30 reckons with an amount as large as the request, whatever its `maxLength`, so the text is
/// read once, and `in` tells its type: `==` of types is reckoned by the size of what they are the types of.
inline std::string between(std::string_view least, std::string_view most) {
    return fmt::format(
        "type(self) in [int] || [quantity(self)].all(amount, !amount.isLessThan(quantity('{}')) && "
        "!amount.isGreaterThan(quantity('{}')))",
        least, most);
}

}  // namespace berth::crds
