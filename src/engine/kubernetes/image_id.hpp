#pragma once

#include <string>

namespace berth::engine::kubernetes {

/// The image that runs under `name`, so that any node gets the very same: `registry.example/ide@sha256:…`.
/// Empty when `name` says it already, or when `id` (`status.containerStatuses[].imageID`) is not of that
/// repository: an image that was loaded onto a node cannot be asked for by its digest. Pure.
std::string fixed_image(const std::string& name, const std::string& id);

}  // namespace berth::engine::kubernetes
