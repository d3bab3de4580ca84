#include "api/routes.hpp"

#include "api/operations.hpp"

namespace berth::api {
namespace {

using enum Method;
using enum Access;
constexpr auto read = auth::Scope::read;
constexpr auto work = auth::Scope::sessions;
constexpr auto all = auth::Scope::admin;
constexpr auto by_key = Repeat::by_key;

// Literal segments stand before `{…}` at the same place.
constexpr Route table[] = {
    {get, "/api/v1/sessions", user, read, "listSessions", "sessions", "Sessions, newest first",
     typed<list_sessions>},
    {post, "/api/v1/sessions", user, work, "launchSession", "sessions", "Starts a session of a template",
     typed<launch_session>, by_key},
    {get, "/api/v1/sessions/{id}", user, read, "getSession", "sessions", "A session by id or name",
     typed<get_session>},
    {patch, "/api/v1/sessions/{id}", user, work, "patchSession", "sessions",
     "Renames, or asks for another state", typed<patch_session>},
    {delete_, "/api/v1/sessions/{id}", user, work, "deleteSession", "sessions",
     "Ends a session; its workspace stays", typed<delete_session>},
    {post, "/api/v1/sessions/{id}/wake", user, work, "wakeSession", "sessions", "Asks it to run",
     typed<wake_session>},
    {post, "/api/v1/sessions/{id}/freeze", user, work, "freezeSession", "sessions",
     "Asks it to keep its memory and use no processor, until somebody uses it", typed<freeze_session>},
    {post, "/api/v1/sessions/{id}/hibernate", user, work, "hibernateSession", "sessions",
     "Asks it to stop and keep its volumes", typed<hibernate_session>},
    {post, "/api/v1/sessions/{id}/restart", user, work, "restartSession", "sessions",
     "Asks for a fresh start", typed<restart_session>},
    {post, "/api/v1/sessions/{id}/extend", user, work, "extendSession", "sessions",
     "Counts as being used now: what is idle has its whole time again", typed<extend_session>},
    {post, "/api/v1/sessions/{id}/activity", user, work, "reportActivity", "sessions",
     "Something in it works, and says so until a time; what it says replaces what it said before",
     typed<report_activity>},
    {get, "/api/v1/sessions/{id}/why", user, read, "whySession", "sessions",
     "Why it is as it is, which limits hold, and what comes next", typed<why_session>},
    {get, "/api/v1/sessions/{id}/logs", user, read, "getSessionLogs", "sessions",
     "What a component printed, one line each", typed<session_logs>},
    {get, "/api/v1/sessions/{id}/events", user, read, "listSessionEvents", "sessions", "What happened to it",
     typed<session_events>},
    {get, "/api/v1/sessions/{id}/usage", user, read, "getSessionUsage", "sessions", "What it uses now",
     typed<session_usage>},
    {get, "/api/v1/sessions/{id}/terminal", user, work, "openTerminal", "sessions",
     "WebSocket: a shell that outlives the connection. Binary messages are bytes both ways; text messages "
     "are JSON: "
     "the server sends attached, offset, exited and problem, the client resize",
     typed<session_terminal>},
    {get, "/api/v1/sessions/{id}/exec", user, work, "openExec", "sessions",
     "WebSocket: one program. The server's binary messages start with 1 (output) or 2 (error output); the "
     "client's "
     "are its input; text messages are JSON: eof, resize, signal and exited",
     typed<session_exec>},
    {get, "/api/v1/sessions/{id}/vnc", user, work, "openVnc", "sessions", "WebSocket: RFB bytes both ways",
     typed<session_vnc>},

    {get, "/api/v1/templates", user, read, "listTemplates", "templates", "The catalog",
     typed<list_templates>},
    {post, "/api/v1/templates", user, work, "addTemplate", "templates",
     "Adds a template: published by an administrator, private by others", typed<add_template>, by_key},
    {get, "/api/v1/templates/{name}", user, read, "getTemplate", "templates",
     "A template at its newest revision", typed<get_template>},
    {put, "/api/v1/templates/{name}", user, work, "putTemplate", "templates",
     "Makes a new revision; sessions keep theirs", typed<put_template>},
    {delete_, "/api/v1/templates/{name}", user, work, "deleteTemplate", "templates",
     "Hides it from the catalog; sessions go on", typed<delete_template>},
    {get, "/api/v1/templates/{name}/revisions", user, read, "listRevisions", "templates", "All its revisions",
     typed<list_revisions>},
    {get, "/api/v1/templates/{name}/revisions/{revision}", user, read, "getRevision", "templates",
     "One revision", typed<get_revision>},
    {get, "/api/v1/templates/{name}/needs", user, read, "getNeeds", "templates",
     "Which of one's secrets and files it asks for, and whether one agreed", typed<template_needs>},
    {post, "/api/v1/templates/{name}/dry-run", user, read, "dryRunTemplate", "templates",
     "Checks a document and changes nothing", typed<dry_run_template>},
    {post, "/api/v1/templates/{name}/prepare", user, work, "prepareTemplate", "templates",
     "Fetches its images in the background", typed<prepare_template>},

    {get, "/api/v1/workspaces", user, read, "listWorkspaces", "workspaces", "Workspaces",
     typed<list_workspaces>},
    {post, "/api/v1/workspaces", user, work, "addWorkspace", "workspaces", "Makes a workspace for a template",
     typed<add_workspace>, by_key},
    {get, "/api/v1/workspaces/{id}", user, read, "getWorkspace", "workspaces", "A workspace by id or name",
     typed<get_workspace>},
    {patch, "/api/v1/workspaces/{id}", user, work, "patchWorkspace", "workspaces", "Renames it",
     typed<patch_workspace>},
    {delete_, "/api/v1/workspaces/{id}", user, work, "deleteWorkspace", "workspaces",
     "Gives up its volumes for good; refused while a session uses it", typed<delete_workspace>},

    {get, "/api/v1/users/me", user, read, "getMe", "me", "Who asks, with quota and use", typed<get_me>},
    {patch, "/api/v1/users/me", user, all, "patchMe", "me", "Changes one's name or password",
     typed<patch_me>},
    {get, "/api/v1/users/me/tokens", user, read, "listTokens", "me", "One's tokens", typed<list_tokens>},
    {post, "/api/v1/users/me/tokens", user, all, "addToken", "me", "Makes a token; its text is shown once",
     typed<add_token>},
    {delete_, "/api/v1/users/me/tokens/{id}", user, read, "deleteToken", "me", "Revokes a token",
     typed<delete_token>},
    {get, "/api/v1/users/me/logins", user, read, "listLogins", "me", "Browsers that are signed in",
     typed<list_logins>},
    {delete_, "/api/v1/users/me/logins/{id}", user, all, "deleteLogin", "me", "Signs a browser out",
     typed<delete_login>},

    {get, "/api/v1/users/me/secrets", user, read, "listSecrets", "me",
     "One's secrets; their values are given to nobody", typed<list_secrets>},
    {put, "/api/v1/users/me/secrets/{name}", user, work, "putSecret", "me",
     "Sets a secret, or another value of it", typed<put_secret>},
    {delete_, "/api/v1/users/me/secrets/{name}", user, work, "deleteSecret", "me",
     "Deletes it; sessions that run keep what they were given", typed<delete_secret>},
    {get, "/api/v1/users/me/files", user, read, "listFiles", "me", "One's uploaded files, and their limits",
     typed<list_user_files>},
    {get, "/api/v1/users/me/files/{path...}", user, work, "getFile", "me", "Downloads one",
     typed<get_user_file>},
    {put, "/api/v1/users/me/files/{path...}", user, work, "putFile", "me",
     "Uploads one, in place of the one that has its path", typed<put_user_file>},
    {delete_, "/api/v1/users/me/files/{path...}", user, work, "deleteFile", "me", "Deletes one",
     typed<delete_user_file>},
    {get, "/api/v1/users/me/consents", user, read, "listConsents", "me",
     "Which templates may have which secrets and files", typed<list_consents>},
    {post, "/api/v1/users/me/consents", user, work, "giveConsent", "me",
     "Lets a template have what it asks for", typed<give_consent>},
    {delete_, "/api/v1/users/me/consents/{template}", user, work, "withdrawConsent", "me",
     "Takes back all that it was let have", typed<withdraw_consent>},

    {get, "/api/v1/users", admin, read, "listUsers", "users", "Everybody", typed<list_users>},
    {post, "/api/v1/users", admin, all, "addUser", "users", "Adds a user and makes their first sign-in link",
     typed<add_user>},
    {get, "/api/v1/users/{id}", admin, read, "getUser", "users", "A user by id or name", typed<get_user>},
    {patch, "/api/v1/users/{id}", admin, all, "patchUser", "users", "Changes role, quota or state",
     typed<patch_user>},
    {delete_, "/api/v1/users/{id}", admin, all, "deactivateUser", "users",
     "Ends their sign-ins; rows and volumes stay", typed<deactivate_user>},
    {post, "/api/v1/users/{id}/sign-in-link", admin, all, "makeSignInLink", "users", "A link that works once",
     typed<make_sign_in_link>},

    {get, "/api/v1/users/{id}/quota", admin, read, "getUserQuota", "users",
     "What a user may have, whose each limit is, and what they have", typed<get_user_quota>},

    {get, "/api/v1/tiers", admin, read, "listTiers", "users", "Named sets of limits", typed<list_tiers>},
    {post, "/api/v1/tiers", admin, all, "addTier", "users", "Adds a tier", typed<add_tier>, by_key},
    {get, "/api/v1/tiers/{name}", admin, read, "getTier", "users", "A tier, and who has it", typed<get_tier>},
    {patch, "/api/v1/tiers/{name}", admin, all, "patchTier", "users", "Gives it other limits",
     typed<patch_tier>},
    {delete_, "/api/v1/tiers/{name}", admin, all, "deleteTier", "users",
     "Takes it away; refused while somebody has it", typed<delete_tier>},
    {get, "/api/v1/groups", admin, read, "listGroups", "users",
     "Groups, with what their members have together", typed<list_groups>},
    {post, "/api/v1/groups", admin, all, "addGroup", "users", "Adds a group without members",
     typed<add_group>, by_key},
    {get, "/api/v1/groups/{id}", admin, read, "getGroup", "users", "A group by id or name", typed<get_group>},
    {patch, "/api/v1/groups/{id}", admin, all, "patchGroup", "users", "Changes its tier, quota or text",
     typed<patch_group>},
    {delete_, "/api/v1/groups/{id}", admin, all, "deleteGroup", "users",
     "Takes it away; refused while it has members", typed<delete_group>},
    {get, "/api/v1/groups/{id}/members", admin, read, "listMembers", "users", "Who is in a group",
     typed<list_members>},
    {put, "/api/v1/groups/{id}/members/{user}", admin, all, "addMember", "users", "Puts a user into a group",
     typed<add_member>},
    {delete_, "/api/v1/groups/{id}/members/{user}", admin, all, "removeMember", "users",
     "Takes a user out of a group; what they have stays", typed<remove_member>},

    {get, "/api/v1/admin/audit", admin, all, "listAudit", "admin", "Who did what, newest first",
     typed<list_audit>},
    {get, "/api/v1/engines", user, read, "listEngines", "admin", "Where sessions run", typed<list_engines>},
    {post, "/api/v1/engines/check", admin, all, "checkEngines", "admin",
     "Tries the engines and says what to fix", typed<check_engines>},
    {get, "/api/v1/admin/sweep", admin, read, "getSweep", "admin",
     "What a sweep would remove or start, and what it would only report; changes nothing",
     typed<look_for_sweep>},
    {post, "/api/v1/admin/sweep", admin, all, "sweep", "admin",
     "Asks for a sweep; `last` says what it did once its `ask` is this one", typed<ask_for_sweep>},
    {get, "/api/v1/admin/keys", admin, read, "listKeys", "admin",
     "The keys that secrets and files are sealed under, and how far a rotation is", typed<list_keys>},
    {post, "/api/v1/admin/keys/rotate", admin, all, "rotateKeys", "admin",
     "Makes a new key; what is sealed is sealed anew in the background", typed<rotate_keys>},
    {get, "/api/v1/quota", user, read, "getQuota", "admin", "The quota of everybody who has no other",
     typed<get_quota>},
    {put, "/api/v1/quota", admin, all, "putQuota", "admin", "Changes it; what is absent stays",
     typed<put_quota>},

    {get, "/api/v1/events", user, read, "followEvents", "events",
     "WebSocket: hello, then every event as one JSON text message; resync when `after` is too old or the "
     "client too "
     "slow; image.progress frames have no sequence",
     typed<follow_events>},
    {get, "/api/v1/version", anyone, read, "getVersion", "service", "Of this Berth", typed<version>},

    {get, "/auth/state", anyone, read, "getAuthState", "sign-in",
     "Whether the caller is signed in, and how to", typed<auth_state>},
    {post, "/auth/login", anyone, read, "signIn", "sign-in", "By name and password; sets the cookie",
     typed<sign_in>},
    {post, "/auth/ticket", anyone, read, "signInByTicket", "sign-in", "Uses up a link; sets the cookie",
     typed<sign_in_by_ticket>},
    {get, "/auth/ticket/{ticket}", anyone, read, "getTicket", "sign-in",
     "What a link is for, without using it", typed<look_at_ticket>},
    {post, "/auth/first-link", anyone, read, "makeFirstLink", "sign-in",
     "Over the private socket, while nobody administers this Berth: another link that makes the first "
     "administrator",
     typed<make_first_link>},
    {post, "/auth/logout", anyone, read, "signOut", "sign-in", "Ends the cookie and its open sockets",
     typed<sign_out>},
    {get, "/auth/session-ticket", anyone, read, "issueHostTicket", "sign-in",
     "From a session's own host: back there with a ticket, or to the sign-in page", typed<issue_host_ticket>},
    {get, "/auth/verify", proxy, read, "verify", "sign-in",
     "For proxies: whether the request that its headers speak of may go on. 200 with X-Berth-User, "
     "X-Berth-User-Id, "
     "X-Berth-Role, X-Berth-Session and Cookie; 401 with X-Berth-Sign-In; 403",
     typed<verify>},

    {get, "/healthz", anyone, read, "getHealth", "service", "The process answers", typed<health>},
    {get, "/readyz", anyone, read, "getReadiness", "service",
     "The store answers; administrators are told what else is wrong", typed<readiness>},
    {get, "/metrics", admin, read, "getMetrics", "service",
     "Prometheus text; scrape it with a token of scope read", typed<metrics_text>},
    {get, "/openapi.json", anyone, read, "getOpenapi", "service", "This document", typed<openapi_text>},
    {get, "/version", anyone, read, "getPlainVersion", "service", "Of this Berth", typed<version>},
};

std::string_view next_segment(std::string_view& rest) {
    const auto end = rest.find('/', 1);
    const auto segment = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
    return segment.substr(1);
}

bool fits(std::string_view pattern, std::string_view path, std::vector<std::string>& parts) {
    parts.clear();
    if (path.empty() || path.front() != '/') return false;
    while (!pattern.empty() && !path.empty()) {
        const bool last = pattern.find('/', 1) == pattern.npos;
        if (last && pattern.ends_with("...}")) {
            parts.emplace_back(path.substr(1));
            return path.size() > 1;
        }
        const auto wanted = next_segment(pattern);
        const auto found = next_segment(path);
        if (wanted.starts_with('{') && !found.empty())
            parts.emplace_back(found);
        else if (wanted != found)
            return false;
    }
    return pattern.empty() && path.empty();
}

}  // namespace

std::span<const Route> routes() {
    return table;
}

std::string method_name(Method method) {
    switch (method) {
        case get:
            return "GET";
        case post:
            return "POST";
        case put:
            return "PUT";
        case patch:
            return "PATCH";
        case delete_:
            return "DELETE";
    }
    return "GET";
}

Match find_route(std::string_view method, std::string_view path) {
    Match match;
    std::string_view pattern;
    std::vector<std::string> parts;
    for (const auto& row : table) {
        if (!pattern.empty() && row.pattern != pattern) continue;
        if (!fits(row.pattern, path, parts)) continue;
        pattern = row.pattern;
        match.path = parts;
        match.allowed.push_back(method_name(row.method));
        if (match.allowed.back() == method || (method == "HEAD" && row.method == get)) match.route = &row;
    }
    return match;
}

bool takes_stream(std::string_view method, std::string_view path) {
    if (method != "PUT") return false;
    const auto* route = find_route(method, path).route;
    Schemas schemas;
    return route != nullptr && route->operation.describe(schemas).upload;
}

}  // namespace berth::api
