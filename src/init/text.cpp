#include "init/text.hpp"

#include <unistd.h>

#include <cstring>

namespace berth::init {

std::string_view error_name(int error) {
    const char* name = ::strerrorname_np(error);
    return name != nullptr ? name : "EIO";
}

Text<64> error_text(int error) {
    const char* found = ::strerrordesc_np(error);
    const std::string_view words = found != nullptr ? found : "unknown error";
    Text<64> text;
    // Messages are lower case, but "RPC" and the like keep their capitals.
    const bool lower = words.size() > 1 && words[0] >= 'A' && words[0] <= 'Z' && words[1] >= 'a';
    const char first = lower ? static_cast<char>(words[0] + 32) : words[0];
    return text.add(std::string_view(&first, 1)).add(words.substr(1));
}

void complain(std::initializer_list<std::string_view> pieces) {
    Text<1024> line;
    line.add("berth-init: ");
    for (const auto piece : pieces) line.add(piece);
    line.add("\n");
    // There is nobody to tell when stderr is gone.
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.view().data(), line.view().size());
}

void complain_about(std::string_view thing, int error) {
    complain({"\"", thing, "\": ", error_text(error).view()});
}

}  // namespace berth::init
