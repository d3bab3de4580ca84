#include "container/event.hpp"

#include "container/answer.hpp"

namespace berth::container {

std::optional<Event> read_event(std::string_view line) {
    try {
        const auto tree = parse_answer(line);
        const auto& actor = entry_at(tree, "Actor");
        Event event{.type = text_at(tree, "Type"),
                    .action = text_at(tree, "Action"),
                    .id = text_at(actor, "ID"),
                    .labels = labels_at(actor, "Attributes"),
                    .nanoseconds = number_at(tree, "timeNano")};
        if (event.nanoseconds == 0) event.nanoseconds = number_at(tree, "time") * 1'000'000'000;
        if (event.type.empty() || event.action.empty()) return std::nullopt;
        return event;
    } catch (const Error&) {
        return std::nullopt;
    }
}

}  // namespace berth::container
