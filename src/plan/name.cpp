#include "plan/name.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>

#include "base/error.hpp"
#include "base/utf8.hpp"

namespace berth::plan {
namespace {

bool is_label_letter(char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
}

struct Spelling {
    char32_t first, last;
    std::string_view ascii;
};

/// Latin letters with marks, as people write them where there are none. Ranges of Unicode, both cases.
constexpr std::array<Spelling, 38> spellings{{
    {0xc4, 0xc4, "ae"},  {0xe4, 0xe4, "ae"},  {0xd6, 0xd6, "oe"},  {0xf6, 0xf6, "oe"},  {0xdc, 0xdc, "ue"},
    {0xfc, 0xfc, "ue"},  {0xdf, 0xdf, "ss"},  {0xc6, 0xc6, "ae"},  {0xe6, 0xe6, "ae"},  {0xd8, 0xd8, "oe"},
    {0xf8, 0xf8, "oe"},  {0xc0, 0xc5, "a"},   {0xe0, 0xe5, "a"},   {0xc7, 0xc7, "c"},   {0xe7, 0xe7, "c"},
    {0xc8, 0xcb, "e"},   {0xe8, 0xeb, "e"},   {0xcc, 0xcf, "i"},   {0xec, 0xef, "i"},   {0xd1, 0xd1, "n"},
    {0xf1, 0xf1, "n"},   {0xd2, 0xd5, "o"},   {0xf2, 0xf5, "o"},   {0xd9, 0xdb, "u"},   {0xf9, 0xfb, "u"},
    {0xdd, 0xdd, "y"},   {0xfd, 0xff, "y"},   {0x100, 0x105, "a"}, {0x106, 0x10d, "c"}, {0x10e, 0x111, "d"},
    {0x112, 0x11b, "e"}, {0x11c, 0x123, "g"}, {0x139, 0x142, "l"}, {0x143, 0x148, "n"}, {0x14c, 0x151, "o"},
    {0x154, 0x159, "r"}, {0x15a, 0x161, "s"}, {0x179, 0x17e, "z"},
}};

std::string_view spelling_of(char32_t character) {
    for (const auto& entry : spellings)
        if (character >= entry.first && character <= entry.last) return entry.ascii;
    return "-";
}

/// FNV-1a, for suffixes that tell long names apart; not for secrets.
std::string short_hash(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
    return fmt::format("{:08x}", static_cast<std::uint32_t>(hash ^ hash >> 32));
}

}  // namespace

void check_name(std::string_view what, std::string_view name) {
    const auto refuse = [&](std::string_view why) {
        throw Error(Kind::invalid, "invalid_name",
                    fmt::format("{} {} {}", what, quoted(name.substr(0, 80)), why));
    };
    if (name.empty()) throw Error(Kind::invalid, "invalid_name", fmt::format("{} name is empty", what));
    if (name.front() == ' ' || name.back() == ' ') refuse("starts or ends with a space");
    for (const auto prefix : limits::id_prefixes)
        if (name.starts_with(prefix)) refuse("looks like an id");
    std::size_t characters = 0;
    for (auto rest = name; !rest.empty(); ++characters) {
        const auto character = take_character(rest);
        if (!character) refuse("is not valid UTF-8");
        if (*character < 0x20 || (*character >= 0x7f && *character < 0xa0)) refuse("has a control character");
        if (*character == '/' || *character == '\\') refuse("has a slash");
    }
    if (characters > limits::name_max) refuse("is longer than 63 characters");
}

void check_label(std::string_view what, std::string_view name, std::size_t longest) {
    bool fine = !name.empty() && name.size() <= longest && name.front() != '-' && name.back() != '-';
    for (const char letter : name) fine = fine && (is_label_letter(letter) || letter == '-');
    if (!fine)
        throw Error(Kind::invalid, "invalid_name",
                    fmt::format("{} name {} is not made of at most {} characters a-z, 0-9 and inner hyphens",
                                what, quoted(name.substr(0, 80)), longest));
}

std::string slug(std::string_view text, std::size_t longest) {
    std::string label;
    const auto add = [&](std::string_view letters) {
        for (const char letter : letters) {
            if (letter == '-' && (label.empty() || label.back() == '-')) continue;
            label += letter;
        }
    };
    while (!text.empty()) {
        const auto character = take_character(text);
        if (!character) {
            text.remove_prefix(1);
            add("-");
            continue;
        }
        const char lower = *character >= 'A' && *character <= 'Z' ? static_cast<char>(*character + 32)
                           : *character < 0x80                    ? static_cast<char>(*character)
                                                                  : '\0';
        add(lower == '\0'            ? spelling_of(*character)
            : is_label_letter(lower) ? std::string_view(&lower, 1)
                                     : "-");
    }
    label.resize(std::min(label.size(), longest));
    while (!label.empty() && label.back() == '-') label.pop_back();
    return label.empty() ? "x" : label;
}

std::string session_host(std::string_view name, std::string_view random) {
    return fmt::format("{}-{}", slug(name), random);
}

std::string volume_handle(std::string_view instance, std::string_view owner, std::string_view volume) {
    const auto tail = slug(volume, 20);
    const auto whole = fmt::format("{}/{}/{}", instance, owner, volume);
    return fmt::format("berth-{}-{}-{}-{}", slug(instance, 8), slug(owner, 16), tail, short_hash(whole));
}

}  // namespace berth::plan
