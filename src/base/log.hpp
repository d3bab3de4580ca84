#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

/// What the operator of a Berth reads: one line an occurrence, a fixed sentence and named fields.
///
/// Lines go to standard error: `2026-01-31T09:30:00.000Z info session started id=ses_1 seconds=1.2`, or as
/// JSON objects after `use_json()`. Field values are quoted when they hold spaces or control characters;
/// nothing secret is ever given to a log. Safe from any thread.
namespace berth::log {

enum class Level { debug, info, warning, error, off };
enum class Format { text, json };

using Field = std::pair<std::string_view, std::string>;
using Fields = std::initializer_list<Field>;

void configure(Level least, Format format);
void write(Level level, std::string_view sentence, Fields fields);

inline void debug(std::string_view sentence, Fields fields = {}) {
    write(Level::debug, sentence, fields);
}
inline void info(std::string_view sentence, Fields fields = {}) {
    write(Level::info, sentence, fields);
}
inline void warning(std::string_view sentence, Fields fields = {}) {
    write(Level::warning, sentence, fields);
}
inline void error(std::string_view sentence, Fields fields = {}) {
    write(Level::error, sentence, fields);
}

}  // namespace berth::log
