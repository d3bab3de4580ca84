#pragma once

#include "store/cell.hpp"
#include "store/fold.hpp"
#include "store/store.hpp"

/// Which member lives in which column. The order is that of every SELECT and INSERT; the key comes first.
namespace berth::store {

template <>
struct Table<User> {
    static constexpr const char* name = "\"user\"";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.fixed("id", row.id);
        v.fixed("created_at", row.created_at);
        v.column("name", row.name);
        v.column("display_name", row.display_name);
        v.column("email", row.email);
        v.column("role", row.role);
        v.column("active", row.active);
        v.column("quota", row.quota);
        v.column("tier", row.tier);
        v.column("last_login_at", row.last_login_at);
        v.derived("name_folded", [&] { return fold(row.name); });
        v.derived("search",
                  [&] { return fold(row.name + "\n" + row.display_name + "\n" + row.email.value_or("")); });
    }
};

template <>
struct Table<Login> {
    static constexpr const char* name = "login";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.fixed("id", row.id);
        v.fixed("user_id", row.user);
        v.fixed("secret_hash", row.secret_hash);
        v.fixed("user_agent", row.user_agent);
        v.fixed("created_at", row.created_at);
        v.fixed("expires_at", row.expires_at);
    }
};

template <>
struct Table<Token> {
    static constexpr const char* name = "token";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.fixed("id", row.id);
        v.fixed("user_id", row.user);
        v.fixed("name", row.name);
        v.fixed("secret_hash", row.secret_hash);
        v.fixed("scope", row.scope);
        v.fixed("created_at", row.created_at);
        v.fixed("expires_at", row.expires_at);
        v.fixed("last_used_at", row.last_used_at);
    }
};

template <>
struct Table<Ticket> {
    static constexpr const char* name = "ticket";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.fixed("secret_hash", row.secret_hash);
        v.fixed("kind", row.kind);
        v.fixed("user_id", row.user);
        v.fixed("login_id", row.login);
        v.fixed("host", row.host);
        v.fixed("nonce", row.nonce);
        v.fixed("expires_at", row.expires_at);
    }
};

/// Read only: a view over the template and its newest revision, without deleted ones.
template <>
struct Table<Template> {
    static constexpr const char* name = "template_newest";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.elsewhere("name", row.name);
        v.elsewhere("revision", row.revision);
        v.elsewhere("spec", row.spec);
        v.elsewhere("owner_id", row.owner);
        v.elsewhere("created_at", row.created_at);
        v.elsewhere("updated_at", row.updated_at);
    }
};

template <>
struct Table<TemplateRevision> {
    static constexpr const char* name = "template_revision";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.fixed("name", row.name);
        v.fixed("revision", row.revision);
        v.fixed("spec", row.spec);
        v.fixed("digests", row.digests);
        v.fixed("created_at", row.created_at);
        v.fixed("owner_id", row.owner);
    }
};

template <>
struct Table<Session> {
    static constexpr const char* name = "session";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.fixed("id", row.id);
        v.fixed("user_id", row.user);
        v.fixed("host", row.host);
        v.fixed("template", row.template_);
        v.fixed("workspace_id", row.workspace);
        v.fixed("created_at", row.created_at);
        v.column("name", row.name);
        v.column("revision", row.revision);
        v.column("engine", row.engine);
        v.column("ask_wake", row.asks.wake);
        v.column("ask_freeze", row.asks.freeze);
        v.column("ask_hibernate", row.asks.hibernate);
        v.column("ask_terminate", row.asks.terminate);
        v.column("incarnation", row.incarnation);
        v.column("asked_at", row.asked_at);
        v.column("status", row.status);
        v.column("look_at", row.look_at);
        v.column("last_active_at", row.last_active_at);
        v.column("last_active_source", row.last_active_source);
        v.column("stay", row.stay);
        v.column("queued_at", row.queued_at);
        v.derived("phase", [&] { return json::enum_name(row.status.phase); });
        v.derived("takes_part", [&] { return std::string(takes_part(row) ? "1" : "0"); });
        v.derived("search", [&] { return fold(row.name); });
    }
};

