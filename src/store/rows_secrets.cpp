#include "store/rows.hpp"

namespace berth::store {

std::vector<SealingKey> SqlRows::sealing_keys() {
    return db_.select<SealingKey>("ORDER BY created_at, id");
}

std::int64_t SqlRows::count_sealed(const KeyId& key) {
    return db_
        .value<std::int64_t>(
            "SELECT (SELECT COUNT(*) FROM secret WHERE key_id = :one) + "
            "(SELECT COUNT(*) FROM user_file_part WHERE key_id = :other)",
            key, key)
        .value_or(0);
}

void SqlRows::insert_sealing_key(const SealingKey& key) {
    db_.insert(key);
}

void SqlRows::update_sealing_key(const SealingKey& key) {
    require_changed(db_.update(key), "key", key.id.text);
}

void SqlRows::delete_sealing_key(const KeyId& id) {
    require_changed(db_.run("DELETE FROM sealing_key WHERE id = :id", id), "key", id.text);
}

std::optional<UserSecret> SqlRows::find_secret(const UserId& user, std::string_view name) {
    return db_.find<UserSecret>("WHERE user_id = :user AND name = :name", user, name);
}

std::vector<UserSecret> SqlRows::secrets_of(const UserId& user) {
    return db_.select<UserSecret>("WHERE user_id = :user ORDER BY name", user);
}

std::vector<UserSecret> SqlRows::secrets_under(const KeyId& key, int limit) {
    return db_.select<UserSecret>("WHERE key_id = :key ORDER BY user_id, name LIMIT :limit", key, limit);
}

void SqlRows::put_secret(const UserSecret& secret) {
    delete_secret(secret.user, secret.name);
    db_.insert(secret);
}

bool SqlRows::delete_secret(const UserId& user, std::string_view name) {
    return db_.run("DELETE FROM secret WHERE user_id = :user AND name = :name", user, name) > 0;
}

std::optional<UserFile> SqlRows::find_user_file(const UserId& user, std::string_view path) {
    return db_.find<UserFile>("WHERE user_id = :user AND path = :path AND complete = 1", user, path);
}

std::optional<UserFile> SqlRows::find_user_file(const UserFileId& id) {
    return db_.find<UserFile>("WHERE id = :id", id);
}

std::vector<UserFile> SqlRows::user_files_of(const UserId& user) {
    return db_.select<UserFile>("WHERE user_id = :user AND complete = 1 ORDER BY path", user);
}

std::vector<UserFile> SqlRows::unfinished_user_files(Time before) {
    return db_.select<UserFile>("WHERE complete = 0 AND created_at < :before ORDER BY created_at, id",
                                before);
}

std::optional<UserFilePart> SqlRows::find_user_file_part(const UserFileId& file, int number) {
    return db_.find<UserFilePart>("WHERE file_id = :file AND number = :number", file, number);
}

std::vector<UserFilePart> SqlRows::user_file_parts_under(const KeyId& key, int limit) {
    return db_.select<UserFilePart>("WHERE key_id = :key ORDER BY file_id, number LIMIT :limit", key, limit);
}

void SqlRows::insert_user_file(const UserFile& file) {
    db_.insert(file);
}

void SqlRows::update_user_file(const UserFile& file) {
    require_changed(db_.update(file), "file", file.path);
}

void SqlRows::delete_user_file(const UserFileId& id) {
    db_.run("DELETE FROM user_file_part WHERE file_id = :id", id);
    require_changed(db_.run("DELETE FROM user_file WHERE id = :id", id), "file", id.text);
}

void SqlRows::put_user_file_part(const UserFilePart& part) {
    db_.run("DELETE FROM user_file_part WHERE file_id = :file AND number = :number", part.file, part.number);
    db_.insert(part);
}

std::vector<Consent> SqlRows::consents_of(const UserId& user) {
    return db_.select<Consent>("WHERE user_id = :user ORDER BY template, secret", user);
}

void SqlRows::put_consent(const Consent& consent) {
    delete_consent(consent.user, consent.template_, consent.secret);
    db_.insert(consent);
}

void SqlRows::delete_consent(const UserId& user, std::string_view template_, std::string_view secret) {
    db_.run("DELETE FROM consent WHERE user_id = :user AND template = :template AND secret = :secret", user,
            template_, secret);
}

}  // namespace berth::store
