#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace berth {

/// Text that is in no log, message or JSON: there is no output operator, and reading it has a name. Its
/// memory is wiped when it goes.
class SecretText {
  public:
    SecretText() = default;
    explicit SecretText(std::string text) : text_(std::move(text)) { wipe(text); }
    SecretText(const SecretText&) = default;
    SecretText(SecretText&& other) noexcept : text_(std::move(other.text_)) { wipe(other.text_); }
    SecretText& operator=(const SecretText& other) {
        if (this != &other) *this = SecretText(other);
        return *this;
    }
    SecretText& operator=(SecretText&& other) noexcept {
        text_.swap(other.text_);
        wipe(other.text_);
        return *this;
    }
    ~SecretText() { wipe(text_); }

    /// The text itself. Whoever calls this answers for where it goes.
    const std::string& reveal() const { return text_; }
    bool empty() const { return text_.empty(); }

    /// Leaves `text` empty, and nothing of it in its memory.
    static void wipe(std::string& text) noexcept;

  private:
    std::string text_;
};

/// The URL with `***` in place of its password, whether that is in its authority or in a parameter. For what
/// people and logs see.
std::string without_password(std::string_view url);

}  // namespace berth
