#pragma once

#include "engine/engine.hpp"
#include "kube/client.hpp"

namespace berth::engine::kubernetes {

/// Gives each line of a container's log to `take` until there are no more or it returns false.
Task<> read_log(kube::Client& client, kube::Key pod, std::string container, LogRequest request,
                std::function<Task<bool>(LogLine)> take);

/// A line with its time in front, as `timestamps=true` gives it. Pure.
LogLine read_log_line(std::string text);

}  // namespace berth::engine::kubernetes
