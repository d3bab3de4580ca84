#include "crds/crds.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "crds/definition.hpp"
#include "crds/kinds.hpp"
#include "crds/resources.hpp"
#include "crds/schema.hpp"

namespace berth::crds {
namespace {

std::string contents(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// The first line that differs, or nothing: the whole document would bury it.
std::string first_difference(const std::string& left, const std::string& right) {
    std::istringstream one(left), other(right);
    std::string before, after;
    for (int line = 1;; ++line) {
        const bool more = static_cast<bool>(std::getline(one, before));
        if (more != static_cast<bool>(std::getline(other, after)))
            return "line " + std::to_string(line) + ": the end";
        if (!more) return "";
        if (before != after) return "line " + std::to_string(line) + ": " + before + " | " + after;
    }
}

void expect_file(const std::string& name, const std::string& written) {
    const auto path = BERTH_SOURCE_DIR "/" + name;
    if (const char* update = std::getenv("UPDATE"); update != nullptr && std::string(update) == "1")
        std::ofstream(path) << written;
    EXPECT_EQ(first_difference(contents(path), written), "") << name << ": refresh with UPDATE=1";
}

TEST(Crds, the_files_in_the_repository_are_what_the_program_writes) {
    expect_file("deploy/chart/crds/berth.yaml", definitions_text());
    expect_file("deploy/chart/templates/admission.yaml", policies_text());
    expect_file("docs/custom-resources.md", reference_text());
}

TEST(Crds, the_texts_are_the_same_each_time) {
    EXPECT_EQ(definitions_text(), definitions_text());
    EXPECT_EQ(reference_text(), reference_text());
}

/// Without what is only told to people.
void strip_words(json::value& tree) {
    if (auto* list = tree.if_array())
        for (auto& each : *list) strip_words(each);
    auto* object = tree.if_object();
    if (object == nullptr) return;
    if (const auto* words = object->if_contains("description"); words != nullptr && words->is_string())
        object->erase("description");
    for (auto& member : *object) strip_words(member.value());
}

/// FNV-1a, which is the same everywhere.
std::uint64_t hash_of(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
    return hash;
}

TEST(Crds, have_another_number_when_they_have_changed) {
    json::value all = definitions();
    strip_words(all);
    const std::pair<int, std::uint64_t> known{2, 5077601055884873636U};
    EXPECT_EQ(std::pair(definitions_number, hash_of(json::write(all))), known)
        << "raise definitions_number, once a release, and write the new hash here";
}

template <class... Types>
std::set<std::string> all_names() {
    std::set<std::string> names;
    const auto add = [&]<class T>(const T&) {
        names.insert(type_name<T>());
        boost::mp11::mp_for_each<json::detail::Members<T>>(
            [&](auto member) { names.insert(field_name<T>(member.name)); });
    };
    (add(Types{}), ...);
    return names;
}

TEST(Crds, every_member_has_a_meaning_and_every_meaning_a_member) {
    const auto names = all_names<TemplateSpec, Component, Port, Probe, HttpProbe, Resources, Mount,
                                 VolumeSpec, Access, Lifecycle, NetworkSpec, InitStep, SecretUse, FileSpec,
                                 UserFiles, ActivityRule, ActivityProbe, TemplateStatus, Condition,
                                 SessionSpec, SessionStatus, SessionAccess, ComponentStatus, WorkspaceName,
                                 LastActivity, Timings, WorkspaceSpec, WorkspaceStatus, WorkspaceVolume>();
    std::set<std::string> told;
    for (const auto* fields : {&template_fields(), &session_fields()})
        for (const auto& [name, field] : *fields) {
            EXPECT_FALSE(field.meaning.empty()) << name;
            EXPECT_TRUE(told.insert(name).second) << name << " is told twice";
        }
    EXPECT_EQ(told, names);
}

TEST(Crds, every_pattern_is_put_in_words) {
    EXPECT_EQ(reference_text().find("`^"), std::string::npos);
}

TEST(Crds, helm_finds_nothing_to_fill_in) {
    EXPECT_EQ(policies_text().find("{{"), std::string::npos);
}

}  // namespace
}  // namespace berth::crds
