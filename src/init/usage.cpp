#include "init/usage.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string_view>

#include "init/fd.hpp"
#include "init/text.hpp"

namespace berth::init {

namespace {

/// A whole small file.
class File {
  public:
    File(std::string_view folder, std::string_view name) {
        Text<256> path;
        path.add(folder).add("/").add(name).add(std::string_view("\0", 1));
        const Fd file(::open(path.view().data(), O_RDONLY | O_CLOEXEC));
        if (!file) return;
        const auto got = ::read(file.get(), bytes_.data(), bytes_.size());
        size_ = got > 0 ? static_cast<std::size_t>(got) : 0;
    }

    /// The number behind `key ` at the begin of a line; with an empty key the number that it begins with.
    std::optional<std::uint64_t> number(std::string_view key = {}) const {
        std::string_view text(bytes_.data(), size_);
        while (!text.empty()) {
            const auto line = text.substr(0, text.find('\n'));
            text.remove_prefix(line.size() < text.size() ? line.size() + 1 : text.size());
            const bool found =
                key.empty() || (line.starts_with(key) && line.substr(key.size()).starts_with(' '));
            if (!found) continue;
            const auto digits = line.substr(key.empty() ? 0 : key.size() + 1);
            std::uint64_t value = 0;
            const auto [stop, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
            if (wrong != std::errc{} || stop != digits.data() + digits.size()) return {};
            return value;
        }
        return {};
    }

  private:
    std::array<char, 8192> bytes_;
    std::size_t size_ = 0;
};

constexpr std::uint64_t nanoseconds_of_a_microsecond = 1000;

std::uint64_t without(std::uint64_t memory, std::optional<std::uint64_t> files) {
    return files && *files < memory ? memory - *files : memory;
}

}  // namespace

std::optional<Used> read_usage(const char* folder) {
    const auto microseconds = File(folder, "cpu.stat").number("usage_usec");
    if (const auto memory = File(folder, "memory.current").number(); microseconds && memory) {
        const auto files = File(folder, "memory.stat").number("inactive_file");
        return Used{*microseconds * nanoseconds_of_a_microsecond, without(*memory, files)};
    }
    const auto cpu = File(folder, "cpuacct/cpuacct.usage").number();
    const auto memory = File(folder, "memory/memory.usage_in_bytes").number();
    if (!cpu || !memory) return {};
    const auto files = File(folder, "memory/memory.stat").number("total_inactive_file");
    return Used{*cpu, without(*memory, files)};
}

}  // namespace berth::init
