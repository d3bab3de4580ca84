#include "init/frame.hpp"

#include <charconv>

#include "init/limits.hpp"

namespace berth::init {

Scan scan(std::string_view bytes) {
    if (bytes.size() < header_size) return {};
    std::uint32_t length = 0;
    for (std::size_t i = 1; i < header_size; ++i) {
        length = length << 8 | static_cast<unsigned char>(bytes[i]);
    }
    if (length > frame_max) return {.outcome = Scanned::oversized, .frame = {}, .size = 0};
    if (bytes.size() - header_size < length) return {};
    return {.outcome = Scanned::whole,
            .frame = {.kind = bytes[0], .payload = bytes.substr(header_size, length)},
            .size = header_size + length};
}

std::array<char, header_size> header(char kind, std::size_t length) {
    const auto byte = [length](int shift) { return static_cast<char>(length >> shift & 0xff); };
    return {kind, byte(24), byte(16), byte(8), byte(0)};
}

std::optional<std::string_view> Fields::next() {
    if (!rest_) return {};
    const auto end = rest_->find(separator_);
    const auto field = rest_->substr(0, end);
    if (end == std::string_view::npos) {
        rest_.reset();
    } else {
        rest_->remove_prefix(end + 1);
    }
    return field;
}

std::optional<std::uint64_t> number(std::string_view digits, std::uint64_t most) {
    std::uint64_t value = 0;
    const auto* end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, value);
    if (read.ec != std::errc{} || read.ptr != end || value > most) return {};
    return value;
}

}  // namespace berth::init
