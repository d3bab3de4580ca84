#include "kube/watch.hpp"

#include <random>

#include "base/log.hpp"
#include "base/timeout.hpp"
#include "kube/refusal.hpp"

namespace berth::kube {
namespace {

constexpr std::size_t line_max = 16u << 20;

/// One following: where it is, and what it waits after a failure.
class Following {
  public:
    Following(Client& client, Clock& clock, WatchOptions options, Follower& follower)
        : client_(client),
          clock_(clock),
          options_(std::move(options)),
          follower_(follower),
          random_(options_.seed != 0 ? options_.seed : std::random_device()()),
          page_(options_.page) {}

    Task<> run() {
        while (true) {
            std::optional<Error> failure;
            try {
                if (version_.empty()) co_await list();
                co_await watch();
            } catch (const Error& error) {
                failure = error;
            }
            if (!failure) continue;
            // The place is forgotten: that is no failure of anybody's the first time.
            if (failure->code == "expired" && !std::exchange(version_, "").empty() &&
                !std::exchange(listed_anew_, true))
                continue;
            follower_.lost(*failure);
            log::debug("cannot follow",
                       {{"kind", std::string(options_.resource.plural)}, {"error", failure->what()}});
            co_await clock_.sleep(pause());
        }
    }

  private:
    Task<> list() {
        follower_.listing();
        std::string next, version;
        do {
            auto page = co_await some(next);
            for (const auto& item : page.items) follower_.seen(item);
            version = std::move(page.version);
            next = std::move(page.next);
        } while (!next.empty());
        version_ = std::move(version);
        follower_.listed(version_);
    }

    /// One page from there on. It is made smaller, and stays so, where the objects are too large for it.
    Task<ObjectPage> some(std::string from) {
        while (true) {
            try {
                co_return co_await client_.list(options_.resource, options_.selection, page_, from,
                                                options_.detail);
            } catch (const Error& error) {
                if (error.code != "answer_too_large" || page_ == 1) throw;
            }
            page_ = (page_ + 1) / 2;
        }
    }

    Task<> watch() {
        auto stream = co_await client_.watch(options_.resource, options_.selection, version_, some_length(),
                                             options_.detail);
        follower_.resumed();
        const auto began = clock_.now();
        bool heard = false;
        Lines lines;
        while (true) {
            auto work = stream->read();
            const auto bytes = co_await finish_within(clock_, options_.silence,
                                                      std::string(options_.resource.plural), std::move(work));
            if (bytes.empty()) break;
            lines.feed(bytes);
            while (const auto line = lines.next()) {
                take(parse_answer(*line));
                heard = true;
            }
            if (heard) failures_ = 0;
            if (heard) listed_anew_ = false;
        }
        // A server that closes at once must not be asked without a pause.
        if (!heard && clock_.now() < began + std::chrono::seconds(1))
            throw Error(Kind::unavailable, "cluster_unavailable", "the API server ends watches at once");
        listed_anew_ = false;
    }

    void take(const json::value& event) {
        const auto type = text_at(event, {"type"});
        const auto* object = find_at(event, {"object"});
        if (object == nullptr)
            throw Error(Kind::internal, "cluster_answer", "a watch event without an object");
        if (type == "ERROR")
            throw to_error(static_cast<int>(number_at(*object, {"code"})), json::write(*object));
        if (type == "ADDED" || type == "MODIFIED") follower_.seen(*object);
        if (type == "DELETED") follower_.gone(*object);
        if (auto version = text_at(*object, {"metadata", "resourceVersion"}); !version.empty())
            version_ = std::move(version);
    }

    Duration some_length() {
        std::uniform_int_distribution<std::int64_t> more(0, options_.length.count() / 2);
        return options_.length + Duration(more(random_));
    }

    Duration pause() {
        const auto doubled = options_.retry_first * (1 << std::min(failures_++, 10));
        const auto whole = std::min(doubled, options_.retry_longest);
        std::uniform_int_distribution<std::int64_t> some(whole.count() / 2, whole.count());
        return Duration(some(random_));
    }

    Client& client_;
    Clock& clock_;
    WatchOptions options_;
    Follower& follower_;
    std::mt19937_64 random_;
    int page_;
    std::string version_;
    int failures_ = 0;
    bool listed_anew_ = false;  // Since the last that was heard of a watch.
};

}  // namespace

Task<> follow(Client& client, Clock& clock, WatchOptions options, Follower& follower) {
    Following following(client, clock, std::move(options), follower);
    co_await following.run();
}

std::optional<std::string> Lines::next() {
    const auto end = bytes_.find('\n', looked_at_);
    if (end == bytes_.npos) {
        looked_at_ = bytes_.size();
        if (looked_at_ > line_max)
            throw Error(Kind::internal, "cluster_answer", "a watch event is larger than 16 MiB");
        return std::nullopt;
    }
    auto line = bytes_.substr(0, end);
    bytes_.erase(0, end + 1);
    looked_at_ = 0;
    return line;
}

}  // namespace berth::kube
