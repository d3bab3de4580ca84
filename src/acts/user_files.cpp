#include "acts/user_files.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "acts/rows.hpp"
#include "base/utf8.hpp"
#include "crypto/random.hpp"
#include "model/limits.hpp"

namespace berth::acts {
namespace {

constexpr std::size_t name_max = 255;  // Of file systems.
constexpr std::size_t type_max = 128;

[[noreturn]] void refuse_path(std::string_view path, const std::string& why) {
    throw Error(Kind::invalid, "invalid_field", "path " + quoted(path.substr(0, 128)) + " " + why,
                "use a relative path such as data/input.csv");
}

bool allows(const FileLimits& limits, const std::string& type) {
    if (limits.types.empty()) return true;
    return std::ranges::any_of(limits.types, [&](const std::string& allowed) {
        if (!allowed.ends_with("/*")) return allowed == type;
        return type.starts_with(std::string_view(allowed).substr(0, allowed.size() - 1));
    });
}

/// `text/plain` of `Text/Plain; charset=utf-8`.
std::string media_type(std::string_view header) {
    auto type = std::string(header.substr(0, header.find(';')));
    while (type.ends_with(' ')) type.pop_back();
    std::ranges::transform(type, type.begin(), [](unsigned char c) { return std::tolower(c); });
    const bool fine = type.find('/') != type.npos && type.size() <= type_max &&
                      std::ranges::all_of(type, [](unsigned char c) { return c > 32 && c < 127; });
    return fine ? type : "application/octet-stream";
}

void tell(store::Tx& tx, const Caller& caller, const UserFile& file, std::string kind, Time now) {
    const Happening happening{
        .at = now,
        .actor = caller.name,
        .kind = std::move(kind),
        .subject_kind = "file",
        .subject = file.path,
        .owner = file.user,
        .data = {{"path", file.path}, {"size", to_string(file.size)}, {"type", file.type}}};
    append_audit(tx, happening);
    append_state(tx, happening);
}

/// A folder of one cannot be a file of another.
void refuse_nesting(const std::vector<UserFile>& files, const std::string& path) {
    for (const auto& file : files)
        if (path.starts_with(file.path + "/") || file.path.starts_with(path + "/"))
            throw Error(Kind::conflict, "path_taken",
                        "you have a file " + quoted(file.path) + ", and one of the two would be a folder",
                        "use another path, or delete that file");
}

std::string context_number(int number, bool last) {
    return std::to_string(number) + (last ? " last" : "");
}

bool is_last(const UserFile& file, int number) {
    return number + 1 == parts_of(file);
}

}  // namespace

std::string user_file_path(std::string_view path) {
    if (path.empty()) refuse_path(path, "is empty");
    if (path.starts_with('/')) refuse_path(path, "is absolute");
    if (path.ends_with('/')) refuse_path(path, "names a folder");
    if (path.size() > limits::path_max) refuse_path(path, fmt::format("is longer than {}", limits::path_max));
    for (auto rest = path; !rest.empty();)
        if (!take_character(rest)) refuse_path("…", "is no UTF-8");
    if (std::ranges::any_of(path, [](unsigned char c) { return c < 32 || c == 127; }))
        refuse_path(path, "holds control characters");
    std::string tidy;
    for (std::string_view rest = path; !rest.empty();) {
        const auto end = std::min(rest.find('/'), rest.size());
        const auto name = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (name == "..") refuse_path(path, "goes up");
        if (name.size() > name_max) refuse_path(path, fmt::format("has a name longer than {}", name_max));
        if (name.empty() || name == ".") continue;
        if (!tidy.empty()) tidy += '/';
        tidy += name;
    }
    if (tidy.empty()) refuse_path(path, "names a folder");
    return tidy;
}

void require_fits(const FileLimits& limits, std::int64_t bytes) {
    if (bytes <= limits.each.count) return;
    throw Error(Kind::invalid, "too_large", "a file may have at most " + to_string(limits.each),
                "split it, or get it from inside the session");
}

UserFile begin_upload(store::Tx& tx, const Caller& caller, const std::string& path, const std::string& type,
                      const FileLimits& limits, Time now) {
    UserFile file{.id = {crypto::new_id("fil")},
                  .user = caller.user,
                  .path = user_file_path(path),
                  .type = media_type(type),
                  .created_at = now};
    if (!allows(limits, file.type))
        throw Error(Kind::invalid, "unsupported_media_type",
                    "files of type " + quoted(file.type) + " are not allowed here",
                    fmt::format("allowed are {}", fmt::join(limits.types, ", ")));
    auto unfinished = tx.unfinished_user_files(now + Duration(1));
    std::erase_if(unfinished, [&](const UserFile& other) { return other.user != caller.user; });
    if (unfinished.size() >= uploads_max)
        throw Error(Kind::too_many, "too_many_uploads",
                    fmt::format("{} uploads of yours are going on", unfinished.size()),
                    "try again when one has ended");
    const auto files = tx.user_files_of(caller.user);
    if (files.size() >= limits.count)
        throw Error(Kind::too_many, "quota_exceeded",
                    fmt::format("you have {} files, which is the limit", limits.count),
                    "delete one that is not needed any more");
    refuse_nesting(files, file.path);
    tx.insert_user_file(file);
    return file;
}

UserFilePart seal_part(store::Rows& rows, const Keyring& keyring, const UserFile& file, int number, bool last,
                       const SecretText& bytes, Time now) {
    const auto key = keyring.newest(rows);
    const auto place = context_number(number, last);
    return {file.id, number, key.id,
            crypto::seal(key.key, {"file", file.user.text, file.id.text, place}, bytes.reveal(), now)};
}

void add_part(store::Tx& tx, const UserFilePart& part) {
    if (!tx.find_user_file(part.file)) throw no_such("upload");
    tx.put_user_file_part(part);
}

UserFile finish_upload(store::Tx& tx, const Caller& caller, UserFile file, const FileLimits& limits,
                       Time now) {
    if (!tx.find_user_file(file.id)) throw no_such("upload");
    const auto files = tx.user_files_of(file.user);
    refuse_nesting(files, file.path);
    std::int64_t together = file.size.count;
    bool replaced = false;
    for (const auto& other : files) {
        if (other.path != file.path)
            together += other.size.count;
        else
            tx.delete_user_file(other.id), replaced = true;
    }
    if (together > limits.together.count)
        throw Error(Kind::too_many, "quota_exceeded",
                    fmt::format("with this file yours have {} together, and {} is the limit",
                                to_string(Bytes{together}), to_string(limits.together)),
                    "delete what is not needed any more");
    file.complete = true;
    tx.update_user_file(file);
    tell(tx, caller, file, replaced ? "file.updated" : "file.created", now);
    return file;
}

void abandon_upload(store::Tx& tx, const UserFileId& id) {
    const auto file = tx.find_user_file(id);
    if (file && !file->complete) tx.delete_user_file(id);
}

void abandon_old_uploads(store::Tx& tx, Time now) {
    for (const auto& file : tx.unfinished_user_files(now - upload_limit)) tx.delete_user_file(file.id);
}

UserFile get_user_file(store::Rows& rows, const UserId& user, const std::string& path) {
    const auto tidy = user_file_path(path);
    if (auto file = rows.find_user_file(user, tidy)) return std::move(*file);
    std::vector<std::string> known;
    for (const auto& file : rows.user_files_of(user)) known.push_back(file.path);
    throw no_such("file", tidy, known);
}

void delete_user_file(store::Tx& tx, const Caller& caller, const std::string& path, Time now) {
    const auto file = get_user_file(tx, caller.user, path);
    tx.delete_user_file(file.id);
    tell(tx, caller, file, "file.deleted", now);
}

int parts_of(const UserFile& file) {
    const auto size = static_cast<std::int64_t>(part_bytes);
    return static_cast<int>((file.size.count + size - 1) / size);
}

SecretText open_part(store::Rows& rows, const Keyring& keyring, const UserFile& file, int number) {
    const auto part = rows.find_user_file_part(file.id, number);
    if (!part) throw no_such("file");
    const auto key = keyring.get(rows, part->key);
    const auto place = context_number(number, is_last(file, number));
    return crypto::open_sealed(key.key, {"file", file.user.text, file.id.text, place}, part->sealed);
}

std::string reseal_part(const UserFile& file, const UserFilePart& part, const crypto::FernetKey& from,
                        const crypto::FernetKey& to, Time now) {
    // Of an upload that is going on nobody knows yet which part is the last.
    for (const bool last : {false, true}) {
        if (file.complete && last != is_last(file, part.number)) continue;
        const auto place = context_number(part.number, last);
        const crypto::SealContext context{"file", file.user.text, file.id.text, place};
        try {
            return crypto::seal(to, context, crypto::open_sealed(from, context, part.sealed).reveal(), now);
        } catch (const Error& error) {
            if (file.complete || last) throw;
        }
    }
    throw Error(Kind::internal, "sealed_damaged", "a part of a file does not open");
}

}  // namespace berth::acts
