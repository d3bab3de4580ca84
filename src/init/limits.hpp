#pragma once

#include <chrono>
#include <cstddef>

namespace berth::init {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using std::chrono::milliseconds;

inline constexpr std::size_t connections_max = 64;
inline constexpr std::size_t guests_max = 32;  ///< Over TCP, before they have proven that they know the key.
inline constexpr std::size_t forwards_max = 512;  ///< Clients that have become the connection to a port.
inline constexpr std::size_t terminals_max = 16;  ///< Live ones.
inline constexpr std::size_t ended_terminals_max = 16;  ///< Remembered for whoever comes back.
inline constexpr std::size_t execs_max = 64;

inline constexpr std::size_t key_min = 32;  ///< Bytes.
inline constexpr std::size_t key_max = 4096;
inline constexpr std::size_t kept_max = 65536;              ///< Bytes in each direction of a forward.
inline constexpr std::size_t descriptors_max = 2048;        ///< More than the tables above can hold.
inline constexpr std::size_t frame_max = 65536;             ///< Bytes of payload.
inline constexpr std::size_t backlog_max = 262144;          ///< Bytes kept of each terminal's output.
inline constexpr std::size_t output_max = 262144;           ///< Bytes waiting for one client.
inline constexpr std::size_t chunk_max = 32768;             ///< Payload of the data frames that we send.
inline constexpr std::size_t id_max = 64;                   ///< Bytes in the name of a terminal.
inline constexpr std::size_t command_max = 256;             ///< Bytes of a command line in a listing.
inline constexpr std::size_t arguments_max = 1024;          ///< Of one program.
inline constexpr std::size_t environment_max = 256;         ///< Variables that one request may add.
inline constexpr std::size_t path_max = 4095;               ///< Bytes of the path of what is delivered.
inline constexpr std::size_t name_max = 255;                ///< Bytes of each of its parts.
inline constexpr std::size_t variables_max = 1024;          ///< Of one delivery.
inline constexpr std::size_t variable_bytes_max = 1 << 20;  ///< Of all of them together.
inline constexpr std::size_t files_max = 8192;              ///< Files and links of one delivery.
inline constexpr std::size_t note_max = 196608;             ///< Bytes that a client may leave with us.
inline constexpr std::size_t last_words_max = 1 << 20;  ///< Bytes read from a terminal whose program ended.

inline constexpr milliseconds request_time{
    10'000};  ///< From connecting to a complete request; before it as much for the handshake.
inline constexpr milliseconds delivery_time{30'000};  ///< For the next frame of a delivery.
inline constexpr milliseconds dial_time{10'000};      ///< For a port that neither accepts nor refuses.
inline constexpr milliseconds farewell_time{10'000};  ///< For a client to take its last bytes.
inline constexpr milliseconds kill_time{2'000};       ///< From SIGHUP to SIGKILL.
inline constexpr milliseconds stop_time{1'000};       ///< For terminals to go, once the program has ended.
inline constexpr milliseconds start_time{1'000};      ///< How long starting one program may delay everybody.
inline constexpr milliseconds life_time{60'000};      ///< For a peer over TCP to acknowledge anything.
inline constexpr milliseconds look_time{15'000};      ///< Between two looks for those that vanished.
inline constexpr milliseconds accept_pause{100};      ///< After running out of descriptors.

}  // namespace berth::init
