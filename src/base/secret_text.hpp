#pragma once

#include <string>
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

}  // namespace berth
