#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "init/dial.hpp"
#include "init/frame.hpp"
#include "init/limits.hpp"

namespace berth::init {

/// Character cells. 0 means that the client did not say.
struct WindowSize {
    std::uint16_t rows = 0;
    std::uint16_t columns = 0;
    bool operator==(const WindowSize&) const = default;
};

/// Why something is not done: an errno and one sentence. No error means that it is.
struct Refusal {
    int error = 0;
    const char* reason = "";
    explicit operator bool() const { return error != 0; }
};

/// The first frame of a connection, taken apart. Which members mean something depends on `kind`.
///
/// The texts point into the request itself, which therefore does not move.
struct Request {
    Request() = default;
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    char kind = 0;
    std::uint16_t port = 0;               ///< D F R
    Endpoint endpoint;                    ///< R
    std::string_view id;                  ///< K T: 1 to `id_max` printable characters without blanks
    std::string_view salt;                ///< B W: empty, or a nonce; the frames are sealed then
    WindowSize size;                      ///< T X
    std::optional<std::uint64_t> offset;  ///< T: nothing means everything that is still kept
    const char* directory = nullptr;      ///< X: nothing means that of process 1
    bool on_terminal = false;             ///< X
    std::array<char*, arguments_max + 1> arguments{};    ///< T X, ends with a null pointer
    std::array<char*, environment_max + 1> variables{};  ///< X: `NAME=value`, ends with a null pointer

    std::array<char, frame_max + 1> text{};
};

/// Reads a request into `request`, which is overwritten whatever comes of it.
///
/// Pure. EINVAL: a field is missing or wrong; E2BIG: too many arguments or variables; ENOSYS: an unknown
/// kind, which is what a newer client hears from an older program.
Refusal read_request(const Frame& frame, Request& request);

/// Reads `rows NUL columns`, each empty or at most 65535.
std::optional<WindowSize> read_size(Fields& fields);

}  // namespace berth::init
