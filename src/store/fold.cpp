#include "store/fold.hpp"

#include <algorithm>

#include "store/fold_table.hpp"

namespace berth::store {
namespace {

void encode(char32_t point, std::string& out) {
    if (point < 0x80) {
        out += static_cast<char>(point);
    } else if (point < 0x800) {
        out += static_cast<char>(0xC0 | (point >> 6));
        out += static_cast<char>(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        out += static_cast<char>(0xE0 | (point >> 12));
        out += static_cast<char>(0x80 | ((point >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (point & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | (point >> 18));
        out += static_cast<char>(0x80 | ((point >> 12) & 0x3F));
        out += static_cast<char>(0x80 | ((point >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (point & 0x3F));
    }
}

void fold_letter(char32_t point, std::string& out) {
    using namespace folding;
    const auto expansion = std::ranges::lower_bound(expansions, point, {}, &Expansion::letter);
    if (expansion != std::end(expansions) && expansion->letter == point) {
        for (const auto letter : expansion->letters)
            if (letter != 0) encode(letter, out);
        return;
    }
    const auto range = std::ranges::lower_bound(ranges, point, {}, &Range::last);
    const bool folds = range != std::end(ranges) && range->first <= point &&
                       (point - range->first) % static_cast<char32_t>(range->step) == 0;
    encode(folds ? static_cast<char32_t>(static_cast<int>(point) + range->delta) : point, out);
}

}  // namespace

Letter first_letter(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return {lead, 1};
    const int length = lead >= 0xF5 ? 0 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
    if (length == 0 || static_cast<std::size_t>(length) > text.size()) return {};
    char32_t point = lead & (0x7FU >> length);
    for (int at = 1; at < length; ++at) {
        const auto byte = static_cast<unsigned char>(text[static_cast<std::size_t>(at)]);
        if ((byte & 0xC0U) != 0x80U) return {};
        point = (point << 6) | (byte & 0x3FU);
    }
    const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
    if (overlong || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return {};
    return {point, length};
}

std::string fold(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const char byte = text[at];
        if (static_cast<unsigned char>(byte) < 0x80) {
            out += byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + ('a' - 'A')) : byte;
            ++at;
        } else if (const auto letter = first_letter(text.substr(at)); letter.length > 0) {
            fold_letter(letter.point, out);
            at += static_cast<std::size_t>(letter.length);
        } else {
            out += byte;
            ++at;
        }
    }
    return out;
}

std::string well_formed(std::string_view text) {
    constexpr std::string_view replacement = "\xEF\xBF\xBD";
    const auto plain = [](char byte) { return byte > 0; };
    if (std::ranges::all_of(text, plain)) return std::string(text);
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const auto letter = first_letter(text.substr(at));
        const bool kept = letter.length > 0 && letter.point != 0;
        const auto length = static_cast<std::size_t>(kept ? letter.length : 1);
        out += kept ? text.substr(at, length) : replacement;
        at += length;
    }
    return out;
}

}  // namespace berth::store
