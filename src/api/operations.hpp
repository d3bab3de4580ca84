#pragma once

#include "api/call.hpp"

/// Every operation of the API, one function each; the table in routes.cpp gives them their places.
namespace berth::api {

// session.cpp, launch.cpp, stay.cpp
Task<view::List<view::Session>> list_sessions(Call call, Params<view::SessionQuery> query);
Task<Created<view::Session>> launch_session(Call call, view::LaunchRequest body);
Task<view::Session> get_session(Call call, std::string name);
Task<view::Session> patch_session(Call call, std::string name, view::SessionPatch body);
Task<Accepted<view::Session>> delete_session(Call call, std::string name);
Task<Accepted<view::Session>> wake_session(Call call, std::string name);
Task<Accepted<view::Session>> freeze_session(Call call, std::string name);
Task<Accepted<view::Session>> hibernate_session(Call call, std::string name);
Task<Accepted<view::Session>> restart_session(Call call, std::string name);
Task<view::Session> extend_session(Call call, std::string name);
Task<view::Session> report_activity(Call call, std::string name, view::ActivityReport body);
Task<view::Why> why_session(Call call, std::string name);
Task<view::List<view::Event>> session_events(Call call, std::string name,
                                             Params<view::SessionEventQuery> query);
Task<view::Usage> session_usage(Call call, std::string name);

// logs.cpp, terminal.cpp
Task<Text> session_logs(Call call, std::string name, Params<view::LogQuery> query);
Task<Upgrade> session_terminal(Call call, std::string name, Params<view::TerminalQuery> query);
Task<Upgrade> session_exec(Call call, std::string name, Params<view::ExecQuery> query);
Task<Upgrade> session_vnc(Call call, std::string name, Params<view::VncQuery> query);

// template.cpp
Task<view::List<view::Template>> list_templates(Call call, Params<view::TemplateQuery> query);
Task<Created<view::Template>> add_template(Call call, view::TemplateDocument body);
Task<view::Template> get_template(Call call, std::string name);
Task<view::Template> put_template(Call call, std::string name, view::TemplateDocument body);
Task<Nothing> delete_template(Call call, std::string name);
Task<view::List<view::Revision>> list_revisions(Call call, std::string name);
Task<view::Revision> get_revision(Call call, std::string name, int revision);
Task<view::DryRun> dry_run_template(Call call, std::string name, view::TemplateDocument body);
Task<Accepted<view::Template>> prepare_template(Call call, std::string name);

// workspace.cpp
Task<view::List<view::Workspace>> list_workspaces(Call call, Params<view::WorkspaceQuery> query);
Task<Created<view::Workspace>> add_workspace(Call call, view::WorkspaceRequest body);
Task<view::Workspace> get_workspace(Call call, std::string name);
Task<view::Workspace> patch_workspace(Call call, std::string name, view::WorkspacePatch body);
Task<Nothing> delete_workspace(Call call, std::string name);

// me.cpp, token.cpp
Task<view::Me> get_me(Call call);
Task<view::Me> patch_me(Call call, view::MePatch body);
Task<view::List<view::Token>> list_tokens(Call call);
Task<Created<view::IssuedToken>> add_token(Call call, view::TokenRequest body);
Task<Nothing> delete_token(Call call, TokenId id);
Task<view::List<view::Login>> list_logins(Call call);
Task<Nothing> delete_login(Call call, LoginId id);

// secrets.cpp, user_files.cpp
Task<view::List<view::Secret>> list_secrets(Call call);
Task<view::Secret> put_secret(Call call, std::string name, view::SecretRequest body);
Task<Nothing> delete_secret(Call call, std::string name);
Task<view::List<view::Consent>> list_consents(Call call);
Task<view::List<view::Consent>> give_consent(Call call, view::ConsentRequest body);
Task<Nothing> withdraw_consent(Call call, std::string template_);
Task<view::Needs> template_needs(Call call, std::string name);
Task<view::Keys> list_keys(Call call);
Task<Accepted<view::Keys>> rotate_keys(Call call);
Task<view::UploadedFiles> list_user_files(Call call);
Task<view::UploadedFile> put_user_file(Call call, std::string path, Upload upload);
Task<Download> get_user_file(Call call, std::string path);
Task<Nothing> delete_user_file(Call call, std::string path);

// user.cpp, admin.cpp, sweep.cpp
Task<view::List<view::User>> list_users(Call call, Params<view::UserQuery> query);
Task<Created<view::AddedUser>> add_user(Call call, view::UserRequest body);
Task<view::User> get_user(Call call, std::string name);
Task<view::User> patch_user(Call call, std::string name, view::UserPatch body);
Task<view::User> deactivate_user(Call call, std::string name);
Task<view::Allowance> get_user_quota(Call call, std::string name);
Task<view::SignInLink> make_sign_in_link(Call call, std::string name);
Task<view::List<view::Event>> list_audit(Call call, Params<view::AuditQuery> query);
Task<std::vector<view::Engine>> list_engines(Call call);
Task<view::Checks> check_engines(Call call);
Task<view::Sweep> look_for_sweep(Call call, Params<view::SweepQuery> query);
Task<Accepted<view::Sweep>> ask_for_sweep(Call call, Params<view::SweepQuery> query);
Task<view::DefaultQuota> get_quota(Call call);
Task<view::DefaultQuota> put_quota(Call call, Quota body);

// group.cpp
Task<view::List<view::Tier>> list_tiers(Call call, Params<view::ListQuery> query);
Task<Created<view::Tier>> add_tier(Call call, view::TierRequest body);
Task<view::Tier> get_tier(Call call, std::string name);
Task<view::Tier> patch_tier(Call call, std::string name, view::TierPatch body);
Task<Nothing> delete_tier(Call call, std::string name);
Task<view::List<view::Group>> list_groups(Call call, Params<view::ListQuery> query);
Task<Created<view::Group>> add_group(Call call, view::GroupRequest body);
Task<view::Group> get_group(Call call, std::string name);
Task<view::Group> patch_group(Call call, std::string name, view::GroupPatch body);
Task<Nothing> delete_group(Call call, std::string name);
Task<view::List<view::Person>> list_members(Call call, std::string name, Params<view::ListQuery> query);
Task<view::Group> add_member(Call call, std::string name, std::string user);
Task<view::Group> remove_member(Call call, std::string name, std::string user);

// sign_in.cpp, forward.cpp
Task<view::AuthState> auth_state(Call call);
Task<Nothing> sign_in(Call call, view::PasswordSignIn body);
Task<Nothing> sign_in_by_ticket(Call call, view::TicketSignIn body);
Task<view::TicketState> look_at_ticket(Call call, std::string ticket);
Task<view::SignInLink> make_first_link(Call call);
Task<Nothing> sign_out(Call call);
Task<Text> verify(Call call, Params<view::VerifyQuery> query);
Task<Redirect> issue_host_ticket(Call call, Params<view::HostTicketQuery> query);

// events.cpp, service.cpp
Task<Upgrade> follow_events(Call call, Params<view::EventQuery> query);
Task<view::Version> version(Call call);
Task<view::Health> health(Call call);
Task<view::Health> readiness(Call call);
Task<Text> metrics_text(Call call);
Task<Document> openapi_text(Call call);

}  // namespace berth::api
