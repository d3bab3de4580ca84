#include "engine/init_wire.hpp"

#include <fmt/format.h>

namespace berth::engine {

std::string frame_head(char kind, std::size_t length) {
    if (length > init_frame_max)
        throw Error(Kind::invalid, "too_large", "a request to a component is larger than 64 KiB");
    std::string head{kind};
    for (const int shift : {24, 16, 8, 0}) head += static_cast<char>(length >> shift & 0xff);
    return head;
}

std::string write_frame(char kind, std::string_view payload) {
    return frame_head(kind, payload.size()).append(payload);
}

std::string join_fields(const std::vector<std::string>& fields) {
    std::string payload;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (fields[i].find('\0') != std::string::npos)
            throw Error(Kind::invalid, "invalid_field", "a command cannot hold the character NUL");
        if (i > 0) payload += '\0';
        payload += fields[i];
    }
    return payload;
}

std::vector<std::string> split_fields(std::string_view payload) {
    std::vector<std::string> fields;
    while (true) {
        const auto end = payload.find('\0');
        fields.emplace_back(payload.substr(0, end));
        if (end == std::string_view::npos) break;
        payload.remove_prefix(end + 1);
    }
    return fields;
}

std::size_t payload_size(std::string_view header) {
    std::size_t length = 0;
    for (std::size_t i = 1; i < init_header_size; ++i)
        length = length << 8 | static_cast<unsigned char>(header[i]);
    if (length > init_frame_max)
        throw Error(Kind::internal, "init_answer", "the component's process 1 sent a malformed frame");
    return length;
}

std::optional<InitFrame> InitFrames::next() {
    const auto open = std::string_view(bytes_).substr(taken_);
    if (open.size() < init_header_size) return std::nullopt;
    const auto length = payload_size(open);
    if (open.size() < init_header_size + length) return std::nullopt;
    InitFrame frame{open[0], std::string(open.substr(init_header_size, length))};
    taken_ += init_header_size + length;
    if (taken_ == bytes_.size() || taken_ > init_frame_max) {
        bytes_.erase(0, taken_);
        taken_ = 0;
    }
    return frame;
}

Error init_refusal(std::string_view payload, int port) {
    const auto fields = split_fields(payload);
    const auto& name = fields[0];
    const auto words = fields.size() > 1 && !fields[1].empty() ? fields[1] : name;
    if (port == 0) {
        const bool absent = name == "ENOENT";
        return Error(absent ? Kind::not_found : Kind::invalid, absent ? "program_not_found" : "cannot_run",
                     words);
    }
    if (name == "ECONNREFUSED")
        return Error(Kind::unavailable, "port_closed", fmt::format("port {}: connection refused", port));
    // All places at process 1 are taken.
    const auto* code = name == "EAGAIN" ? "init_busy" : "port_closed";
    return Error(Kind::unavailable, code, fmt::format("port {}: {}", port, words));
}

}  // namespace berth::engine
