#pragma once

#include <array>
#include <string_view>

/// Regular expressions (RE2) that texts have to match, with what they say to people.
namespace berth::crds {

struct Pattern {
    std::string_view expression, words;
};

/// Names of templates and their parts, as `plan::check_label` takes them.
inline constexpr Pattern label_pattern{"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "a-z, 0-9 and inner hyphens"};
/// Names of sessions and workspaces, as `plan::check_name` takes them.
inline constexpr Pattern name_pattern{
    R"(^[^/\\ \x00-\x1f\x7f-\x{9f}]([^/\\\x00-\x1f\x7f-\x{9f}]*[^/\\ \x00-\x1f\x7f-\x{9f}])?$)",
    "no slash, no control character, no blank at the ends"};
/// Names of users, as `auth::check_user_name` takes them.
inline constexpr Pattern user_pattern{R"(^[\p{L}\p{M}\p{Nd}][\p{L}\p{M}\p{Nd}._@-]*$)",
                                      "letters, digits, and behind the first `.` `_` `-` `@`"};
/// Names of a cluster's objects (RFC 1123 subdomain).
inline constexpr Pattern object_pattern{"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
                                        "a-z, 0-9, inner hyphens and dots"};
inline constexpr Pattern image_pattern{R"(^[^-\x00-\x20\x7f][^\x00-\x20\x7f]*$)",
                                       "no blanks, no hyphen in front"};
inline constexpr Pattern icon_pattern{"^(data:image/|$)", "begins with `data:image/`"};
inline constexpr Pattern path_pattern{"^/", "begins with `/`"};
inline constexpr Pattern target_pattern{R"(^/[!-"$-~]*$)", "begins with `/`, no blank, no `#`"};
inline constexpr Pattern below_pattern{R"(^/[!-"$->@-~]*$)", "begins with `/`, no blank, no `?`, no `#`"};
inline constexpr Pattern pointer_pattern{"^(/([^~]|~[01])*)?$", "a JSON pointer (RFC 6901)"};
inline constexpr Pattern mount_pattern{R"(^/[^:\x00-\x1f\x7f]+$)", "below `/`, no colon"};
inline constexpr Pattern value_pattern{R"(^[^\x00]*$)", "no NUL"};
/// Names of secrets: of variables in every shell.
inline constexpr Pattern variable_pattern{"^[A-Za-z_][A-Za-z0-9_]*$",
                                          "letters, digits and _, no digit in front"};
// Amounts as `base/quantity.hpp` reads them, but for the suffix `K`, which Kubernetes does not know.
inline constexpr Pattern cpu_pattern{R"(^[0-9]+(\.[0-9]*)?m?$)", "such as `500m`, `2`, `\"0.5\"`"};
inline constexpr Pattern bytes_pattern{R"(^[0-9]+(\.[0-9]*)?(Ki|Mi|Gi|Ti|k|M|G|T)?$)",
                                       "such as `512Mi`, `10Gi`"};
inline constexpr Pattern duration_pattern{
    R"(^([0-9]+(\.[0-9]*)?d)?([0-9]+(\.[0-9]*)?h)?([0-9]+(\.[0-9]*)?m)?([0-9]+(\.[0-9]*)?s)?([0-9]+(\.[0-9]*)?ms)?$)",
    "such as `90s`, `1h30m`"};
/// Of `metav1.Condition`.
inline constexpr Pattern reason_pattern{"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$", "CamelCase"};

inline constexpr std::array patterns{
    label_pattern,    name_pattern,   user_pattern,  object_pattern,   image_pattern, icon_pattern,
    path_pattern,     target_pattern, below_pattern, pointer_pattern,  mount_pattern, value_pattern,
    variable_pattern, cpu_pattern,    bytes_pattern, duration_pattern, reason_pattern};

/// Characters of one amount or duration: what the cost of a rule is reckoned with.
inline constexpr std::size_t amount_max = 32;

}  // namespace berth::crds
