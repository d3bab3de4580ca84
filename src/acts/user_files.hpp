#pragma once

#include "acts/keyring.hpp"

/// Files that users upload for their sessions. They come, are kept and go in sealed parts: nobody holds one
/// whole.
namespace berth::acts {

inline constexpr std::size_t part_bytes = std::size_t{1} << 20;  ///< Each part but the last has so many.
inline constexpr Duration upload_limit = std::chrono::hours(2);  ///< Longer, and it was given up.
inline constexpr std::size_t uploads_max = 4;                    ///< Of a user at once.

struct FileLimits {
    Bytes each{std::int64_t{32} << 20};
    Bytes together{std::int64_t{256} << 20};  ///< Of a user.
    std::size_t count = 1000;                 ///< Of a user.
    std::vector<std::string> types;           ///< `image/*`, `text/csv`; empty: any.
};

/// The path of a file, without `.` and doubled slashes. Throws `invalid` for one that is empty, absolute,
/// goes up (`..`), ends in a slash, or holds control characters or what is no UTF-8.
std::string user_file_path(std::string_view path);

/// Throws `invalid` (`too_large`) with the limit.
void require_fits(const FileLimits& limits, std::int64_t bytes);

/// A file that nobody sees before `finish_upload`. Throws `invalid` for its path and type, `conflict`
/// (`path_taken`) where a file is on its way or below it, `too_many` for a user with too many uploads or
/// files.
UserFile begin_upload(store::Tx& tx, const Caller& caller, const std::string& path, const std::string& type,
                      const FileLimits& limits, Time now);
/// A part of it, sealed. `last` goes into what is sealed: a file whose end is missing does not open.
UserFilePart seal_part(store::Rows& rows, const Keyring& keyring, const UserFile& file, int number, bool last,
                       const SecretText& bytes, Time now);
void add_part(store::Tx& tx, const UserFilePart& part);
/// From now on it is the file of its path, in place of the one before. Throws `too_many` (`quota_exceeded`)
/// when the user's files are too much together, `not_found` when it was given up meanwhile.
UserFile finish_upload(store::Tx& tx, const Caller& caller, UserFile file, const FileLimits& limits,
                       Time now);
/// Leaves nothing of it.
void abandon_upload(store::Tx& tx, const UserFileId& id);
/// Does so with all that were begun too long ago.
void abandon_old_uploads(store::Tx& tx, Time now);

/// Throws `not_found`, as the next.
void delete_user_file(store::Tx& tx, const Caller& caller, const std::string& path, Time now);
UserFile get_user_file(store::Rows& rows, const UserId& user, const std::string& path);

int parts_of(const UserFile& file);
/// Throws `not_found` when the file is gone, or another one by now.
SecretText open_part(store::Rows& rows, const Keyring& keyring, const UserFile& file, int number);
std::string reseal_part(const UserFile& file, const UserFilePart& part, const crypto::FernetKey& from,
                        const crypto::FernetKey& to, Time now);

}  // namespace berth::acts