template <>
struct Table<Workspace> {
    static constexpr const char* name = "workspace";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.fixed("id", row.id);
        v.fixed("user_id", row.user);
        v.fixed("created_at", row.created_at);
        v.column("name", row.name);
        v.column("template", row.template_);
        v.column("last_used_at", row.last_used_at);
        v.column("deleted_at", row.deleted_at);
        v.derived("search", [&] { return fold(row.name); });
    }
};

template <>
struct Table<Volume> {
    static constexpr const char* name = "volume";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.fixed("handle", row.handle);
        v.fixed("scope", row.scope);
        v.fixed("owner", row.owner);
        v.fixed("user_id", row.user);
        v.fixed("created_at", row.created_at);
        v.column("name", row.name);
        v.column("engine", row.engine);
        v.column("size", row.size);
        v.column("deleted_at", row.deleted_at);
        v.column("init_done", row.init_done);
    }
};

template <>
struct Table<Mirrored> {
    static constexpr const char* name = "mirror";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.fixed("kind", row.noun);
        v.fixed("row_id", row.row);
        v.fixed("namespace", row.namespace_);
        v.fixed("name", row.name);
        v.fixed("uid", row.uid);
        v.fixed("origin", row.origin);
        v.fixed("generation", row.generation);
    }
};

template <>
struct Table<Watermark> {
    static constexpr const char* name = "watermark";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.fixed("holder", row.holder);
        v.column("reported_at", row.reported_at);
    }
};

template <>
struct Table<Tier> {
    static constexpr const char* name = "tier";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.fixed("name", row.name);
        v.fixed("created_at", row.created_at);
        v.column("quota", row.quota);
    }
};

template <>
struct Table<Group> {
    static constexpr const char* name = "user_group";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.fixed("id", row.id);
        v.fixed("created_at", row.created_at);
        v.column("name", row.name);
        v.column("description", row.description);
        v.column("tier", row.tier);
        v.column("quota", row.quota);
    }
};

template <>
struct Table<SealingKey> {
    static constexpr const char* name = "sealing_key";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.fixed("id", row.id);
        v.fixed("created_at", row.created_at);
        v.column("sealed", row.sealed);
        v.column("retired_at", row.retired_at);
    }
};

template <>
struct Table<UserSecret> {
    static constexpr const char* name = "secret";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.fixed("user_id", row.user);
        v.fixed("name", row.name);
        v.fixed("key_id", row.key);
        v.fixed("sealed", row.sealed);
        v.fixed("version", row.version);
        v.fixed("created_at", row.created_at);
        v.fixed("updated_at", row.updated_at);
    }
};

template <>
struct Table<UserFile> {
    static constexpr const char* name = "user_file";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.fixed("id", row.id);
        v.fixed("user_id", row.user);
        v.fixed("path", row.path);
        v.fixed("created_at", row.created_at);
        v.fixed("type", row.type);
        v.column("size", row.size);
        v.column("sha256", row.sha256);
        v.column("complete", row.complete);
    }
};

template <>
struct Table<UserFilePart> {
    static constexpr const char* name = "user_file_part";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.fixed("file_id", row.file);
        v.fixed("number", row.number);
        v.fixed("key_id", row.key);
        v.fixed("sealed", row.sealed);
    }
};

template <>
struct Table<Consent> {
    static constexpr const char* name = "consent";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.fixed("user_id", row.user);
        v.fixed("template", row.template_);
        v.fixed("secret", row.secret);
        v.fixed("given_at", row.given_at);
    }
};

template <>
struct Table<Event> {
    static constexpr const char* name = "event";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.fixed("sequence", row.sequence);
        v.fixed("at", row.at);
        v.fixed("class", row.class_);
        v.fixed("actor", row.actor);
        v.fixed("kind", row.kind);
        v.fixed("subject_kind", row.subject_kind);
        v.fixed("subject", row.subject);
        v.fixed("owner_id", row.owner);
        v.fixed("data", row.data);
    }
};

}  // namespace berth::store
