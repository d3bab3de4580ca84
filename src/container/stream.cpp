#include "container/stream.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace berth::container {
namespace {

constexpr std::size_t header_size = 8;
constexpr std::size_t words_max = 200;

std::uint32_t big_endian(std::string_view bytes) {
    std::uint32_t number = 0;
    for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
    return number;
}

}  // namespace

std::vector<Piece> Demultiplexer::feed(std::string_view bytes) {
    std::vector<Piece> pieces;
    while (!bytes.empty()) {
        if (remaining_ == 0) {
            const auto taken = std::min(header_size - header_.size(), bytes.size());
            header_ += bytes.substr(0, taken);
            bytes.remove_prefix(taken);
            if (header_.size() < header_size) break;
            if (header_[0] < 0 || header_[0] > 2 || header_[1] != 0 || header_[2] != 0 || header_[3] != 0)
                // Podman ends a stream that it cannot go on with by the bare text of its error.
                throw Error(Kind::unavailable, "engine_answer",
                            "the container engine broke off its output: " +
                                quoted(header_ + std::string(bytes.substr(0, words_max))));
            error_output_ = header_[0] == 2;
            remaining_ = big_endian(std::string_view(header_).substr(4));
            header_.clear();
            continue;
        }
        const auto taken = std::min<std::size_t>(remaining_, bytes.size());
        pieces.push_back({error_output_, std::string(bytes.substr(0, taken))});
        bytes.remove_prefix(taken);
        remaining_ -= static_cast<std::uint32_t>(taken);
    }
    return pieces;
}

std::vector<std::string> LineSplitter::feed(std::string_view bytes) {
    std::vector<std::string> lines;
    while (!bytes.empty()) {
        const auto end = bytes.find('\n');
        const auto room = most_ - open_.size();
        const auto taken = std::min(end == std::string_view::npos ? bytes.size() : end, room);
        open_ += bytes.substr(0, taken);
        bytes.remove_prefix(taken);
        const bool ended = !bytes.empty() && bytes.front() == '\n';
        if (ended) bytes.remove_prefix(1);
        if (ended && open_.ends_with('\r')) open_.pop_back();
        if (ended || open_.size() == most_) {
            lines.push_back(std::move(open_));
            open_.clear();
        }
    }
    return lines;
}

std::string LineSplitter::rest() {
    std::string rest = std::move(open_);
    open_.clear();
    return rest;
}

}  // namespace berth::container
