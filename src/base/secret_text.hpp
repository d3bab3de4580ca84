#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace berth {

/// Text that is in no log, message or JSON: there is no output operator, and reading it has a name.
class SecretText {
  public:
    SecretText() = default;
    explicit SecretText(std::string text) : text_(std::move(text)) {}
    /// The text itself. Whoever calls this answers for where it goes.
    const std::string& reveal() const { return text_; }
    bool empty() const { return text_.empty(); }

  private:
    std::string text_;
};

/// The URL with `***` in place of its password, whether that is in its authority or in a parameter. For what
/// people and logs see.
std::string without_password(std::string_view url);

}  // namespace berth
