#pragma once

#include <cstring>
#include <memory>
#include <string_view>

namespace berth::net {

/// Bytes that came and that nobody has taken yet. Views into it hold until `prepare` or `unread`.
class Inbox {
  public:
    static constexpr std::size_t initial = 4 << 10;

    std::string_view bytes() const { return {data_.get() + begin_, end_ - begin_}; }
    bool empty() const { return begin_ == end_; }
    void consume(std::size_t count) {
        begin_ += count;
        if (begin_ == end_) begin_ = end_ = 0;
    }
    /// Room for more at the end, at least 512 bytes: (where, how much).
    std::pair<char*, std::size_t> prepare();
    void commit(std::size_t count) { end_ += count; }
    /// Puts bytes back after the ones that are here.
    void append(std::string_view more);
    /// Gives memory back that only a long head needed.
    void shrink() {
        if (empty() && capacity_ > initial) data_.reset(), capacity_ = begin_ = end_ = 0;
    }

  private:
    void reserve(std::size_t room);

    std::unique_ptr<char[]> data_;
    std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
};

inline void Inbox::reserve(std::size_t room) {
    if (capacity_ - end_ >= room) return;
    const std::size_t held = end_ - begin_;
    std::size_t wanted = std::max(capacity_, initial);
    while (wanted - held < room) wanted *= 2;
    if (wanted == capacity_) {
        std::memmove(data_.get(), data_.get() + begin_, held);
    } else {
        auto larger = std::make_unique_for_overwrite<char[]>(wanted);
        if (held > 0) std::memcpy(larger.get(), data_.get() + begin_, held);
        data_ = std::move(larger);
        capacity_ = wanted;
    }
    begin_ = 0;
    end_ = held;
}

inline std::pair<char*, std::size_t> Inbox::prepare() {
    reserve(512);
    return {data_.get() + end_, capacity_ - end_};
}

inline void Inbox::append(std::string_view more) {
    if (more.empty()) return;
    reserve(more.size());
    std::memcpy(data_.get() + end_, more.data(), more.size());
    end_ += more.size();
}

}  // namespace berth::net
