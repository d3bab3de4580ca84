#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace berth::log {
namespace {

std::atomic<Level> least_level = Level::info;
std::atomic<Format> line_format = Format::text;

spdlog::logger& sink() {
    static const auto logger = [] {
        auto made = spdlog::stderr_logger_mt("berth");
        made->set_pattern("%v");
        made->set_level(spdlog::level::trace);
        made->flush_on(spdlog::level::trace);
        return made;
    }();
    return *logger;
}

std::string_view name_of(Level level) {
    switch (level) {
        case Level::debug:
            return "debug";
        case Level::info:
            return "info";
        case Level::warning:
            return "warning";
        case Level::error:
            return "error";
        case Level::off:
            break;
    }
    return "off";
}

bool plain(std::string_view text) {
    for (const char letter : text)
        if (static_cast<unsigned char>(letter) <= 0x20 || letter == '"' || letter == '=' || letter == 0x7f)
            return false;
    return !text.empty();
}

}  // namespace

void configure(Level least, Format format) {
    least_level = least;
    line_format = format;
}

void write(Level level, std::string_view sentence, Fields fields) {
    if (level < least_level.load() || level == Level::off) return;
    const auto now = to_string(SystemClock().now());
    if (line_format.load() == Format::json) {
        boost::json::object line{{"time", now}, {"level", name_of(level)}, {"message", sentence}};
        for (const auto& [name, text] : fields) line[name] = text;
        sink().info(boost::json::serialize(line));
        return;
    }
    std::string line = now + " " + std::string(name_of(level)) + " " + std::string(sentence);
    for (const auto& [name, text] : fields)
        line += " " + std::string(name) + "=" +
                (plain(text) ? text : boost::json::serialize(boost::json::string(text)));
    sink().info(line);
}

}  // namespace berth::log
