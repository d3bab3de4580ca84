#include "cli/views.hpp"

namespace berth::cli {

std::string open_url(const SessionView& session) {
    for (const auto& access : session.access)
        if (access.default_ && !access.url.empty()) return access.url;
    if (session.url && !session.url->empty()) return *session.url;
    return session.access.empty() ? "" : session.access.front().url;
}

std::string text_at(const json::value& tree, std::string_view key) {
    const auto* entries = tree.if_object();
    const auto* found = entries == nullptr ? nullptr : entries->if_contains(key);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::string amount_text(const json::value& amount) {
    if (amount.is_null()) return {};
    return amount.is_string() ? std::string(amount.get_string()) : json::write(amount);
}

}  // namespace berth::cli
