#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <system_error>

#include "base/log.hpp"
#include "store/migrations.hpp"
#include "store/stores.hpp"
#include "store/tail.hpp"
#include "store/threaded_store.hpp"

namespace berth::store {
namespace {

constexpr Duration migration_limit = std::chrono::minutes(5);
constexpr Duration listener_pause = std::chrono::milliseconds(200);

/// Becomes readable once, and stays so.
class Stop {
  public:
    Stop() : file_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (file_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    }
    ~Stop() { ::close(file_); }
    Stop(const Stop&) = delete;
    Stop& operator=(const Stop&) = delete;

    int file() const { return file_; }
    void now() {
        stopped_ = true;
        [[maybe_unused]] const int written = ::eventfd_write(file_, 1);
    }
    bool stopped() const { return stopped_; }

  private:
    const int file_;
    std::atomic<bool> stopped_ = false;
};

/// The last number of `first last`, which a commit was told with; 0 when it is none of ours.
std::int64_t last_of(std::string_view note) {
    std::int64_t last = 0;
    const auto space = note.find(' ');
    if (space != std::string_view::npos)
        std::from_chars(note.data() + space + 1, note.data() + note.size(), last);
    return last;
}

void require_claim(Connection& db) {
    if (!db.dialect().claim(Dialect::Share::with_others))
        throw Error(Kind::conflict, "database_in_use", "the database is being copied",
                    "start again once `berth migrate` has ended");
}

void migrate_server(const Options& options, Clock& clock) {
    // Another Berth may be at it, for as long as that takes.
    auto patient = options.server;
    patient.lock_limit = patient.statement_limit = migration_limit;
    Connection db(options.database, patient);
    require_claim(db);
    migrate(db, migrations(), clock.now());
}

/// A database on a PostgreSQL server, which other Berths may use as well.
class PostgresStore final : public ThreadedStore {
  public:
    PostgresStore(const Options& options, Clock& clock) : ThreadedStore(options, clock) {
        migrate_server(options, clock);
        auto writer = connect();
        auto listener = connect();
        std::vector<std::unique_ptr<Connection>> readers;
        readers.reserve(static_cast<std::size_t>(options.readers));
        for (int reader = 0; reader < options.readers; ++reader) readers.push_back(connect());
        require_claim(*writer);
        // First to listen and then to look, so that nothing falls between.
        listener->dialect().listen();
        tail_ = std::make_unique<Tail>(
            feed(), listener->value<std::int64_t>("SELECT MAX(sequence) FROM event").value_or(0));
        start(std::move(writer), std::move(readers),
              [this](Connection& db, const std::vector<Event>& events) { tail_->committed(db, events); });
        listening_ = std::thread([this, db = std::move(listener)] { listen_until_closed(*db); });
    }

    ~PostgresStore() override { close(); }

    void close() override {
        ThreadedStore::close();
        const std::lock_guard lock(closing_);
        stop_.now();
        if (listening_.joinable()) listening_.join();
    }

  private:
    std::unique_ptr<Connection> connect() const {
        return std::make_unique<Connection>(options().database, options().server);
    }

    void listen_until_closed(Connection& db) {
        bool listening = true;
        while (!stop_.stopped()) {
            try {
                // A new connection listens as the old one did, and then looks for what it missed.
                if (!listening) tail_->catch_up(db);
                if (!std::exchange(listening, true)) log::info("the change feed is back");
                hear(db);
            } catch (const std::exception& error) {
                if (std::exchange(listening, false))
                    log::warning("the change feed is cut", {{"error", error.what()}});
                ::pollfd stop{.fd = stop_.file(), .events = POLLIN, .revents = 0};
                ::poll(&stop, 1, static_cast<int>(listener_pause.count()));
            }
        }
    }

    /// Waits for the next commit of anybody, and publishes what is new.
    void hear(Connection& db) {
        const auto notes = db.dialect().notes(stop_.file(), options().server.look_every);
        if (stop_.stopped()) return;
        std::int64_t last = 0;
        for (const auto& note : notes) last = std::max(last, last_of(note));
        // Also without a note: one may have been lost with what stands between us and the server.
        if (notes.empty() || last > tail_->seen()) tail_->catch_up(db);
    }

    std::unique_ptr<Tail> tail_;
    Stop stop_;
    std::mutex closing_;
    std::thread listening_;
};

}  // namespace

std::unique_ptr<Store> open_server(const Options& options, Clock& clock) {
    try {
        return std::make_unique<PostgresStore>(options, clock);
    } catch (const Error& error) {
        // Who starts a Berth may know why; who asks it over the network later may not.
        if (error.code != "database_unreachable") throw;
        throw Error(error.kind, error.code, error.what(),
                    "see that the server runs and that user and password are right");
    }
}

}  // namespace berth::store
