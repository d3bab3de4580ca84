#include "acts/user_files.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include "api/operations.hpp"
#include "api/services.hpp"
#include "crypto/random.hpp"

namespace berth::api {
namespace {

view::UploadedFile file_view(const UserFile& file) {
    return {.path = file.path,
            .size = file.size,
            .type = file.type,
            .sha256 = file.sha256,
            .created_at = file.created_at};
}

view::FileLimits limits_view(const acts::FileLimits& limits) {
    return {.each = limits.each,
            .together = limits.together,
            .count = static_cast<std::int64_t>(limits.count),
            .types = limits.types};
}

/// Seals on a thread of the store's readers, as it takes as long as a few queries do.
Task<> keep_part(Services& services, UserFile file, int number, bool last, std::string bytes) {
    auto content = std::make_shared<const SecretText>(std::move(bytes));
    auto seal = [file, number, last, content, keyring = services.keyring,
                 now = services.now()](store::Rows& rows) {
        return acts::seal_part(rows, keyring, file, number, last, *content, now);
    };
    auto part = co_await services.store.read(std::move(seal));
    auto write = [part = std::move(part)](store::Tx& tx) { acts::add_part(tx, part); };
    co_await services.store.write(std::move(write));
}

/// Takes the body to its end, a part at a time. Which part is the last is known when it ends.
Task<UserFile> receive(Services& services, UserFile file, std::shared_ptr<net::BodyReader> body) {
    crypto::Sha256 hash;
    std::string held;
    int number = 0;
    for (;;) {
        auto piece = co_await body->read();
        if (piece.empty()) break;
        file.size.count += static_cast<std::int64_t>(piece.size());
        acts::require_fits(services.file_limits, file.size.count);
        hash.add(piece);
        held += piece;
        SecretText::wipe(piece);
        if (held.size() <= acts::part_bytes) continue;
        auto rest = held.substr(acts::part_bytes);
        held.resize(acts::part_bytes);
        co_await keep_part(services, file, number++, false, std::exchange(held, std::move(rest)));
    }
    if (!held.empty()) co_await keep_part(services, file, number, true, std::move(held));
    file.sha256 = hash.hex();
    co_return file;
}

/// The same, and nothing of the file stays when it does not come to its end.
Task<UserFile> receive_all(Services& services, Caller caller, UserFile file,
                           std::shared_ptr<net::BodyReader> body) {
    std::exception_ptr failure;
    try {
        auto received = co_await receive(services, file, std::move(body));
        auto finish = [caller, received, limits = services.file_limits, now = services.now()](store::Tx& tx) {
            return acts::finish_upload(tx, caller, received, limits, now);
        };
        co_return co_await services.store.write(std::move(finish));
    } catch (...) {
        failure = std::current_exception();
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    auto abandon = [id = file.id](store::Tx& tx) { acts::abandon_upload(tx, id); };
    co_await services.store.write(std::move(abandon));
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) throw;
        throw Error(Kind::invalid, "upload_cut", "the upload of " + quoted(file.path) + " broke off",
                    "send it again");
    }
}

Task<> send_parts(store::Store& store, acts::Keyring keyring, UserFile file, net::BodyWriter& out) {
    for (int number = 0; number < acts::parts_of(file); ++number) {
        auto read = [keyring, file, number](store::Rows& rows) {
            return acts::open_part(rows, keyring, file, number);
        };
        const auto part = co_await store.read(std::move(read));
        co_await out.write(part.reveal());
    }
}

}  // namespace

Task<view::UploadedFiles> list_user_files(Call call) {
    auto read = [user = call.who().caller.user](store::Rows& rows) { return rows.user_files_of(user); };
    const auto rows = co_await call.services->store.read(std::move(read));
    view::UploadedFiles files{.total = std::ssize(rows), .limits = limits_view(call.services->file_limits)};
    for (const auto& row : rows) {
        files.items.push_back(file_view(row));
        files.used.count += row.size.count;
    }
    co_return files;
}

Task<view::UploadedFile> put_user_file(Call call, std::string path, Upload upload) {
    auto& services = *call.services;
    if (!upload.body) throw Error(Kind::internal, "internal", "the body of an upload came in another way");
    if (const auto size = upload.body->size())
        acts::require_fits(services.file_limits, static_cast<std::int64_t>(*size));
    const std::string type(call.request->header("Content-Type").value_or(""));
    auto begin = [caller = call.caller(), path, type, limits = services.file_limits,
                  keyring = services.keyring, now = services.now()](store::Tx& tx) {
        keyring.newest(tx);
        return acts::begin_upload(tx, caller, path, type, limits, now);
    };
    auto file = co_await services.store.write(std::move(begin));
    co_return file_view(co_await receive_all(services, call.caller(), std::move(file), upload.body));
}

Task<Download> get_user_file(Call call, std::string path) {
    auto& services = *call.services;
    auto read = [user = call.who().caller.user, path, keyring = services.keyring](store::Rows& rows) {
        auto file = acts::get_user_file(rows, user, path);
        // What does not open says so before the answer begins.
        if (acts::parts_of(file) > 0) acts::open_part(rows, keyring, file, 0);
        return file;
    };
    auto file = co_await services.store.read(std::move(read));
    const auto name = net::percent_encode(file.path.substr(file.path.rfind('/') + 1));
    Download download;
    download.response.headers = {{"Content-Type", "application/octet-stream"},
                                 {"Content-Disposition", "attachment; filename*=UTF-8''" + name},
                                 {"Cache-Control", "no-store"}};
    download.response.stream = [&store = services.store, keyring = services.keyring, file = std::move(file)](
                                   net::BodyWriter& out) { return send_parts(store, keyring, file, out); };
    co_return download;
}

Task<Nothing> delete_user_file(Call call, std::string path) {
    auto write = [caller = call.caller(), path, now = call.services->now()](store::Tx& tx) {
        acts::delete_user_file(tx, caller, path, now);
    };
    co_await call.services->store.write(std::move(write));
    co_return Nothing{};
}

}  // namespace berth::api
