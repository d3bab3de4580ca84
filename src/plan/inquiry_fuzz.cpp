#include <cstdlib>

#include "plan/inquiry.hpp"

/// Whatever an application answers, it is judged: a time that is not to come, or why it says nothing.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    using namespace berth;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    // The pointer is the first line, as a template would have it.
    const auto line = text.find('\n');
    const auto pointer = line == text.npos ? std::string_view() : text.substr(0, line);
    const auto body = line == text.npos ? text : text.substr(line + 1);
    const auto now = parse_time("2026-03-01T12:00:00Z");
    const auto answer = plan::read_answer(200, body, pointer, now);
    const bool says = answer.unknown.empty();
    if (!says && (answer.used_at || answer.momentary)) std::abort();
    if (answer.used_at && *answer.used_at > now) std::abort();
    return 0;
}
