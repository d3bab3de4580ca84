#include "net/head.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "net/text.hpp"

namespace berth::net {
namespace {

enum Class : std::uint8_t { token = 1, value = 2, target = 4, host = 8 };

constexpr auto classes = [] {
    std::array<std::uint8_t, 256> table{};
    for (int c = 0; c < 256; ++c) {
        const bool digit = c >= '0' && c <= '9';
        const bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (digit || alpha) table[c] |= token | host;
        if (c == '\t' || (c >= 0x20 && c != 0x7F)) table[c] |= value;
        if (c > 0x20 && c < 0x7F && c != '#') table[c] |= target;
    }
    for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] |= token;
    for (const char c : std::string_view("-._")) table[static_cast<unsigned char>(c)] |= host;
    return table;
}();

bool is(char c, Class wanted) {
    return (classes[static_cast<unsigned char>(c)] & wanted) != 0;
}

bool all(std::string_view text, Class wanted) {
    for (const char c : text)
        if (!is(c, wanted)) return false;
    return true;
}

HeadProblem bad(const char* why) {
    return {400, why};
}

/// Takes one line without its CRLF; the finder has seen to it that there is one.
std::string_view cut_line(std::string_view& rest) {
    const auto* end = static_cast<const char*>(std::memchr(rest.data(), '\n', rest.size()));
    const auto size = static_cast<std::size_t>(end - rest.data());
    const auto line = rest.substr(0, size - 1);
    rest.remove_prefix(size + 1);
    return line;
}

HeadProblem scan_field(std::string_view line, Field& field) {
    std::size_t colon = 0;
    while (colon < line.size() && is(line[colon], token)) ++colon;
    if (colon == 0) return bad("a header line starts with a space or has no name");
    if (colon == line.size() || line[colon] != ':')
        return bad("a header name holds a character that no name may have");
    field.name = line.substr(0, colon);
    field.value = trim(line.substr(colon + 1));
    if (!all(field.value, value)) return bad("a header value holds a control character");
    field.id = classify(field.name);
    return {};
}

HeadProblem scan_fields(std::string_view rest, std::vector<Field>& fields) {
    fields.clear();
    while (true) {
        const auto line = cut_line(rest);
        if (line.empty()) return {};
        Field field;
        if (const auto problem = scan_field(line, field)) return problem;
        fields.push_back(field);
    }
}

bool parse_length(std::string_view text, std::uint64_t& length) {
    if (text.empty() || text.size() > 18) return false;
    length = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return false;
        length = length * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return true;
}

/// What framing fields say, the same for both kinds of message.
struct FramingFields {
    bool has_length = false, chunked = false, close = false, keep = false, upgrade = false;
    std::uint64_t length = 0;
    std::string_view connection, upgrade_to;
};

/// A Connection field may name fields of its own to be dropped, but none that the message cannot do without.
HeadProblem read_connection(std::string_view text, FramingFields& seen, bool& own_names) {
    while (!text.empty()) {
        const auto word = trim(cut_front(text, ','));
        if (word.empty()) continue;
        if (!all(word, token)) return bad("the Connection header holds something that is no name");
        if (same_word(word, "close"))
            seen.close = true;
        else if (same_word(word, "keep-alive"))
            seen.keep = true;
        else if (same_word(word, "upgrade"))
            seen.upgrade = true;
        else
            own_names = true;
        const auto id = classify(word);
        if (id == Name::host || id == Name::content_length || id == Name::transfer_encoding ||
            id == Name::cookie)
            return bad("the Connection header names a header that must stay");
    }
    return {};
}

HeadProblem read_framing(const std::vector<Field>& fields, FramingFields& seen, std::string_view& nominated) {
    for (const auto& field : fields) {
        if (field.id == Name::content_length) {
            if (seen.has_length) return bad("there is more than one Content-Length");
            if (!parse_length(field.value, seen.length)) return bad("the Content-Length is not a number");
            seen.has_length = true;
        } else if (field.id == Name::transfer_encoding) {
            if (seen.chunked) return bad("there is more than one Transfer-Encoding");
            if (!same_word(field.value, "chunked"))
                return {501, "only the transfer coding chunked is understood"};
            seen.chunked = true;
        } else if (field.id == Name::connection) {
            bool own_names = false;
            if (const auto problem = read_connection(field.value, seen, own_names)) return problem;
            if (own_names && !nominated.empty()) return bad("several Connection headers name headers");
            if (own_names) nominated = field.value;
        } else if (field.id == Name::upgrade) {
            if (!seen.upgrade_to.empty()) return bad("there is more than one Upgrade");
            seen.upgrade_to = field.value;
        }
    }
    if (seen.has_length && seen.chunked)
        return bad("there are both a Content-Length and a Transfer-Encoding");
    return {};
}

/// `name[:port]` or `[v6][:port]`.
bool valid_host(std::string_view text) {
    if (text.empty() || text.size() > 300) return false;
    if (text.front() == '[') {
        const auto end = text.find(']');
        if (end == std::string_view::npos || end < 3) return false;
        const auto inside = text.substr(1, end - 1);
        if (inside.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos) return false;
        text.remove_prefix(end + 1);
        if (text.empty()) return true;
        if (text.front() != ':') return false;
        text.remove_prefix(1);
    } else {
        const auto colon = text.find(':');
        if (!all(text.substr(0, colon), host) || colon == 0) return false;
        if (colon == std::string_view::npos) return true;
        text.remove_prefix(colon + 1);
    }
    return !text.empty() && text.size() <= 5 &&
           text.find_first_not_of("0123456789") == std::string_view::npos;
}

HeadProblem read_version(std::string_view text, int& minor) {
    if (text.size() != 8 || text.substr(0, 5) != "HTTP/" || text[6] != '.')
        return bad("the version is malformed");
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (!digit(text[5]) || !digit(text[7])) return bad("the version is malformed");
    if (text[5] != '1') return {505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
    minor = text[7] == '0' ? 0 : 1;
    return {};
}

HeadProblem read_target(RequestHead& head, std::string_view& authority) {
    head.form = TargetForm::origin;
    head.path = head.target;
    if (head.target.front() == '/') return {};
    if (head.target == "*") {
        head.form = TargetForm::asterisk;
        return head.method == "OPTIONS" ? HeadProblem{} : bad("only OPTIONS may ask for *");
    }
    const auto scheme_end = head.target.find("://");
    if (scheme_end == std::string_view::npos) return bad("the target is neither a path nor an address");
    const auto scheme = head.target.substr(0, scheme_end);
    if (!same_word(scheme, "http") && !same_word(scheme, "https"))
        return bad("the target has an unknown scheme");
    head.form = TargetForm::absolute;
    const auto rest = head.target.substr(scheme_end + 3);
    const auto slash = rest.find_first_of("/?");
    authority = rest.substr(0, slash);
    head.path = slash == std::string_view::npos ? std::string_view("/") : rest.substr(slash);
    if (head.path.front() != '/') return bad("the target has no path");
    return valid_host(authority) ? HeadProblem{} : bad("the target names a malformed host");
}

HeadProblem read_request_line(std::string_view line, RequestHead& head, std::string_view& authority) {
    const auto first = line.find(' ');
    if (first == std::string_view::npos) return bad("the request line has no target");
    const auto second = line.find(' ', first + 1);
    if (second == std::string_view::npos) return bad("the request line has no version");
    head.method = line.substr(0, first);
    head.target = line.substr(first + 1, second - first - 1);
    if (head.method.empty() || !all(head.method, token)) return bad("the method is no word");
    if (head.method.size() > 32) return {501, "no such method is known here"};
    if (head.target.empty() || !all(head.target, target))
        return bad("the target holds a character that no target may have");
    if (const auto problem = read_version(line.substr(second + 1), head.minor)) return problem;
    if (head.method == "CONNECT") return {405, "this is no proxy for other hosts"};
    return read_target(head, authority);
}

HeadProblem read_host(RequestHead& head, std::string_view authority) {
    head.host = {};
    bool seen = false;
    for (const auto& field : head.fields) {
        if (field.id != Name::host) continue;
        if (seen) return bad("there is more than one Host");
        if (!valid_host(field.value)) return bad("the Host is malformed");
        seen = true;
        head.host = field.value;
    }
    if (!seen && head.minor == 1) return bad("there is no Host");
    if (head.form != TargetForm::absolute) return {};
    if (seen && !same_word(head.host, authority)) return bad("the target and the Host name different hosts");
    head.host = authority;
    return {};
}

HeadProblem read_expect(RequestHead& head) {
    head.expect_continue = false;
    for (const auto& field : head.fields) {
        if (field.id != Name::expect) continue;
        if (!same_word(field.value, "100-continue")) return {417, "only Expect: 100-continue is understood"};
        head.expect_continue = head.minor == 1;
    }
    return {};
}

/// As a response is the peer's fault, whatever is wrong with it is a 502 to ours.
HeadProblem as_gateway(HeadProblem problem) {
    if (problem) problem.status = 502;
    return problem;
}

template <class Head>
std::string_view find_id(const Head& head, Name id) {
    for (const auto& field : head.fields)
        if (field.id == id) return field.value;
    return {};
}

void frame_response(const FramingFields& seen, bool head_request, ResponseHead& head) {
    const bool bodyless = head_request || head.status < 200 || head.status == 204 || head.status == 304;
    head.length = 0;
    if (bodyless) {
        head.framing = Framing::none;
    } else if (seen.chunked) {
        head.framing = Framing::chunked;
    } else if (seen.has_length) {
        head.framing = seen.length == 0 ? Framing::none : Framing::length;
        head.length = seen.length;
    } else {
        head.framing = Framing::until_close;
    }
    head.keep_alive = head.minor == 1 ? !seen.close : seen.keep && !seen.close;
    if (head.framing == Framing::until_close) head.keep_alive = false;
}

}  // namespace

bool token_char(char c) {
    return is(c, token);
}

std::size_t HeadFinder::look(std::string_view bytes, HeadProblem& problem) {
    while (true) {
        const auto* end = static_cast<const char*>(
            looked_ < bytes.size() ? std::memchr(bytes.data() + looked_, '\n', bytes.size() - looked_)
                                   : nullptr);
        const std::size_t at = end == nullptr ? bytes.size() : static_cast<std::size_t>(end - bytes.data());
        if (lines_ == 0 && at > limits_.line_max) {
            problem = {414, "the request line is too long"};
            return 0;
        }
        if (at >= limits_.head_max) {
            problem = {431, "the headers are too long"};
            return 0;
        }
        if (end == nullptr) {
            looked_ = bytes.size();
            return 0;
        }
        if (at == line_ || bytes[at - 1] != '\r') {
            problem = {400, "a line does not end with CRLF"};
            return 0;
        }
        if (at == line_ + 1) {
            if (lines_ == 0) problem = {400, "the first line is empty"};
            return lines_ == 0 ? 0 : at + 1;
        }
        if (++lines_ > limits_.fields_max + 1) {
            problem = {431, "there are too many headers"};
            return 0;
        }
        line_ = looked_ = at + 1;
    }
}

std::string_view RequestHead::find(Name id) const {
    return find_id(*this, id);
}
std::string_view ResponseHead::find(Name id) const {
    return find_id(*this, id);
}

std::string_view RequestHead::find(std::string_view name) const {
    for (const auto& field : fields)
        if (same_word(field.name, name)) return field.value;
    return {};
}

HeadProblem scan_request(std::string_view bytes, RequestHead& head) {
    head.size = bytes.size();
    auto rest = bytes;
    std::string_view authority;
    if (const auto problem = read_request_line(cut_line(rest), head, authority)) return problem;
    if (const auto problem = scan_fields(rest, head.fields)) return problem;
    FramingFields seen;
    head.nominated = {};
    if (const auto problem = read_framing(head.fields, seen, head.nominated)) return problem;
    if (const auto problem = read_host(head, authority)) return problem;
    if (const auto problem = read_expect(head)) return problem;
    if (seen.chunked && head.minor == 0) return bad("HTTP/1.0 has no Transfer-Encoding");
    head.length = seen.length;
    head.framing = seen.chunked ? Framing::chunked : seen.length > 0 ? Framing::length : Framing::none;
    head.keep_alive = head.minor == 1 ? !seen.close : seen.keep && !seen.close;
    head.upgrade = seen.upgrade && head.minor == 1 ? seen.upgrade_to : std::string_view();
    return {};
}

HeadProblem scan_response(std::string_view bytes, bool head_request, ResponseHead& head) {
    head.size = bytes.size();
    auto rest = bytes;
    const auto line = cut_line(rest);
    if (line.size() < 12 || line[8] != ' ') return {502, "the status line is malformed"};
    if (const auto problem = as_gateway(read_version(line.substr(0, 8), head.minor))) return problem;
    const auto code = line.substr(9, 3);
    if (code.find_first_not_of("0123456789") != std::string_view::npos || code[0] == '0')
        return {502, "the status is no number from 100 to 999"};
    if (line.size() > 12 && line[12] != ' ') return {502, "the status line is malformed"};
    head.status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
    head.reason = line.size() > 13 ? line.substr(13) : std::string_view();
    if (!all(head.reason, value)) return {502, "the status line holds a control character"};
    if (const auto problem = as_gateway(scan_fields(rest, head.fields))) return problem;
    FramingFields seen;
    head.nominated = {};
    if (const auto problem = as_gateway(read_framing(head.fields, seen, head.nominated))) return problem;
    if (seen.chunked && head.minor == 0) return {502, "HTTP/1.0 has no Transfer-Encoding"};
    frame_response(seen, head_request, head);
    head.upgrade = seen.upgrade ? seen.upgrade_to : std::string_view();
    return {};
}

bool has_word(std::string_view list, std::string_view word) {
    while (!list.empty())
        if (same_word(trim(cut_front(list, ',')), word)) return true;
    return false;
}

}  // namespace berth::net
