#pragma once

#include <cstdint>
#include <string_view>

#include "net/head.hpp"

namespace berth::net {

/// Follows a body through whatever pieces it comes in, and knows where it ends (RFC 9112, 6 and 7).
///
/// Chunked bodies are checked byte by byte: sizes of at most 15 hex digits, a chunk line of at most 256
/// bytes, trailers of at most 8 KiB and 100 lines. Never holds a byte of the body.
class BodyScanner {
  public:
    BodyScanner() = default;
    BodyScanner(Framing framing, std::uint64_t length);

    struct Step {
        std::size_t consumed = 0;  ///< Bytes of the input that belong to this body.
        std::size_t forward = 0;   ///< Of those, how many may be passed on as they are; the rest is trailers.
    };

    /// Takes what `in` has of the body; `take` gets each piece of content in order.
    template <class Take>
    Step advance(std::string_view in, Take&& take);
    Step advance(std::string_view in) {
        return advance(in, [](std::string_view) {});
    }

    /// The peer has closed: an end for `until_close`, a truncation for the others.
    void close();

    bool ended() const { return state_ == State::ended; }
    bool bad() const { return state_ == State::bad; }
    /// Bytes that are known to come still; 0 when that is not known.
    std::uint64_t remaining() const {
        return state_ == State::data && framing_ == Framing::length ? left_ : 0;
    }
    Framing framing() const { return framing_; }

    static constexpr int size_digits_max = 15;
    static constexpr int chunk_line_max = 256;
    static constexpr int trailers_max = 8 << 10;
    static constexpr int trailer_lines_max = 100;

  private:
    enum class State : std::uint8_t {
        data,           // `left_` bytes of content follow (until_close: any number).
        size,           // In the digits of a chunk size.
        extension,      // After a `;` of the chunk line.
        size_lf,        // The LF of the chunk line.
        data_cr,        // The CR after a chunk.
        data_lf,        // The LF after it.
        trailer_start,  // At the start of a trailer line or of the final empty line.
        trailer_name,
        trailer_value,
        trailer_lf,
        end_lf,  // The last byte.
        ended,
        bad,
    };

    void step(char c);
    void read_size(char c);
    void start_chunk_line() { state_ = State::size, left_ = 0, digits_ = 0, line_ = 0; }

    Framing framing_ = Framing::none;
    State state_ = State::ended;
    std::uint64_t left_ = 0;
    int digits_ = 0;
    int line_ = 0;       // Bytes of the current chunk line or of all trailers.
    int trailers_ = 0;   // Trailer lines.
    bool last_ = false;  // The last chunk's line was read: what follows is trailers.
};

template <class Take>
BodyScanner::Step BodyScanner::advance(std::string_view in, Take&& take) {
    Step step_taken;
    while (step_taken.consumed < in.size() && state_ != State::ended && state_ != State::bad) {
        if (state_ == State::data) {
            const auto rest = in.substr(step_taken.consumed);
            const bool endless = framing_ == Framing::until_close;
            const auto piece =
                endless || rest.size() < left_ ? rest : rest.substr(0, static_cast<std::size_t>(left_));
            if (!piece.empty()) take(piece);
            step_taken.consumed += piece.size();
            step_taken.forward = step_taken.consumed;
            if (endless) continue;
            left_ -= piece.size();
            if (left_ == 0) state_ = framing_ == Framing::chunked ? State::data_cr : State::ended;
            continue;
        }
        const bool trailing = last_;
        step(in[step_taken.consumed]);
        ++step_taken.consumed;
        if (!trailing) step_taken.forward = step_taken.consumed;
    }
    return step_taken;
}

}  // namespace berth::net
