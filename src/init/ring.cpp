#include "init/ring.hpp"

#include <algorithm>

namespace berth::init {

std::string_view Ring::at(std::uint64_t offset, std::size_t most) const {
    const auto from = static_cast<std::size_t>(offset % backlog_max);
    const auto kept = static_cast<std::size_t>(end_ - offset);
    return {pages_.data() + from, std::min({most, kept, backlog_max - from})};
}

}  // namespace berth::init
