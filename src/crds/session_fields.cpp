#include <fmt/format.h>

#include "crds/cel.hpp"
#include "crds/field.hpp"

namespace berth::crds {
namespace {

Rule stays(std::string_view what) {
    return {"self == oldSelf", fmt::format("the {} does not change", what)};
}

/// Of a member that need not be there: it neither changes nor comes nor goes.
Rule stays_at(std::string_view member, std::string message) {
    const auto expression = fmt::format(
        "has(self.{0}) == has(oldSelf.{0}) && (!has(self.{0}) || self.{0} == oldSelf.{0})", member);
    return {expression, std::move(message), fmt::format(".{}", member)};
}

Field user() {
    return {.meaning =
                "Whose it is: a name of Berth. On a cluster the one who makes it, unless RBAC grants them "
                "the verb launch-as.",
            .required = true,
            .longest = limits::name_max,
            .pattern = user_pattern,
            .rules = {stays("user")}};
}

Field template_name(std::string_view meaning) {
    return {.meaning = meaning,
            .required = true,
            .longest = limits::label_max,
            .pattern = label_pattern,
            .rules = {stays("template")}};
}

Field name() {
    const auto expression = fmt::format("!{}.exists(id, self.startsWith(id))", list_of(limits::id_prefixes));
    return {.meaning = "What its user calls it; absent: as the resource is called.",
            .longest = limits::name_max,
            .pattern = name_pattern,
            .rules = {{expression, "not like an id, which begins with ses_ or wsp_"}}};
}

Fields session_spec_fields() {
    return {
        {"SessionSpec",
         {.meaning = "A launch, and what is asked of it since.",
          .rules =
              {{"!has(oldSelf.state) || oldSelf.state != 'terminated' || (has(self.state) && self.state == "
                "'terminated')",
                "terminated is final", ".state"},
               stays_at("workspace", "the workspace does not change"),
               stays_at("revision",
                        "the revision does not change: this version of Berth cannot upgrade a session")}}},
        {"SessionSpec.user", user()},
        {"SessionSpec.template", template_name("Name of the template to launch.")},
        {"SessionSpec.revision",
         {.meaning = "Which revision of the template; absent: the newest when it is launched.", .lowest = 1}},
        {"SessionSpec.name", name()},
        {"SessionSpec.workspace",
         {.meaning = "Name or id of the user's workspace to use; a new name makes a new one; absent: that of "
                     "earlier sessions of this name.",
          .longest = limits::name_max,
          .pattern = name_pattern}},
        {"SessionSpec.state",
         {.meaning =
              "Asks for it, as the buttons of the page do; absent: nothing is asked, and it begins "
              "running. The newest ask counts, wherever it comes from, and this follows it. "
              "terminated ends it for good; the workspace stays. frozen is refused where the engine cannot "
              "freeze, as Kubernetes cannot."}}};
}

Fields session_status_fields() {
    return {
        {"SessionStatus", {.meaning = "What is, never the wish."}},
        {"SessionStatus.id", {.meaning = "Its id in Berth."}},
        {"SessionStatus.state", {.meaning = "What was asked for last, here or in Berth."}},
        {"SessionStatus.phase", {.meaning = "Where it is in its life."}},
        {"SessionStatus.reason",
         {.meaning = "Why it is there, in a word for programs: ImageNotFound, OutOfMemory, StartTimeout."}},
        {"SessionStatus.message", {.meaning = "Why it is there, for people."}},
        {"SessionStatus.url", {.meaning = "Where to open it, once it has been reachable."}},
        {"SessionStatus.access", {.meaning = "All ways in.", .key = "name"}},
        {"SessionStatus.components", {.meaning = "How each component is.", .key = "name"}},
        {"SessionStatus.revision", {.meaning = "The revision of the template that it runs."}},
        {"SessionStatus.workspace", {.meaning = "The workspace that it uses."}},
        {"SessionStatus.engine", {.meaning = "Where it runs."}},
        {"SessionStatus.incarnation", {.meaning = "One more at each start."}},
        {"SessionStatus.startedAt", {.meaning = "When this start was ready."}},
        {"SessionStatus.timings", {.meaning = "Seconds from the ask until each step of the start was done."}},
        {"SessionStatus.lastActivity",
         {.meaning = "When a person was last active, as of the last change of this status: activity alone is "
                     "not written here."}},
        {"SessionStatus.observedGeneration", {.meaning = "The generation of the spec that this speaks of."}},
        {"SessionStatus.conditions",
         {.meaning = "Accepted: whether it could be launched, and why not.", .key = "type"}},
        {"SessionAccess", {.meaning = "One way in, with its address."}},
        {"SessionAccess.name", {.meaning = "As the template names it.", .required = true}},
        {"SessionAccess.kind", {.meaning = "What the page is."}},
        {"SessionAccess.url", {.meaning = "Where to open it."}},
        {"SessionAccess.default", {.meaning = "Whether it is what opens when nothing else is said."}},
        {"ComponentStatus", {.meaning = "How one component is."}},
        {"ComponentStatus.name", {.meaning = "As the template names it.", .required = true}},
        {"ComponentStatus.phase", {.meaning = "Where it is in its life."}},
        {"ComponentStatus.message", {.meaning = "Why it is there, for people."}},
        {"ComponentStatus.restarts", {.meaning = "Since the last start of the session."}},
        {"ComponentStatus.restartedAt", {.meaning = "When it was last started again."}},
        {"WorkspaceName", {.meaning = "A workspace."}},
        {"WorkspaceName.id", {.meaning = "Its id in Berth."}},
        {"WorkspaceName.name", {.meaning = "What its user calls it."}},
        {"LastActivity", {.meaning = "When a person was last active."}},
        {"LastActivity.at", {.meaning = "When."}},
        {"LastActivity.source", {.meaning = "How that was seen."}},
        {"Timings", {.meaning = "Seconds from the ask until each step was done."}},
        {"Timings.admitted", {.meaning = "There was room in the quota."}},
        {"Timings.scheduled", {.meaning = "A place to run was found."}},
        {"Timings.pulled", {.meaning = "The images were there."}},
        {"Timings.initialized", {.meaning = "The init steps had ended; only where there were any to run."}},
        {"Timings.started", {.meaning = "The containers ran."}},
        {"Timings.ready", {.meaning = "The probes answered."}},
        {"Timings.routed", {.meaning = "The address answered."}}};
}

Fields workspace_fields() {
    return {{"WorkspaceSpec", {.meaning = "A workspace with the volumes of a template."}},
            {"WorkspaceSpec.user", user()},
            {"WorkspaceSpec.template", template_name("The template whose volumes it gets.")},
            {"WorkspaceSpec.name", name()},
            {"WorkspaceStatus", {.meaning = "What there is of it."}},
            {"WorkspaceStatus.id", {.meaning = "Its id in Berth."}},
            {"WorkspaceStatus.volumes", {.meaning = "Its volumes.", .key = "name"}},
            {"WorkspaceStatus.size", {.meaning = "What its volumes hold together."}},
            {"WorkspaceStatus.session", {.meaning = "Name of the session that uses it."}},
            {"WorkspaceStatus.lastUsedAt", {.meaning = "When a session was last launched with it."}},
            {"WorkspaceStatus.observedGeneration",
             {.meaning = "The generation of the spec that this speaks of."}},
            {"WorkspaceStatus.conditions",
             {.meaning = "Accepted: whether it could be made, and why not.", .key = "type"}},
            {"WorkspaceVolume", {.meaning = "One volume."}},
            {"WorkspaceVolume.name", {.meaning = "As the template names it.", .required = true}},
            {"WorkspaceVolume.handle", {.meaning = "The engine's own name for it, which never changes."}},
            {"WorkspaceVolume.size", {.meaning = "How much it holds."}}};
}

}  // namespace

const Fields& session_fields() {
    static const Fields all = [] {
        auto fields = session_spec_fields();
        for (auto more : {session_status_fields(), workspace_fields()}) fields.merge(more);
        return fields;
    }();
    return all;
}

}  // namespace berth::crds
