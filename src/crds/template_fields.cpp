#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/quantity.hpp"
#include "crds/cel.hpp"
#include "crds/field.hpp"

namespace berth::crds {
namespace {

Field label(std::string_view meaning) {
    return {.meaning = meaning, .required = true, .longest = limits::label_max, .pattern = label_pattern};
}

/// `unit`: what the number 1 stands for.
template <class Amount>
Field amount(std::string_view meaning, Amount least, Amount most, Amount unit) {
    return {.meaning = meaning,
            .longest = amount_max,
            .lowest = (least.count + unit.count - 1) / unit.count,
            .highest = most.count / unit.count,
            .rules = {{between(to_string(least), to_string(most)),
                       fmt::format("from {} to {}", to_string(least), to_string(most))}}};
}

Field duration(std::string_view meaning, Duration least, Duration most) {
    std::vector<Rule> rules;
    if (least > Duration(0))
        rules.push_back({fmt::format("{} >= {}.0", milliseconds(), least.count()),
                         fmt::format("at least {}", to_string(least))});
    rules.push_back({fmt::format("{} <= {}.0", milliseconds(), most.count()),
                     fmt::format("at most {}", to_string(most))});
    return {.meaning = meaning, .rules = std::move(rules)};
}

const std::vector<Rule> spec_rules{
    {"!has(self.access) || self.access.all(a, self.components.exists(c, c.name == a.component))",
     "access[].component must name a component", ".access"},
    {"!has(self.access) || self.access.all(a, !has(a.port) || self.components.all(c, c.name != a.component "
     "|| (has(c.ports) && c.ports.exists(p, p.name == a.port))))",
     "access[].port must name a port of its component", ".access"},
    {"!has(self.access) || self.access.all(a, !has(a.port) || self.components.all(c, c.name != a.component "
     "|| !has(c.ports) || c.ports.all(p, p.name != a.port || (p.scheme == 'vnc') == (a.kind == 'vnc'))))",
     "an access of kind vnc needs a port of scheme vnc, every other kind one of another scheme", ".access"},
    {"self.components.all(c, !has(c.mounts) || c.mounts.all(m, has(self.volumes) && "
     "self.volumes.exists(v, v.name == m.volume)))",
     "components[].mounts[].volume must name a volume", ".components"}};

Fields spec_fields() {
    return {
        {"TemplateSpec", {.meaning = "What a session is made of.", .rules = spec_rules}},
        {"TemplateSpec.displayName", {.meaning = "What people call it.", .longest = limits::title_max}},
        {"TemplateSpec.description",
         {.meaning = "What it is for, in a sentence or two.", .longest = limits::description_max}},
        {"TemplateSpec.category",
         {.meaning = "What the catalog groups it by.", .longest = limits::title_max}},
        {"TemplateSpec.icon",
         {.meaning = "A picture, as the text of a data: address.",
          .longest = limits::icon_max,
          .pattern = icon_pattern}},
        {"TemplateSpec.tags",
         {.meaning = "Words that the catalog finds it by.",
          .longest = limits::title_max,
          .most = limits::items_max}},
        {"TemplateSpec.components",
         {.meaning = "The containers of a session.",
          .required = true,
          .most = limits::components_max,
          .least = 1,
          .key = "name"}},
        {"TemplateSpec.volumes",
         {.meaning = "The storage that components mount.", .most = limits::volumes_max, .key = "name"}},
        {"TemplateSpec.access",
         {.meaning = "The ways in: what a person opens. The default is the first, unless one says so.",
          .most = limits::items_max,
          .key = "name",
          .rules = {{"self.filter(a, a.default).size() <= 1", "only one access can be the default"}}}},
        {"TemplateSpec.lifecycle",
         {.meaning = "How long a session stays as it is, and how long things may take."}},
        {"TemplateSpec.network", {.meaning = "What its sessions reach."}},
        {"TemplateSpec.queue", {.meaning = "Whether a launch that there is no room for waits for its turn."}},
        {"Lifecycle", {.meaning = "How long a session stays as it is, and how long things may take."}},
        {"Lifecycle.freezeAfter",
         duration("A session that nobody has used for so long keeps its memory and gets no processor until "
                  "somebody uses it, where its engine can do that: Kubernetes cannot. Never when left out.",
                  limits::stay_min, limits::stay_max)},
        {"Lifecycle.hibernateAfter",
         duration("A session that nobody has used for so long hibernates. Never when left out.",
                  limits::stay_min, limits::stay_max)},
        {"Lifecycle.maxLifetime",
         duration("A session that has run for so long hibernates, whatever is done in it. Never when "
                  "left out.",
                  limits::stay_min, limits::stay_max)},
        {"Lifecycle.warnBefore",
         duration("How long before such a stop people hear of it; at most half of the limit.", Duration(0),
                  limits::notice_max)},
        {"Lifecycle.grace", duration("The time from the limit to the stop; at most half of the limit.",
                                     Duration(0), limits::notice_max)},
        {"Lifecycle.cpuFloor", amount("Using more processor than this counts as use: on average between two "
                                      "looks, at most a minute apart.",
                                      limits::cpu_min, limits::cpu_max, MilliCpu{1000})},
        {"Lifecycle.startWithin", duration("A start that takes longer has failed.", limits::start_within_min,
                                           limits::start_within_max)},
        {"Lifecycle.stopTimeout",
         duration("The time from the polite signal to the kill.", Duration(0), limits::stop_timeout_max)},
        {"NetworkSpec", {.meaning = "What its sessions reach."}},
        {"NetworkSpec.egress",
         {.meaning = "internet: everything but private, link-local, metadata and platform addresses. "
                     "none: nothing but the components of the same session."}}};
}

std::vector<Rule> path_rules() {
    return {{"!self.contains('/..') && !self.contains('//')", "no // and no /.. in it"},
            {fmt::format("{}.all(taken, self != taken && !self.startsWith(taken + '/'))",
                         list_of(limits::taken_paths)),
             fmt::format("not at or below {}", fmt::join(limits::taken_paths, ", "))}};
}

Fields component_fields() {
    return {
        {"Component",
         {.meaning = "One container of a session.",
          .rules = {{"!has(self.readiness) || !has(self.readiness.tcp) || (has(self.ports) && "
                     "self.ports.exists(p, p.name == self.readiness.tcp))",
                     "readiness.tcp must name a port of the component"},
                    {"!has(self.readiness) || !has(self.readiness.http) || (has(self.ports) && "
                     "self.ports.exists(p, p.name == self.readiness.http.port))",
                     "readiness.http.port must name a port of the component"}}}},
        {"Component.name", label("Its name, and its host name for the other components.")},
        {"Component.image",
         {.meaning = "Where it comes from. Its digest is fixed when the image is first there.",
          .required = true,
          .longest = limits::image_max,
          .pattern = image_pattern}},
        {"Component.pullSecret",
         {.meaning = "Name of the Secret, in the namespace of the pods, with which nodes pull the image; an "
                     "administrator's. On a machine the container engine's own logins count.",
          .longest = limits::object_name_max,
          .pattern = object_pattern}},
        {"Component.command",
         {.meaning = "Replaces the image's entry point.",
          .longest = limits::text_max,
          .most = limits::arguments_max}},
        {"Component.args",
         {.meaning = "Replaces the image's command.",
          .longest = limits::text_max,
          .most = limits::arguments_max}},
        {"Component.profile",
         {.meaning = "strict: any user but root, no capabilities. compat: for images that start as root; an "
                     "administrator's."}},
        {"Component.user",
         {.meaning = "Numeric user inside, where the image needs a certain one; absent: 1000.",
          .lowest = 1,
          .highest = limits::user_max}},
        {"Component.restart", {.meaning = "When it is started again after it ended."}},
        {"Component.ports", {.meaning = "Where it listens.", .most = limits::items_max, .key = "name"}},
        {"Component.readiness", {.meaning = "When it counts as ready; absent: as soon as it runs."}},
        {"Component.resources", {.meaning = "What it is given, and may use at most."}},
        {"Component.env",
         {.meaning = "Its environment. Values may use ${components.NAME.ports.PORT.url}, ${user.name}, "
                     "${session.url} and the like; $${ stands for itself.",
          .longest = limits::text_max,
          .pattern = value_pattern,
          .most = limits::variables_max,
          .rules = {{R"(self.all(name, name.matches('^[^=\\x00-\\x20\\x7f]+$')))",
                     "names of variables have no blanks and no ="}}}},
        {"Component.secrets",
         {.meaning = "The user's own secrets that it may have, as variables of its environment.",
          .most = limits::items_max,
          .key = "name"}},
        {"Component.files",
         {.meaning = "What is in files when it starts.", .most = limits::items_max, .key = "path"}},
        {"Component.userFiles", {.meaning = "Where the files are that the user uploaded."}},
        {"SecretUse", {.meaning = "A secret that a component may have."}},
        {"SecretUse.name",
         {.meaning = "What the user and the environment call it.",
          .required = true,
          .longest = limits::variable_max,
          .pattern = variable_pattern}},
        {"SecretUse.required", {.meaning = "Whether a session without it does not start."}},
        {"FileSpec",
         {.meaning = "A file that is there when a component starts.",
          .rules = {{"has(self.content) != has(self.secret)", "expected one of content and secret"}}}},
        {"FileSpec.path",
         {.meaning = "Where it is.",
          .required = true,
          .longest = limits::path_max,
          .pattern = mount_pattern,
          .rules = path_rules()}},
        {"FileSpec.content",
         {.meaning = "What is in it; may use ${user.name} and the like.",
          .longest = limits::text_max,
          .pattern = value_pattern}},
        {"FileSpec.secret",
         {.meaning = "The user's secret that is in it.",
          .longest = limits::variable_max,
          .pattern = variable_pattern}},
        {"FileSpec.live", {.meaning = "Whether it is written anew when the secret changes."}},
        {"UserFiles", {.meaning = "Where the files are that the user uploaded."}},
        {"UserFiles.path",
         {.meaning = "The folder; each file is at its own path below.",
          .required = true,
          .longest = limits::path_max,
          .pattern = mount_pattern,
          .rules = path_rules()}},
        {"UserFiles.live", {.meaning = "Whether changes come while it runs."}},
        {"Component.mounts", {.meaning = "The volumes it sees.", .most = limits::items_max, .key = "path"}},
        {"Component.init",
         {.meaning = "What runs to its end before the components start, one after the other, once for each "
                     "new workspace: with the component's mounts, user and limits.",
          .most = limits::steps_max}},
        {"InitStep", {.meaning = "A program that runs once, before the components start."}},
        {"InitStep.image",
         {.meaning = "Where it comes from.",
          .required = true,
          .longest = limits::image_max,
          .pattern = image_pattern}},
        {"InitStep.command",
         {.meaning = "What runs. Words after the first may use ${user.name} and the like.",
          .required = true,
          .longest = limits::text_max,
          .most = limits::arguments_max,
          .least = 1}},
        {"InitStep.args",
         {.meaning = "Further words of the command.",
          .longest = limits::text_max,
          .most = limits::arguments_max}},
        // Whether these are names the program says: a rule for so many could cost too much.
        {"InitStep.env",
         {.meaning = "Its environment, besides the component's.",
          .longest = limits::text_max,
          .pattern = value_pattern,
          .most = limits::variables_max}},
        {"Port", {.meaning = "A port that a component listens on."}},
        {"Port.name", label("What accesses and probes call it.")},
        {"Port.port", {.meaning = "Its number.", .required = true, .lowest = 1, .highest = limits::port_max}},
        {"Port.scheme", {.meaning = "What is spoken there."}},
        {"Probe",
         {.meaning = "How readiness shows: exactly one of the three.",
          .rules = {{"[has(self.http), has(self.tcp), has(self.exec)].filter(kind, kind).size() == 1",
                     "expected exactly one of http, tcp and exec"}}}},
        {"Probe.http", {.meaning = "An answer below 500."}},
        {"Probe.tcp",
         {.meaning = "The port of that name accepts connections.", .longest = limits::label_max}},
        {"Probe.exec",
         {.meaning = "The command ends with 0.",
          .longest = limits::text_max,
          .most = limits::arguments_max,
          .least = 1}},
        {"HttpProbe", {.meaning = "An answer below 500."}},
        {"HttpProbe.port",
         {.meaning = "Name of the port to ask.", .required = true, .longest = limits::label_max}},
        {"HttpProbe.path",
         {.meaning = "What to ask for.", .longest = limits::path_max, .pattern = path_pattern}},
        {"Resources", {.meaning = "What a component is given, and may use at most."}},
        {"Resources.cpu", amount("Processors.", limits::cpu_min, limits::cpu_max, MilliCpu{1000})},
        {"Resources.memory", amount("Memory.", limits::memory_min, limits::memory_max, Bytes{1})},
        {"Resources.pids",
         {.meaning = "Processes and threads.", .lowest = limits::pids_min, .highest = limits::pids_max}},
        {"Resources.gpu",
         {.meaning = "Devices of its own, where the engine has any; an administrator's.",
          .lowest = 1,
          .highest = limits::gpu_max}}};
}

Fields storage_fields() {
    return {
        {"Mount", {.meaning = "A volume that a component sees."}},
        {"Mount.volume", {.meaning = "Name of the volume.", .required = true, .longest = limits::label_max}},
        {"Mount.path",
         {.meaning = "Where it sees it.",
          .required = true,
          .longest = limits::path_max,
          .pattern = mount_pattern,
          .rules = path_rules()}},
        {"Mount.readOnly", {.meaning = "Whether it may only read there."}},
        {"VolumeSpec", {.meaning = "A piece of storage."}},
        {"VolumeSpec.name", label("What mounts call it.")},
        {"VolumeSpec.scope",
         {.meaning = "How long it lives: as the workspace, as the user (one for all their sessions), or as "
                     "the session."}},
        {"VolumeSpec.size", amount("How much it holds.", limits::volume_min, limits::volume_max, Bytes{1})},
        {"VolumeSpec.accessMode",
         {.meaning = "How many sessions may use it at once: one, or, ReadWriteMany, several where the "
                     "storage can."}},
        {"Access",
         {.meaning = "One way in.",
          .rules = {{"(self.kind == 'terminal') != has(self.port)",
                     "a terminal has no port, every other access has one"},
                    {"!has(self.activity) || self.kind == 'web'", "only an access of kind web has activity",
                     ".activity"}}}},
        {"Access.name", label("Its name, and what precedes the session's host.")},
        {"Access.component",
         {.meaning = "The component that it opens.", .required = true, .longest = limits::label_max}},
        {"Access.port",
         {.meaning = "Name of the component's port; none for a terminal.", .longest = limits::label_max}},
        {"Access.kind", {.meaning = "What the page is."}},
        {"Access.default", {.meaning = "Whether it is what opens when nothing else is said."}},
        {"Access.activity", {.meaning = "What counts as use of it. All that is sent to it, when left out."}},
        {"ActivityRule",
         {.meaning = "What counts as use of a way in, where that is not all that is sent to it.",
          .rules = {{"has(self.probe) || (has(self.ignore) && self.ignore.size() > 0)",
                     "expected ignore, probe or both"}}}},
        {"ActivityRule.ignore",
         {.meaning = "Paths that say nothing of a person, with all below them: requests there neither count "
                     "as use nor wake.",
          .longest = limits::path_max,
          .pattern = below_pattern,
          .most = limits::items_max}},
        {"ActivityRule.probe",
         {.meaning =
              "The application is asked when it was last used, and nothing that is sent to it counts."}},
        {"ActivityProbe", {.meaning = "An address of the application that tells when it was last used."}},
        {"ActivityProbe.path",
         {.meaning = "What to ask for, on the port of the access.",
          .required = true,
          .longest = limits::path_max,
          .pattern = target_pattern}},
        {"ActivityProbe.jsonPointer",
         {.meaning = "Where its JSON answer says it (RFC 6901): a time (RFC 3339, or seconds or milliseconds "
                     "since 1970), or whether it is in use now. The whole answer, when left out.",
          .longest = limits::path_max,
          .pattern = pointer_pattern}}};
}

Fields status_fields() {
    return {
        {"TemplateStatus", {.meaning = "What Berth made of it."}},
        {"TemplateStatus.revision",
         {.meaning = "The newest revision: each change of the spec makes one, and sessions keep theirs."}},
        {"TemplateStatus.digests",
         {.meaning = "What each image of that revision was when it was first there."}},
        {"TemplateStatus.observedGeneration", {.meaning = "The generation of the spec that this speaks of."}},
        {"TemplateStatus.conditions",
         {.meaning = "Accepted: whether the spec became a revision, and why not.", .key = "type"}},
        {"Condition", {.meaning = "One thing that is so, is not, or is not known."}},
        {"Condition.type", {.meaning = "What it is about.", .required = true, .longest = 316}},
        {"Condition.status", {.meaning = "Whether it is so.", .required = true}},
        {"Condition.observedGeneration",
         {.meaning = "The generation of the spec that this speaks of.", .lowest = 0}},
        {"Condition.lastTransitionTime", {.meaning = "Since when.", .required = true}},
        {"Condition.reason",
         {.meaning = "Why, in a word for programs.",
          .required = true,
          .longest = 1024,
          .pattern = reason_pattern}},
        {"Condition.message", {.meaning = "Why, for people.", .required = true, .longest = 32768}}};
}

}  // namespace

const Fields& template_fields() {
    static const Fields all = [] {
        auto fields = spec_fields();
        for (auto more : {component_fields(), storage_fields(), status_fields()}) fields.merge(more);
        return fields;
    }();
    return all;
}

}  // namespace berth::crds
