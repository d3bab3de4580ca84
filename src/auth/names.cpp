#include <algorithm>

#include "auth/auth.hpp"
#include "auth/letter_table.hpp"
#include "store/fold.hpp"

namespace berth::auth {
namespace {

constexpr std::string_view own_name = "berth";
constexpr int name_letters_max = 63;
constexpr int password_letters_min = 8;
constexpr std::size_t password_bytes_max = 1024;

[[noreturn]] void refuse_name(std::string_view name) {
    throw Error(Kind::invalid, "invalid_field",
                "name: " + quoted(name.substr(0, 128)) + " is not a user name",
                "use 1 to 63 letters, digits, '.', '_', '-' or '@', starting with a letter or digit");
}

bool letter_or_digit(char32_t point) {
    if (point < 0x80) {
        return (point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z') ||
               (point >= '0' && point <= '9');
    }
    const auto range = std::ranges::lower_bound(letters::ranges, point, {}, &letters::Range::last);
    return range != std::end(letters::ranges) && range->first <= point;
}

}  // namespace

void check_user_name(std::string_view name) {
    // What Berth does by itself is written down under its own name.
    if (store::fold(name) == own_name)
        throw Error(Kind::invalid, "invalid_field", "name: \"berth\" is Berth itself", "use another name");
    int count = 0;
    for (auto rest = name; !rest.empty(); ++count) {
        const auto letter = store::first_letter(rest);
        const bool mark =
            letter.point == '.' || letter.point == '_' || letter.point == '-' || letter.point == '@';
        if (letter.length == 0 || !(letter_or_digit(letter.point) || (mark && count > 0))) refuse_name(name);
        rest.remove_prefix(static_cast<std::size_t>(letter.length));
    }
    if (count < 1 || count > name_letters_max) refuse_name(name);
}

void check_password(const SecretText& password) {
    const auto& text = password.reveal();
    // Bytes that continue a letter of UTF-8 are not letters.
    const auto count = std::ranges::count_if(text, [](char byte) { return (byte & 0xC0) != 0x80; });
    if (count < password_letters_min)
        throw Error(Kind::invalid, "invalid_field", "password: at least 8 characters are needed");
    if (text.size() > password_bytes_max)
        throw Error(Kind::invalid, "invalid_field", "password: at most 1024 bytes are possible");
}

}  // namespace berth::auth
