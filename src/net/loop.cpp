#include "net/loop.hpp"

#include <ctime>

namespace berth::net {

Deadline::~Deadline() {
    if (linked_) loop_.unlink(*this);
}

void Deadline::arm(Duration length) {
    if (!linked_) loop_.link(*this);
    at_ = loop_.ticks_ + 1 + static_cast<std::uint64_t>((length + Loop::tick - Duration(1)) / Loop::tick);
}

Block::~Block() {
    if (bytes_) loop_->give_back(std::move(bytes_), size_);
}

Loop::Loop(int index) : index_(index), context_(1), timer_(context_) {}

Loop::~Loop() {
    for (auto& last : at_end_) last();
}

Block Loop::take(Spare& spare, std::size_t size) {
    if (spare.empty()) return Block(*this, std::make_unique_for_overwrite<char[]>(size), size);
    auto bytes = std::move(spare.back());
    spare.pop_back();
    return Block(*this, std::move(bytes), size);
}

void Loop::give_back(std::unique_ptr<char[]> bytes, std::size_t size) {
    auto& spare = size == small_block ? small_ : large_;
    if (spare.size() < spare_max) spare.push_back(std::move(bytes));
}

void Loop::link(Deadline& deadline) {
    deadline.linked_ = true;
    deadline.previous_ = nullptr;
    deadline.next_ = first_;
    if (first_ != nullptr) first_->previous_ = &deadline;
    first_ = &deadline;
    wait_for_tick();
}

void Loop::unlink(Deadline& deadline) {
    if (deadline.previous_ != nullptr)
        deadline.previous_->next_ = deadline.next_;
    else
        first_ = deadline.next_;
    if (deadline.next_ != nullptr) deadline.next_->previous_ = deadline.previous_;
    deadline.linked_ = false;
}

void Loop::wait_for_tick() {
    if (ticking_) return;
    ticking_ = true;
    timer_.expires_after(tick);
    timer_.async_wait([this](const boost::system::error_code& failure) {
        ticking_ = false;
        if (failure) return;
        sweep();
        if (first_ != nullptr || !each_second_.empty()) wait_for_tick();
    });
}

void Loop::sweep() {
    ++ticks_;
    for (auto* deadline = first_; deadline != nullptr;) {
        auto* next = deadline->next_;
        if (deadline->at_ <= ticks_) {
            deadline->at_ = Deadline::never;
            deadline->expired();
        }
        deadline = next;
    }
    if (ticks_ % (std::chrono::seconds(1) / tick) == 0)
        for (auto& each : each_second_) each();
}

void Loop::every_second(std::function<void()> each) {
    each_second_.push_back(std::move(each));
    wait_for_tick();
}

const std::string& Loop::date() {
    const std::time_t now = std::time(nullptr);
    if (now == date_second_) return date_;
    date_second_ = now;
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[40];
    date_.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
    return date_;
}

}  // namespace berth::net
