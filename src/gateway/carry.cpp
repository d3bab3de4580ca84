#include "gateway/carry.hpp"

#include "gateway/rewrite.hpp"

namespace berth::gateway {
namespace {

/// Where an answer is read into: grows from a small block to a large one when that pays.
class Reading {
  public:
    explicit Reading(net::Loop& loop) : loop_(loop), block_(loop.take_small()) {}

    std::string_view bytes() const { return {block_.data() + begin_, end_ - begin_}; }
    void consume(std::size_t count) { begin_ += count; }
    char* room() const { return block_.data() + end_; }
    std::size_t room_size() const { return block_.size() - end_; }
    void commit(std::size_t count) { end_ += count; }
    void clear() { begin_ = end_ = 0; }
    /// More room behind what is here; false when a large block is full.
    bool grow() {
        if (begin_ == 0 && end_ == net::Loop::large_block) return false;
        auto larger = loop_.take_large();
        const auto held = bytes();
        std::copy(held.begin(), held.end(), larger.data());
        end_ = held.size();
        begin_ = 0;
        std::swap(block_, larger);
        return true;
    }
    bool large() const { return block_.size() == net::Loop::large_block; }

  private:
    net::Loop& loop_;
    net::Block block_;
    std::size_t begin_ = 0, end_ = 0;
};

net::Work<bool> write(Passage& passage, net::Channel& to, net::Slices slices) {
    const auto sent = to.try_write(slices);
    if (sent == net::Outcome::would_block) co_return co_await finish_write(passage, to, slices);
    co_return sent == net::Outcome::done;
}

/// Tells the client of a 1xx, which HTTP/1.0 does not know.
net::Work<bool> send_interim(Carry& carry, const net::ResponseHead& head) {
    if (carry.old) co_return true;
    carry.memory.text.clear();
    const ResponseChanges changes{.cookies = carry.cookies};
    rewrite_response(carry.memory.text, head, changes);
    const net::Slices slices{carry.memory.text};
    co_return co_await write(carry.passage, carry.passage.connection.client, slices);
}

enum class HeadRead { done, dead, malformed };

/// Reads until a final head is in `memory.head`; its views are of `reading`, which still holds it.
net::Work<HeadRead> read_head(Carry& carry, Reading& reading) {
    auto& passage = carry.passage;
    auto& head = carry.memory.head;
    net::HeadFinder finder(
        {.line_max = 8 << 10, .head_max = passage.state.config.answer_head_max, .fields_max = 200});
    bool heard = false;
    while (true) {
        net::HeadProblem problem;
        const auto size = reading.bytes().empty() ? 0 : finder.look(reading.bytes(), problem);
        if (!problem && size > 0) {
            problem = net::scan_response(reading.bytes().substr(0, size), carry.head_only, head);
            const bool interim = !problem && head.status < 200 && head.status != 101;
            if (!problem && !interim) co_return HeadRead::done;
            if (interim && !co_await send_interim(carry, head)) co_return HeadRead::malformed;
            reading.consume(size);
            finder.reset();
            if (!problem) continue;
        }
        if (problem || (reading.room_size() == 0 && !reading.grow())) co_return HeadRead::malformed;
        const auto [failure, count] =
            co_await passage.upstream->read_some(reading.room(), reading.room_size());
        if (failure) co_return heard ? HeadRead::malformed : HeadRead::dead;
        heard = true;
        reading.commit(count);
    }
}

/// How the body travels on, decided with the head.
struct Travel {
    net::BodyScanner scanner;
    bool unpack = false;  ///< Chunks are taken apart for a client of HTTP/1.0.
};

/// Sends what `reading` holds of the body, behind the head when there is one in `text`.
net::Work<bool> send_held(Carry& carry, Reading& reading, Travel& travel, std::string_view text) {
    const auto held = reading.bytes();
    std::string content;
    const auto take = [&](std::string_view piece) {
        if (travel.unpack) content += piece;
    };
    const auto step = travel.scanner.advance(held, take);
    net::Slices slices{text};
    if (travel.unpack) {
        slices.add(content);
    } else {
        slices.add(held.substr(0, step.forward));
        if (travel.scanner.ended() && travel.scanner.framing() == net::Framing::chunked) slices.add(line_end);
    }
    reading.consume(step.consumed);
    auto& client = carry.passage.connection.client;
    const auto sent = client.try_write(slices);
    if (sent == net::Outcome::would_block) co_return co_await finish_write(carry.passage, client, slices);
    co_return sent == net::Outcome::done;
}

/// Streams the rest of the body. False when either side failed.
net::Work<bool> send_rest(Carry& carry, Reading& reading, Travel& travel) {
    while (!travel.scanner.ended() && !travel.scanner.bad()) {
        reading.clear();
        const auto [failure, count] =
            co_await carry.passage.upstream->read_some(reading.room(), reading.room_size());
        if (failure == asio::error::eof) travel.scanner.close();
        if (failure) break;
        const bool filled = count == reading.room_size();
        reading.commit(count);
        if (!co_await send_held(carry, reading, travel, {})) co_return false;
        if (filled && !reading.large()) {
            reading.clear();
            reading.grow();
        }
    }
    co_return travel.scanner.ended();
}

/// An answer that leaves nothing behind on its connection lets that connection be used again.
void keep_upstream(Carry& carry, const Reading& reading, bool answer_keeps) {
    auto& passage = carry.passage;
    const bool clean =
        answer_keeps && passage.body_over && reading.bytes().empty() && passage.upstream->open();
    if (clean) passage.state.kept.put(passage.way->key, std::move(*passage.upstream));
    if (clean) passage.upstream.reset();
}

}  // namespace

net::Work<bool> finish_write(Passage& passage, net::Channel& to, net::Slices slices) {
    while (true) {
        net::ErrorCode failure;
        passage.arm(passage.state.config.write_timeout);
        co_await to.wait_writable(asio::redirect_error(net::await, failure));
        passage.disarm();
        if (failure) co_return false;
        const auto sent = to.try_write(slices);
        if (sent != net::Outcome::would_block) co_return sent == net::Outcome::done;
    }
}

net::Work<Received> receive_answer(Carry& carry) {
    auto& passage = carry.passage;
    passage.arm(passage.state.config.answer_timeout);
    passage.waiting = passage.body_over;
    Reading reading(passage.state.loop);
    const auto read = co_await read_head(carry, reading);
    passage.disarm();
    if (read != HeadRead::done) co_return read == HeadRead::dead ? Received::dead : Received::malformed;
    const auto& head = carry.memory.head;
    carry.memory.text.clear();
    if (head.status == 101) {
        if (!carry.upgrade || head.upgrade.empty()) co_return Received::malformed;
        const ResponseChanges changes{.cookies = carry.cookies};
        rewrite_response(carry.memory.text, head, changes);
        carry.early = reading.bytes().substr(head.size);
        co_return Received::upgraded;
    }
    const bool chunked = head.framing == net::Framing::chunked;
    Travel travel{.scanner = net::BodyScanner(head.framing, head.length), .unpack = carry.old && chunked};
    const bool open_end = head.framing == net::Framing::until_close || travel.unpack;
    carry.keep = carry.keep && passage.body_over && !open_end;
    const bool answer_keeps = head.keep_alive;
    const ResponseChanges changes{
        .cookies = carry.cookies, .chunked = chunked && !carry.old, .keep = carry.keep, .old = carry.old};
    rewrite_response(carry.memory.text, head, changes);
    reading.consume(head.size);
    passage.answer_begun = true;
    if (!co_await send_held(carry, reading, travel, carry.memory.text)) co_return Received::broken;
    if (!travel.scanner.ended() && !co_await send_rest(carry, reading, travel)) co_return Received::broken;
    keep_upstream(carry, reading, answer_keeps);
    co_return Received::whole;
}

net::Work<> send_body(Carry& carry) {
    auto& passage = carry.passage;
    auto& client = passage.connection.client;
    auto block = passage.state.loop.take_small();
    while (!carry.body.ended()) {
        const auto left = carry.body.remaining();
        const auto most =
            left > 0 ? static_cast<std::size_t>(std::min<std::uint64_t>(left, block.size())) : block.size();
        passage.connection.arm(passage.connection.config.body_timeout);
        const auto [failure, count] = co_await client.read_some(block.data(), most);
        passage.connection.disarm();
        if (passage.answer_over) co_return;
        if (failure) passage.client_gone = true;
        const std::string_view piece(block.data(), count);
        const auto step = carry.body.advance(piece);
        passage.body_bad = carry.body.bad();
        if (failure || passage.body_bad) {
            passage.upstream->close();
            co_return;
        }
        carry.pushback = piece.substr(step.consumed);
        const bool end_chunks = carry.body.ended() && carry.body.framing() == net::Framing::chunked;
        const net::Slices slices{piece.substr(0, step.forward), end_chunks ? line_end : std::string_view()};
        // An application that reads no further may have answered already: that answer is still wanted.
        if (!co_await write(passage, *passage.upstream, slices)) co_return;
        passage.count_activity("upload");
        if (!passage.answer_begun) passage.arm(passage.state.config.answer_timeout);
        if (count == net::Loop::small_block) block = passage.state.loop.take_large();
    }
    passage.body_over = true;
    passage.waiting = true;
}

}  // namespace berth::gateway
