#pragma once

#include <functional>
#include <set>

#include "base/secret_text.hpp"
#include "imposters/kubernetes/api_server.hpp"

namespace berth::imposter {

/// The process 1 of a component as `src/init/README.md` describes it, for one connection: the handshake (H,
/// O, A), then P, F or R. A port that is forwarded answers HTTP with 200.
class Process1 final : public PortHandler {
  public:
    /// `alive` tells whether its pod still runs, `reach` what a connection to somebody else comes to: the
    /// name of an errno, or empty.
    Process1(SecretText key, std::set<int> ports, std::function<bool()> alive,
             std::function<std::string(const std::string& address, int port)> reach)
        : key_(std::move(key)),
          ports_(std::move(ports)),
          alive_(std::move(alive)),
          reach_(std::move(reach)) {}
    std::optional<std::string> hear(const std::string& bytes) override;

  private:
    std::optional<std::string> answer(char kind, const std::string& payload);

    SecretText key_;
    std::set<int> ports_;
    std::function<bool()> alive_;
    std::function<std::string(const std::string&, int)> reach_;
    std::string read_, nonce_, expected_;
    bool proven_ = false, forwards_ = false;
};

}  // namespace berth::imposter
