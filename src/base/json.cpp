#include "base/json.hpp"

#include <cmath>

namespace berth::json {
namespace {

constexpr std::size_t text_limit = 1 << 20;
constexpr std::size_t depth_limit = 64;

void write_indented(const value& tree, int level, std::string& out) {
    const std::string indent(static_cast<std::size_t>(level + 1) * 2, ' ');
    const std::string outdent(static_cast<std::size_t>(level) * 2, ' ');
    if (const auto* entries = tree.if_object(); entries != nullptr && !entries->empty()) {
        const char* before = "{\n";
        for (const auto& entry : *entries) {
            out += before + indent + boost::json::serialize(entry.key()) + ": ";
            write_indented(entry.value(), level + 1, out);
            before = ",\n";
        }
        out += "\n" + outdent + "}";
    } else if (const auto* items = tree.if_array(); items != nullptr && !items->empty()) {
        const char* before = "[\n";
        for (const auto& item : *items) {
            out += before + indent;
            write_indented(item, level + 1, out);
            before = ",\n";
        }
        out += "\n" + outdent + "]";
    } else {
        out += boost::json::serialize(tree);
    }
}

template <class T, class Parse>
void read_text(const value& tree, std::string_view path, T& out, std::string_view wanted, Parse parse) {
    if (!tree.is_string()) refuse_type(path, wanted);
    try {
        out = parse(std::string_view(tree.get_string()));
    } catch (const Error& error) {
        throw Error(error.kind, "invalid_field", std::string(path) + ": " + error.user);
    }
}

}  // namespace

value parse(std::string_view text) {
    if (text.size() > text_limit)
        throw Error(Kind::invalid, "malformed_json", "JSON text is larger than 1 MiB");
    boost::json::parse_options options;
    options.max_depth = depth_limit;
    boost::system::error_code ec;
    auto tree = boost::json::parse(text, ec, {}, options);
    if (ec) throw Error(Kind::invalid, "malformed_json", "not valid JSON: " + ec.message());
    return tree;
}

std::string write(const value& tree) {
    return boost::json::serialize(tree);
}

std::string write_pretty(const value& tree) {
    std::string text;
    write_indented(tree, 0, text);
    return text + "\n";
}

std::string wire_name(std::string_view member) {
    std::string name;
    bool raise = false;
    for (const char letter : member) {
        if (letter == '_') {
            raise = true;
        } else {
            name += raise && letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
            raise = false;
        }
    }
    return name;
}

std::string join_path(std::string_view path, std::string_view key) {
    return path.empty() ? std::string(key) : std::string(path) + "." + std::string(key);
}

void refuse_type(std::string_view path, std::string_view wanted) {
    const std::string where = path.empty() ? "" : std::string(path) + ": ";
    throw Error(Kind::invalid, "invalid_field", where + std::string(wanted));
}

void refuse_key(std::string_view path, std::string_view key, const std::vector<std::string>& known) {
    const auto near = nearest(key, known);
    throw Error(Kind::invalid, "unknown_key", quoted(join_path(path, key)) + " is not a known key",
                near.empty() ? "" : "did you mean " + quoted(near) + "?");
}

namespace detail {

constexpr std::int64_t largest_bytes = std::int64_t{1}
                                       << 62;  // As `parse_bytes` takes them: what is written is read again.

void read_quantity(const value& tree, std::string_view path, Bytes& out) {
    if (tree.is_int64() && tree.get_int64() >= 0 && tree.get_int64() <= largest_bytes) {
        out.count = tree.get_int64();
        return;
    }
    read_text(tree, path, out, "expected an amount such as 512Mi",
              [](auto text) { return parse_bytes(text); });
}

void read_quantity(const value& tree, std::string_view path, MilliCpu& out) {
    if (tree.is_number() && tree.to_number<double>() >= 0 && tree.to_number<double>() <= 1e9) {
        out.count = std::llround(tree.to_number<double>() * 1000);
        return;
    }
    read_text(tree, path, out, "expected an amount such as 500m", [](auto text) { return parse_cpu(text); });
}

void read_quantity(const value& tree, std::string_view path, Duration& out) {
    read_text(tree, path, out, "expected a duration such as 5m",
              [](auto text) { return parse_duration(text); });
}

void read_quantity(const value& tree, std::string_view path, Time& out) {
    read_text(tree, path, out, "expected a time", [](auto text) { return parse_time(text); });
}

}  // namespace detail
}  // namespace berth::json
