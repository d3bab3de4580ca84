#include "init/request.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "init/handshake.hpp"

namespace berth::init {

namespace {

constexpr Refusal wrong_id{EINVAL, "the terminal's id is not 1 to 64 printable characters"};
constexpr Refusal wrong_port{EINVAL, "the port is not a number from 1 to 65535"};
constexpr Refusal wrong_size{EINVAL, "rows and columns are not numbers up to 65535"};

bool is_id(std::string_view text) {
    const auto printable = [](char c) { return c > ' ' && c <= '~'; };
    return !text.empty() && text.size() <= id_max && std::ranges::all_of(text, printable);
}

std::optional<std::uint16_t> cells(std::string_view digits) {
    if (digits.empty()) return 0;
    const auto value = number(digits, UINT16_MAX);
    if (!value) return {};
    return static_cast<std::uint16_t>(*value);
}

// The fields are views into `Request::text`, whose last byte is a NUL that no frame reaches: each is a C
// string.
char* c_string(std::string_view field) {
    return const_cast<char*>(field.data());
}

Refusal read_arguments(Fields& fields, Request& request) {
    std::size_t count = 0;
    while (const auto field = fields.next()) {
        if (count == arguments_max) return {E2BIG, "more than 1024 arguments"};
        request.arguments[count++] = c_string(*field);
    }
    // A trailing separator and no separator at all both say "no program".
    if (count == 1 && *request.arguments[0] == '\0') count = 0;
    request.arguments[count] = nullptr;
    return {};
}

Refusal read_variables(std::string_view field, Request& request) {
    std::size_t count = 0;
    Fields pairs(field, '\x01');
    while (const auto pair = field.empty() ? std::nullopt : pairs.next()) {
        const auto equals = pair->find('=');
        if (equals == 0 || equals == std::string_view::npos) return {EINVAL, "a variable is not NAME=value"};
        if (count == environment_max) return {E2BIG, "more than 256 variables"};
        request.variables[count++] = c_string(*pair);
        c_string(*pair)[pair->size()] = '\0';
    }
    request.variables[count] = nullptr;
    return {};
}

Refusal read_port(std::string_view text, Request& request) {
    const auto port = number(text, UINT16_MAX);
    if (!port || *port == 0) return wrong_port;
    request.port = static_cast<std::uint16_t>(*port);
    return {};
}

Refusal read_reach(Fields& fields, Request& request) {
    const auto address = fields.next();
    const auto port = fields.next();
    if (!port) return wrong_port;
    if (const auto refusal = read_port(*port, request)) return refusal;
    if (!read_endpoint(c_string(*address), request.port, request.endpoint))
        return {EINVAL, "the address is neither IPv4 nor IPv6"};
    return {};
}

Refusal read_terminal(Fields& fields, Request& request) {
    const auto id = fields.next();
    if (!id || !is_id(*id)) return wrong_id;
    request.id = *id;
    const auto size = read_size(fields);
    if (!size) return wrong_size;
    request.size = *size;
    const auto offset = fields.next();
    if (!offset) return {EINVAL, "the offset is missing"};
    if (!offset->empty()) {
        request.offset = number(*offset);
        if (!request.offset) return {EINVAL, "the offset is not a number"};
    }
    return read_arguments(fields, request);
}

Refusal read_program(Fields& fields, Request& request) {
    const auto directory = fields.next();
    const auto flags = fields.next();
    if (!flags || (*flags != "" && *flags != "t")) return {EINVAL, "the flags are neither empty nor \"t\""};
    request.directory = directory->empty() ? nullptr : c_string(*directory);
    request.on_terminal = *flags == "t";
    const auto size = read_size(fields);
    if (!size) return wrong_size;
    request.size = *size;
    const auto variables = fields.next();
    if (!variables) return {EINVAL, "the environment is missing"};
    if (const auto refusal = read_variables(*variables, request)) return refusal;
    if (const auto refusal = read_arguments(fields, request)) return refusal;
    if (request.arguments[0] == nullptr) return {EINVAL, "the program is missing"};
    return {};
}

}  // namespace

std::optional<WindowSize> read_size(Fields& fields) {
    const auto rows = fields.next();
    const auto columns = fields.next();
    if (!columns) return {};
    const auto height = cells(*rows);
    const auto width = cells(*columns);
    if (!height || !width) return {};
    return WindowSize{.rows = *height, .columns = *width};
}

Refusal read_request(const Frame& frame, Request& request) {
    request.kind = frame.kind;
    request.port = 0;
    request.endpoint = {};
    request.id = request.salt = {};
    request.size = {};
    request.offset.reset();
    request.directory = nullptr;
    request.on_terminal = false;
    request.arguments[0] = request.variables[0] = nullptr;
    std::memcpy(request.text.data(), frame.payload.data(), frame.payload.size());
    request.text[frame.payload.size()] = '\0';

    const std::string_view text(request.text.data(), frame.payload.size());
    Fields fields(text);
    switch (frame.kind) {
        case 'P':
        case 'L':
        case 'U':
        case 'S':
            return {};
        case 'B':
        case 'W':
            request.salt = text;
            return text.empty() || is_nonce(text) ? Refusal{}
                                                  : Refusal{EINVAL, "the salt is not 32 hex digits"};
        case 'D':
        case 'F':
            return read_port(text, request);
        case 'R':
            return read_reach(fields, request);
        case 'K':
            request.id = text;
            return is_id(text) ? Refusal{} : wrong_id;
        case 'T':
            return read_terminal(fields, request);
        case 'X':
            return read_program(fields, request);
        default:
            return {ENOSYS, "no such request"};
    }
}

}  // namespace berth::init
