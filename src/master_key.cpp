#include "master_key.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/child.hpp"
#include "base/log.hpp"

namespace berth {
namespace {

constexpr const char* variable = "BERTH_MASTER_KEY";
constexpr Duration command_limit = std::chrono::seconds(30);
constexpr std::size_t text_max = 4096;
constexpr const char* form = "make one with: openssl rand -base64 32";

/// A key, and where it came from, in words.
struct Found {
    std::optional<crypto::FernetKey> key;
    std::string place;
};

crypto::FernetKey require_key(const SecretText& text, const std::string& place) {
    if (auto key = read_key_text(text)) return std::move(*key);
    throw acts::keys_unavailable(place + " holds no key of 32 bytes in Base64", form);
}

std::string file_of(const Config& config) {
    return config.master_key_file.empty() ? data_path(config, "master.key") : config.master_key_file;
}

Task<SecretText> output_of(std::vector<std::string> command, Clock& clock) {
    std::string text;
    ChildRequest request{.arguments = std::move(command),
                         .line =
                             [&text](const std::string& line) {
                                 if (text.empty()) text = line.substr(0, text_max);
                             },
                         .output = ChildRequest::Output::apart};
    const auto result = co_await run_child(std::move(request), clock, command_limit);
    SecretText printed(std::move(text));
    if (result.status != 0)
        throw acts::keys_unavailable(
            "masterKeyCommand ended with " + std::to_string(result.status) + ": " + result.last_lines(2),
            "mend it, and start Berth again");
    co_return printed;
}

Task<Found> find_key(const Config& config, const SecretText& given, Clock& clock) {
    if (!config.master_key_command.empty()) {
        const auto printed = co_await output_of(config.master_key_command, clock);
        co_return Found{require_key(printed, "what masterKeyCommand prints"), "of masterKeyCommand"};
    }
    if (!given.empty()) co_return Found{require_key(given, variable), std::string("in ") + variable};
    const auto path = file_of(config);
    co_return Found{read_key_file(path), "in " + path};
}

Task<acts::Keyring> unlock(store::Store& store, const Config& config, const SecretText& given, Clock& clock) {
    auto found = co_await find_key(config, given, clock);
    if (!found.key) {
        auto is_used = [](store::Rows& rows) { return !rows.sealing_keys().empty(); };
        const bool used = co_await store.read(is_used);
        if (used)
            throw acts::keys_unavailable("there is no master key " + found.place,
                                         "an administrator puts it back from the backup, and starts Berth "
                                         "again");
        found.key = make_key_file(file_of(config));
        log::info(
            "a master key was made: without it, what users keep secret is lost with the machine; "
            "keep a copy elsewhere",
            {{"file", file_of(config)}});
    }
    auto open = [master = *found.key, place = found.place, now = clock.now()](store::Tx& tx) {
        return acts::unlock(tx, master, place, now);
    };
    co_return co_await store.write(std::move(open));
}

}  // namespace

std::optional<crypto::FernetKey> read_key_text(const SecretText& text) {
    const auto& all = text.reveal();
    const auto begin = all.find_first_not_of(" \t\r\n");
    if (begin == std::string::npos) return std::nullopt;
    auto word = all.substr(begin, all.find_last_not_of(" \t\r\n") + 1 - begin);
    std::ranges::replace(word, '+', '-');
    std::ranges::replace(word, '/', '_');
    const SecretText kept(std::move(word));
    return crypto::FernetKey::parse(kept.reveal());
}

std::optional<crypto::FernetKey> read_key_file(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) return std::nullopt;
    const auto fail = [&](const std::string& why) -> Error {
        return acts::keys_unavailable("master key file " + quoted(path) + " " + why, form);
    };
    if (file < 0) throw fail(std::string("cannot be read: ") + std::strerror(errno));
    std::string text(text_max, '\0');
    const auto size = ::read(file, text.data(), text.size());
    struct stat about{};
    const bool known = ::fstat(file, &about) == 0;
    ::close(file);
    if (size > 0) text.resize(static_cast<std::size_t>(size));
    const SecretText kept(std::move(text));
    if (size < 0) throw fail("cannot be read");
    // A Secret of a cluster is mounted with the group of the pod.
    if (!known || (about.st_mode & S_IRWXO) != 0) throw fail("can be read by everybody; give it mode 0600");
    if (auto key = read_key_text(kept)) return key;
    throw fail("holds no key of 32 bytes in Base64");
}

crypto::FernetKey make_key_file(const std::string& path) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0 && errno == EEXIST)
        if (auto there = read_key_file(path)) return std::move(*there);
    const auto key = crypto::FernetKey::random();
    const SecretText line(key.text().reveal() + "\n");
    const bool written = file >= 0 &&
                         ::write(file, line.reveal().data(), line.reveal().size()) ==
                             static_cast<ssize_t>(line.reveal().size()) &&
                         ::fsync(file) == 0;
    const std::string why = std::strerror(errno);
    if (file >= 0) ::close(file);
    if (written) return key;
    if (file >= 0) ::unlink(path.c_str());
    throw acts::keys_unavailable("master key file " + quoted(path) + " cannot be made: " + why,
                                 "name one that can be with masterKeyFile");
}

SecretText take_given_key() {
    SecretText given;
    if (const char* text = std::getenv(variable); text != nullptr) given = SecretText(text);
    ::unsetenv(variable);
    return given;
}

Task<acts::Keyring> open_keyring(store::Store& store, const Config& config, SecretText given, Clock& clock) {
    std::optional<Error> why;
    acts::Keyring keyring;
    try {
        keyring = co_await unlock(store, config, given, clock);
    } catch (const Error& error) {
        why = error.code == "keys_unavailable" ? error : acts::keys_unavailable(error.user, error.next);
    }
    if (why) keyring = acts::Keyring::locked(*why);
    if (const auto* locked = keyring.locked_because())
        log::error("secrets and files are locked; everything else works",
                   {{"why", locked->user}, {"next", locked->next}});
    co_return keyring;
}

}  // namespace berth
