#include "store/address.hpp"
#include "store/lock.hpp"
#include "store/migrations.hpp"
#include "store/stores.hpp"
#include "store/threaded_store.hpp"

namespace berth::store {
namespace {

/// A file in WAL mode.
class FileStore final : public ThreadedStore {
  public:
    FileStore(const Options& options, Clock& clock)
        : ThreadedStore(options, clock), lock_(parse_address(options.database).text) {
        auto writer = std::make_unique<Connection>(options.database);
        // FULL: a commit is on the disk before anybody hears of it.
        writer->script(
            "PRAGMA journal_mode=WAL;\nPRAGMA synchronous=FULL;\nPRAGMA journal_size_limit=67108864;");
        migrate(*writer, migrations(), clock.now());
        std::vector<std::unique_ptr<Connection>> readers;
        for (int reader = 0; reader < options.readers; ++reader) {
            readers.push_back(std::make_unique<Connection>(options.database));
            readers.back()->script("PRAGMA query_only=ON;");
        }
        start(std::move(writer), std::move(readers),
              [this](Connection&, const std::vector<Event>& events) { feed().publish(events); });
    }

    ~FileStore() override { close(); }

  private:
    const Lock lock_;
};

}  // namespace

std::unique_ptr<Store> open_file(const Options& options, Clock& clock) {
    return std::make_unique<FileStore>(options, clock);
}

}  // namespace berth::store
