#include <cstdlib>

#include "kube/refusal.hpp"
#include "kube/watch.hpp"

namespace {

/// The lines of these bytes, fed in steps of `step`.
std::vector<std::string> read(std::string_view bytes, std::size_t step) {
    std::vector<std::string> found;
    berth::kube::Lines lines;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        lines.feed(bytes.substr(at, step));
        while (auto line = lines.next()) found.push_back(std::move(*line));
    }
    return found;
}

}  // namespace

/// However the bytes are cut, the same lines come out; each is JSON or refused as that, and a Status of any
/// form is an error with a code.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto lines = read(bytes, size + 1);
    if (lines != read(bytes, 3)) std::abort();
    for (const auto& line : lines) {
        try {
            const auto tree = berth::kube::parse_answer(line);
            berth::kube::text_at(tree, {"object", "metadata", "resourceVersion"});
            berth::kube::number_at(tree, {"object", "code"});
        } catch (const berth::Error& error) {
            if (error.code != "cluster_answer") std::abort();
        }
        for (const int status : {400, 403, 409, 410, 500})
            if (berth::kube::to_error(status, line).code.empty()) std::abort();
        if (const auto wait = berth::kube::retry_after(line, line); wait && wait->count() < 0) std::abort();
    }
    return 0;
}
