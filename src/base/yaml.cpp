#include "base/yaml.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <array>
#include <boost/algorithm/string/predicate.hpp>
#include <charconv>
#include <sstream>

#include "base/utf8.hpp"

namespace berth::yaml {
namespace {

constexpr std::size_t text_limit = 1 << 20;
constexpr int depth_limit = 64;
// Aliases let a few lines stand for gigabytes; what they expand to is counted.
constexpr int node_limit = 100'000;

[[noreturn]] void refuse(const YAML::Mark& mark, std::string_view why) {
    throw Error(Kind::invalid, "malformed_yaml",
                fmt::format("not valid YAML: line {}, column {}: {}", mark.line + 1, mark.column + 1, why));
}

[[noreturn]] void refuse(int line, std::string_view why) {
    throw Error(Kind::invalid, "malformed_yaml", fmt::format("not valid YAML: line {}: {}", line + 1, why));
}

/// Only what YAML allows unescaped (YAML 1.2.2, 5.1), and no carriage return alone, which the library takes
/// for a letter.
void require_printable(std::string_view text) {
    int line = 0;
    while (!text.empty()) {
        const auto character = take_character(text);
        if (!character) refuse(line, "not UTF-8");
        line += *character == U'\n';
        const bool blank =
            *character == U'\t' || *character == U'\n' || (*character == U'\r' && text.starts_with('\n'));
        const bool control =
            *character < 0x20 || (*character >= 0x7f && *character < 0xa0 && *character != 0x85);
        if ((control && !blank) || *character == 0xfffe || *character == 0xffff)
            refuse(line, "a control character");
    }
}

/// Sees that every document begins behind the one before: the library makes documents of nothing, for ever,
/// of characters that cannot begin one, such as `,` (yaml-cpp 0.7 and 0.8).
class Progress final : public YAML::EventHandler {
  public:
    void OnDocumentStart(const YAML::Mark& mark) override {
        if (mark.pos <= last_) refuse(mark, "a character that nothing begins with");
        last_ = mark.pos;
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                    YAML::EmitterStyle::value) override {}
    void OnMapEnd() override {}

  private:
    int last_ = -1;
};

void require_progress(const std::string& text) {
    std::istringstream input(text);
    YAML::Parser parser(input);
    Progress progress;
    while (parser.HandleNextDocument(progress)) {
    }
}

/// An unquoted scalar by the core schema of YAML 1.2: null, boolean, integer, float, or else text.
json::value plain_scalar(const std::string& text) {
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
    if (text == "true" || text == "True" || text == "TRUE") return true;
    if (text == "false" || text == "False" || text == "FALSE") return false;
    const auto* const last = text.data() + text.size();
    std::int64_t whole = 0;
    if (auto [end, ec] = std::from_chars(text.data(), last, whole); ec == std::errc{} && end == last)
        return whole;
    double number = 0;
    const bool numeric = text.find_first_not_of("0123456789+-.eE") == std::string::npos;
    if (auto [end, ec] = std::from_chars(text.data(), last, number);
        numeric && ec == std::errc{} && end == last)
        return number;
    return json::string(text);
}

json::value convert(const YAML::Node& node, int depth, int& nodes) {
    if (++nodes > node_limit) refuse(node.Mark(), "too many values");
    if (depth > depth_limit) refuse(node.Mark(), "nested too deep");
    switch (node.Type()) {
        case YAML::NodeType::Scalar:
            return node.Tag() == "!" ? json::value(json::string(node.Scalar())) : plain_scalar(node.Scalar());
        case YAML::NodeType::Sequence: {
            json::array items;
            for (const auto& item : node) items.push_back(convert(item, depth + 1, nodes));
            return items;
        }
        case YAML::NodeType::Map: {
            json::object entries;
            for (const auto& entry : node) {
                if (!entry.first.IsScalar()) refuse(entry.first.Mark(), "a key must be text");
                const auto [place, added] =
                    entries.emplace(entry.first.Scalar(), convert(entry.second, depth + 1, nodes));
                if (!added)
                    refuse(entry.first.Mark(), "key " + quoted(entry.first.Scalar()) + " appears twice");
            }
            return entries;
        }
        default:
            return nullptr;
    }
}

/// Whether readers of YAML 1.1, kubectl among them, take the plain word for a boolean, a number or a time.
bool is_other_in_yaml_1_1(std::string_view text) {
    static constexpr std::array booleans{"y", "n", "yes", "no", "on", "off"};
    const auto is = [&](const char* word) { return boost::iequals(text, word); };
    if (std::ranges::any_of(booleans, is)) return true;
    const bool like_a_number = !text.empty() && std::string_view("+-.0123456789").contains(text.front());
    return like_a_number && text.find_first_not_of("+-.0123456789:_abcdefoxABCDEFOXTZ ") == text.npos;
}

void emit(const json::value& tree, YAML::Emitter& out) {
    switch (tree.kind()) {
        case boost::json::kind::object:
            out << YAML::BeginMap;
            for (const auto& entry : tree.get_object()) {
                out << YAML::Key << std::string(entry.key()) << YAML::Value;
                emit(entry.value(), out);
            }
            out << YAML::EndMap;
            break;
        case boost::json::kind::array:
            out << YAML::BeginSeq;
            for (const auto& item : tree.get_array()) emit(item, out);
            out << YAML::EndSeq;
            break;
        case boost::json::kind::string: {
            const std::string text(tree.get_string());
            // Text that would read back as something else keeps its quotes.
            const bool plain = plain_scalar(text).is_string() && !is_other_in_yaml_1_1(text) &&
                               text.find('\r') == std::string::npos;
            if (plain)
                out << text;
            else
                out << YAML::DoubleQuoted << text;
            break;
        }
        case boost::json::kind::null:
            out << YAML::Null;
            break;
        default:
            out << json::write(tree);
    }
}

}  // namespace

std::vector<json::value> parse_all(std::string_view text) {
    if (text.size() > text_limit)
        throw Error(Kind::invalid, "malformed_yaml", "YAML text is larger than 1 MiB");
    require_printable(text);
    try {
        const std::string input(text);
        require_progress(input);
        std::vector<json::value> documents;
        int nodes = 0;
        for (const auto& node : YAML::LoadAll(input)) documents.push_back(convert(node, 0, nodes));
        return documents;
    } catch (const YAML::Exception& error) {
        refuse(error.mark, error.msg);
    }
}

json::value parse(std::string_view text) {
    auto documents = parse_all(text);
    if (documents.empty()) return nullptr;
    if (documents.size() > 1)
        throw Error(Kind::invalid, "malformed_yaml", "expected one YAML document, found several");
    return std::move(documents.front());
}

std::string write(const json::value& tree) {
    YAML::Emitter out;
    emit(tree, out);
    return std::string(out.c_str()) + "\n";
}

}  // namespace berth::yaml
