#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace berth::init {

/// A text of at most `capacity` bytes, in place. What does not fit is cut off.
template <std::size_t capacity>
class Text {
  public:
    Text& add(std::string_view piece) {
        size_ += piece.copy(bytes_.data() + size_, capacity - size_);
        return *this;
    }
    Text& add(std::uint64_t number) {
        std::array<char, 20> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
        return add(std::string_view(digits.data(), end));
    }

    std::string_view view() const { return {bytes_.data(), size_}; }

  private:
    std::array<char, capacity> bytes_;
    std::size_t size_ = 0;
};

/// `ECONNREFUSED` for its number.
std::string_view error_name(int error);

/// `connection refused` for its number.
Text<64> error_text(int error);

/// Writes `berth-init: ` and the pieces as one line on stderr.
void complain(std::initializer_list<std::string_view> pieces);

/// Writes `berth-init: "thing": what errno says`.
void complain_about(std::string_view thing, int error);

}  // namespace berth::init
