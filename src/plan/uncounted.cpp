#include "plan/uncounted.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "model/limits.hpp"

namespace berth::plan {
namespace {

constexpr std::string_view probe_of = "the probe of ";

}  // namespace

void add_uncounted(std::vector<Uncounted>& book, Uncounted more) {
    const auto same = [&](const Uncounted& entry) {
        return entry.what == more.what && entry.why == more.why;
    };
    if (const auto there = std::find_if(book.begin(), book.end(), same); there != book.end()) {
        there->times += more.times;
        there->last_at = std::max(there->last_at, more.last_at);
        return;
    }
    book.push_back(std::move(more));
    if (book.size() <= limits::uncounted_max) return;
    const auto older = [](const Uncounted& one, const Uncounted& other) {
        return one.last_at < other.last_at;
    };
    book.erase(std::min_element(book.begin(), book.end(), older));
}

Uncounted passed_by(std::string_view access) {
    return {.what = "what is sent to " + quoted(access), .why = "its probe tells when it was used"};
}

std::optional<Time> last_passed_by(const std::vector<Uncounted>& book, std::string_view access) {
    const auto wanted = passed_by(access);
    for (const auto& entry : book)
        if (entry.what == wanted.what && entry.why == wanted.why) return entry.last_at;
    return std::nullopt;
}

std::string probe_name(std::string_view access) {
    return std::string(probe_of) + quoted(access);
}

void forget(std::vector<Uncounted>& book, std::string_view what) {
    std::erase_if(book, [&](const Uncounted& entry) { return entry.what == what; });
}

const Uncounted* find_no_answer(const std::vector<Uncounted>& book) {
    const Uncounted* latest = nullptr;
    for (const auto& entry : book) {
        const bool asked = entry.what.starts_with(probe_of) || entry.what == processor_name;
        if (asked && (latest == nullptr || entry.last_at > latest->last_at)) latest = &entry;
    }
    return latest;
}

}  // namespace berth::plan
