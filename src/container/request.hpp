#pragma once

#include <string>

#include "base/json.hpp"
#include "container/types.hpp"

/// What is asked, without a socket: bodies and targets of the Docker Engine API (1.41).
namespace berth::container {

json::value render(const ContainerSpec& spec);
json::value render(const NetworkSpec& spec);
json::value render(const VolumeSpec& spec);

/// `{"label":["a=b"]}`, percent-encoded for a query.
std::string label_filter(const Labels& labels);

/// An image reference taken apart as a pull wants it: a digest belongs to the name, no tag means `latest`.
struct PullName {
    std::string name;
    std::string tag;
    bool operator==(const PullName&) const = default;
};
PullName split_reference(const std::string& reference);

/// Percent-encodes what belongs into one segment of a path or a value of a query.
std::string encode(std::string_view text);

}  // namespace berth::container
