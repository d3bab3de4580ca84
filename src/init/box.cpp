#include "init/box.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace berth::init {

Moved Inbox::receive(int from) {
    if (head_ == tail_) clear();
    if (head_ > 0 && tail_ == header_size + frame_max) {
        std::memmove(pages_.data(), pages_.data() + head_, tail_ - head_);
        tail_ -= head_;
        head_ = 0;
    }
    const auto room = header_size + frame_max - tail_;
    const auto got = ::recv(from, pages_.data() + tail_, room, MSG_DONTWAIT);
    if (got > 0) {
        tail_ += static_cast<std::size_t>(got);
        return Moved::all;
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR) ? Moved::some : Moved::gone;
}

void Outbox::make_room(std::size_t count) {
    if (empty()) head_ = tail_ = 0;
    if (output_max - tail_ >= count) return;
    std::memmove(pages_.data(), pages_.data() + head_, tail_ - head_);
    tail_ -= head_;
    head_ = 0;
}

std::span<char> Outbox::begin_frame(std::size_t most) {
    make_room(header_size + most);
    return {pages_.data() + tail_ + header_size, most};
}

void Outbox::end_frame(char kind, std::size_t count) {
    const auto head = header(kind, count);
    std::memcpy(pages_.data() + tail_, head.data(), head.size());
    tail_ += head.size() + count;
}

void Outbox::put(char kind, std::initializer_list<std::string_view> pieces) {
    std::size_t length = 0;
    for (const auto piece : pieces) length += piece.size();
    auto* at = begin_frame(length).data();
    for (const auto piece : pieces) {
        std::memcpy(at, piece.data(), piece.size());
        at += piece.size();
    }
    end_frame(kind, length);
}

long Outbox::send_once(int to) {
    iovec bytes{.iov_base = pages_.data() + head_, .iov_len = tail_ - head_};
    msghdr message{};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    if (rider_) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        auto* rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int));
        const int number = rider_.get();
        std::memcpy(CMSG_DATA(rights), &number, sizeof number);
    }
    return ::sendmsg(to, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

Moved Outbox::flush(int to) {
    while (!empty()) {
        const auto sent = send_once(to);
        if (sent < 0) {
            if (errno == EINTR) continue;
            return errno == EAGAIN ? Moved::some : Moved::gone;
        }
        rider_.reset();
        head_ += static_cast<std::size_t>(sent);
    }
    return Moved::all;
}

}  // namespace berth::init
