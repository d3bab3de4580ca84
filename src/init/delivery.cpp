#include "init/delivery.hpp"

#include <stdlib.h>
#include <string.h>

#include <cerrno>

namespace berth::init {

namespace {

constexpr Refusal malformed{EINVAL, "the delivery is malformed"};
constexpr Refusal too_large{E2BIG, "the environment is too large"};
constexpr Refusal no_memory{ENOMEM, "there is no memory"};

std::optional<mode_t> read_mode(std::string_view digits) {
    if (digits.empty() || digits.size() > 4) return {};
    mode_t mode = 0;
    for (const char digit : digits) {
        if (digit < '0' || digit > '7') return {};
        mode = mode * 8 + static_cast<mode_t>(digit - '0');
    }
    return mode <= 0777 ? std::optional(mode) : std::nullopt;
}

}  // namespace

std::optional<FileHead> read_file_head(std::string_view payload) {
    Fields fields(payload);
    const auto path = fields.next();
    const auto mode = fields.next();
    if (!mode || fields.next() || !is_plain_path(*path)) return {};
    const auto bits = read_mode(*mode);
    if (!bits) return {};
    return FileHead{*path, *bits};
}

std::optional<LinkHead> read_link_head(std::string_view payload) {
    Fields fields(payload);
    const auto path = fields.next();
    const auto where = fields.next();
    if (!where || fields.next() || !is_plain_path(*path) || !is_plain_path(*where)) return {};
    return LinkHead{*path, *where};
}

Refusal Delivery::begin(char kind, std::string_view salt, const Key& key) {
    if (kind == 'B' && state_ == State::started) return {EALREADY, "it has been started"};
    if (kind == 'W' && state_ == State::waiting) return {EAGAIN, "it waits for what it is to start with"};
    if (!salt.empty() && !seal_.begin(key, salt)) return no_memory;
    course_ = kind == 'B' ? Course::before_start : Course::while_running;
    files_ = 0;
    return {};
}

Refusal Delivery::take(const Frame& frame) {
    if (!seal_) return take_opened(frame);
    const auto opened = seal_.open(frame);
    return opened ? take_opened(*opened) : Refusal{EPROTO, "a frame is not what was sealed"};
}

Refusal Delivery::take_opened(const Frame& frame) {
    if (in_file_ && frame.kind != 'd') {
        if (const auto refusal = finish_file()) return refusal;
    }
    switch (frame.kind) {
        case 'e':
            return take_variable(frame.payload);
        case 'm':
            return extend_variable(frame.payload);
        case 'f':
            return begin_file(frame.payload);
        case 'd':
            if (!in_file_) return malformed;
            if (const int error = target_.write(frame.payload)) return problem(error, path_.data());
            return {};
        case 'l':
            return put_link(frame.payload);
        case 'u':
            return remove(frame.payload);
        case 'n':
            return take_note(frame.payload);
        case 'g':
            return end();
        default:
            return malformed;
    }
}

Refusal Delivery::take_variable(std::string_view pair) {
    const auto equals = pair.find('=');
    const bool whole = equals != 0 && equals != std::string_view::npos && pair.find('\0') == pair.npos;
    if (course_ != Course::before_start || !whole) return malformed;
    if (variables_count_ == variables_max) return too_large;
    const auto begin = text_size_;
    if (const auto refusal = add_text(pair)) return refusal;
    variables_[variables_count_++] = text_.data() + begin;
    return {};
}

Refusal Delivery::extend_variable(std::string_view more) {
    if (variables_count_ == 0 || more.find('\0') != more.npos) return malformed;
    --text_size_;  // The NUL at its end.
    return add_text(more);
}

Refusal Delivery::add_text(std::string_view text) {
    if (text.size() >= variable_bytes_max - text_size_) return too_large;
    if (!text_ && !(text_ = Pages(variable_bytes_max))) return no_memory;
    char* const place = text_.data() + text_size_;
    place[text.copy(place, text.size())] = '\0';
    text_size_ += text.size() + 1;
    return {};
}

Refusal Delivery::begin_file(std::string_view payload) {
    const auto head = read_file_head(payload);
    if (!head) return malformed;
    if (++files_ > files_max) return {E2BIG, "there are too many files"};
    path_[head->path.copy(path_.data(), path_max)] = '\0';
    mode_ = head->mode;
    int error = target_.find(head->path);
    if (error == 0) error = target_.begin();
    if (error != 0) return problem(error, head->path);
    in_file_ = true;
    return {};
}

Refusal Delivery::finish_file() {
    in_file_ = false;
    const int error = target_.finish(mode_);
    return error == 0 ? Refusal{} : problem(error, path_.data());
}

Refusal Delivery::put_link(std::string_view payload) {
    const auto head = read_link_head(payload);
    if (!head) return malformed;
    if (++files_ > files_max) return {E2BIG, "there are too many files"};
    path_[head->where.copy(path_.data(), path_max)] = '\0';
    int error = target_.find(head->path);
    if (error == 0) error = target_.link_to(path_.data());
    return error == 0 ? Refusal{} : problem(error, head->path);
}

Refusal Delivery::remove(std::string_view path) {
    if (!is_plain_path(path)) return malformed;
    int error = target_.look_for(path);
    if (error == ENOENT) return {};
    if (error == 0) error = target_.remove();
    return error == 0 ? Refusal{} : problem(error, path);
}

Refusal Delivery::take_note(std::string_view bytes) {
    if (bytes.size() > note_max - fresh_note_size_) return {E2BIG, "the note is too large"};
    if (!fresh_note_ && !(fresh_note_ = Pages(note_max))) return no_memory;
    fresh_note_size_ += bytes.copy(fresh_note_.data() + fresh_note_size_, bytes.size());
    return {};
}

Refusal Delivery::end() {
    for (std::size_t i = 0; i < variables_count_; ++i) {
        if (::putenv(variables_[i]) != 0) return no_memory;
    }
    note_ = static_cast<Pages&&>(fresh_note_);
    note_size_ = fresh_note_size_;
    fresh_note_size_ = 0;
    variables_count_ = 0;
    course_ = Course::none;
    seal_.end();
    state_ = State::started;
    return {};
}

void Delivery::abandon() {
    target_.give_up();
    in_file_ = false;
    if (course_ == Course::before_start) {
        text_ = Pages();
        text_size_ = variables_count_ = 0;
    }
    fresh_note_ = Pages();
    fresh_note_size_ = 0;
    course_ = Course::none;
    seal_.end();
}

Refusal Delivery::problem(int error, std::string_view path) {
    words_ = {};
    words_.add(path).add(": ").add(error_text(error).view());
    if (error == ENOTDIR || error == ELOOP) words_.add(", and links are not followed");
    words_.add(std::string_view("\0", 1));
    return {error, words_.view().data()};
}

}  // namespace berth::init
