#include "net/body.hpp"

namespace berth::net {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool line_char(char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
}

}  // namespace

BodyScanner::BodyScanner(Framing framing, std::uint64_t length) : framing_(framing), left_(length) {
    if (framing == Framing::chunked)
        start_chunk_line();
    else if (framing == Framing::until_close || (framing == Framing::length && length > 0))
        state_ = State::data;
}

void BodyScanner::close() {
    if (state_ == State::ended) return;
    state_ = framing_ == Framing::until_close ? State::ended : State::bad;
}

void BodyScanner::read_size(char c) {
    const int digit = hex_digit(c);
    if (digit >= 0 && digits_ < size_digits_max) {
        left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
        ++digits_;
    } else if (digits_ > 0 && c == ';') {
        state_ = State::extension;
    } else if (digits_ > 0 && c == '\r') {
        state_ = State::size_lf;
    } else {
        state_ = State::bad;
    }
}

void BodyScanner::step(char c) {
    const auto expect = [&](char wanted, State next) { state_ = c == wanted ? next : State::bad; };
    switch (state_) {
        case State::size:
            read_size(c);
            break;
        case State::extension:
            if (c == '\r')
                state_ = State::size_lf;
            else if (!line_char(c) || ++line_ > chunk_line_max)
                state_ = State::bad;
            break;
        case State::size_lf:
            last_ = left_ == 0;
            line_ = 0;
            expect('\n', last_ ? State::trailer_start : State::data);
            break;
        case State::data_cr:
            expect('\r', State::data_lf);
            break;
        case State::data_lf:
            if (c == '\n')
                start_chunk_line();
            else
                state_ = State::bad;
            break;
        case State::trailer_start:
            if (c == '\r')
                state_ = State::end_lf;
            else
                state_ = token_char(c) && ++trailers_ <= trailer_lines_max ? State::trailer_name : State::bad;
            break;
        case State::trailer_name:
            if (c == ':')
                state_ = State::trailer_value;
            else if (!token_char(c))
                state_ = State::bad;
            break;
        case State::trailer_value:
            if (c == '\r')
                state_ = State::trailer_lf;
            else if (!line_char(c))
                state_ = State::bad;
            break;
        case State::trailer_lf:
            expect('\n', State::trailer_start);
            break;
        case State::end_lf:
            expect('\n', State::ended);
            break;
        case State::data:
        case State::ended:
        case State::bad:
            break;
    }
    if (last_ && ++line_ > trailers_max) state_ = State::bad;
}

}  // namespace berth::net
