#pragma once

#include <functional>
#include <set>

#include "base/secret_text.hpp"
#include "imposters/kubernetes/api_server.hpp"

namespace berth::imposter {

/// The process 1 of a component as `src/init/README.md` describes it, for one connection: the handshake (H,
/// O, A), then P or F. A port that is forwarded answers HTTP with 200.
class Process1 final : public PortHandler {
  public:
    /// `alive` tells whether its pod still runs.
    Process1(SecretText key, std::set<int> ports, std::function<bool()> alive)
        : key_(std::move(key)), ports_(std::move(ports)), alive_(std::move(alive)) {}
    std::optional<std::string> hear(const std::string& bytes) override;

  private:
    std::optional<std::string> answer(char kind, const std::string& payload);

    SecretText key_;
    std::set<int> ports_;
    std::function<bool()> alive_;
    std::string read_, nonce_, expected_;
    bool proven_ = false, forwards_ = false;
};

}  // namespace berth::imposter
