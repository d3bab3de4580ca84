#include <cstdlib>
#include <numeric>

#include "base/error.hpp"
#include "container/stream.hpp"

namespace {

using berth::container::Demultiplexer;
using berth::container::LineSplitter;

/// All bytes of each output, fed in steps of `step`; the second is false when the stream was refused.
std::pair<std::pair<std::string, std::string>, bool> read(std::string_view bytes, std::size_t step) {
    std::pair<std::string, std::string> outputs;
    Demultiplexer demultiplexer;
    try {
        for (std::size_t at = 0; at < bytes.size(); at += step)
            for (const auto& piece : demultiplexer.feed(bytes.substr(at, step)))
                (piece.error_output ? outputs.second : outputs.first) += piece.bytes;
    } catch (const berth::Error&) {
        return {outputs, false};
    }
    return {outputs, true};
}

}  // namespace

/// However the bytes are cut, the same outputs come out, never more than went in, and lines lose nothing.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto whole = read(bytes, size + 1);
    const auto cut = read(bytes, 3);
    if (whole.second != cut.second) std::abort();
    if (whole.second && whole.first != cut.first) std::abort();
    if (whole.first.first.size() + whole.first.second.size() > size) std::abort();

    LineSplitter splitter(5);
    std::size_t most = 0, total = 0;
    for (const auto& line : splitter.feed(bytes)) {
        most = std::max(most, line.size());
        total += line.size();
    }
    total += splitter.rest().size();
    if (most > 5 || total > size) std::abort();
    return 0;
}
