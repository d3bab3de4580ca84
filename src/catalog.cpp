#include "catalog.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "base/log.hpp"
#include "base/yaml.hpp"
#include "crypto/random.hpp"
#include "embedded.hpp"

namespace berth::catalog {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view root = "/images/";
constexpr std::string_view local = "localhost/";  // Where images are that nobody has pushed.
constexpr std::string_view document_name = "template.yaml";

struct Document {
    NamedSpec named;
    std::string hash;
};

/// The starter templates in the order in which their images are made: what is quick first. `registry`: see
/// `install`.
std::vector<Document> documents(const std::string& registry = {}) {
    std::vector<Document> found;
    for (const auto& entry : embedded::below(root)) {
        if (!entry.path.ends_with(document_name)) continue;
        Document document{parse_template(yaml::parse(entry.bytes)),
                          crypto::sha256_hex(std::string(entry.bytes) + registry)};
        const auto move = [&](std::string& image) {
            if (!registry.empty() && image.starts_with(local)) image.replace(0, local.size(), registry + "/");
        };
        for (auto& component : document.named.spec.components) {
            move(component.image);
            for (auto& step : component.init) move(step.image);
        }
        found.push_back(std::move(document));
    }
    const auto rank = [](const Document& document) {
        constexpr std::string_view order[] = {"terminal", "linked", "notebook", "desktop", "code"};
        return std::find(std::begin(order), std::end(order), document.named.name) - std::begin(order);
    };
    std::sort(found.begin(), found.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    return found;
}

void write_when_different(const fs::path& path, const embedded::Entry& entry) {
    std::ifstream before(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(before)), {});
    if (!before.is_open() || text != entry.bytes) {
        fs::create_directories(path.parent_path());
        std::ofstream file(path, std::ios::binary | std::ios::trunc);
        file.write(entry.bytes.data(), static_cast<std::streamsize>(entry.bytes.size()));
        file.close();
        if (!file) throw Error(Kind::unavailable, "storage_failed", "cannot write " + path.string());
    }
    const auto mode = entry.executable ? fs::perms(0755) : fs::perms(0644);
    fs::permissions(path, mode);
}

void install_one(store::Tx& tx, const Document& document, Time now) {
    const auto setting = "catalog." + document.named.name;
    const auto brought = tx.find_setting(setting);
    if (brought == document.hash) return;
    const auto caller = Caller::system();
    const auto there = tx.find_template(caller, document.named.name);
    const bool deleted = brought && !there;
    const bool changed = there && there->spec != document.named.spec && brought &&
                         tx.find_setting(setting + ".revision") != std::to_string(there->revision);
    const bool foreign = there && !brought;
    tx.set_setting(setting, document.hash);
    if (deleted || changed || foreign) return;
    Template newest{.name = document.named.name,
                    .revision = there ? there->revision + 1 : 1,
                    .spec = document.named.spec,
                    .created_at = there ? there->created_at : now,
                    .updated_at = now};
    tx.insert_revision(newest);
    tx.set_setting(setting + ".revision", std::to_string(newest.revision));
    Event event{.at = now,
                .class_ = EventClass::audit,
                .actor = "berth",
                .kind = there ? "template.updated" : "template.created",
                .subject_kind = "template",
                .subject = newest.name};
    event.data["revision"] = newest.revision;
    tx.append(std::move(event));
}

Task<> prepare_image(engine::Engine& engine, const std::string& image) {
    const auto there = co_await engine.resolve_image(image);
    if (!there) co_await engine.prepare_image(image);
}

}  // namespace

std::vector<Starter> unpack(const std::string& directory) {
    std::set<fs::path> wanted;
    for (const auto& entry : embedded::below(root)) {
        const auto path = fs::path(directory) / std::string(entry.path.substr(root.size()));
        write_when_different(path, entry);
        wanted.insert(path);
    }
    for (const auto& there : fs::recursive_directory_iterator(directory))
        if (there.is_regular_file() && !wanted.contains(there.path())) fs::remove(there.path());
    std::vector<Starter> starters;
    for (const auto& document : documents()) {
        for (const auto& component : document.named.spec.components) {
            const bool listed = std::any_of(starters.begin(), starters.end(),
                                            [&](const auto& s) { return s.image == component.image; });
            if (!listed)
                starters.push_back({component.image, (fs::path(directory) / document.named.name).string()});
        }
    }
    return starters;
}

Task<> install(store::Store& store, Clock& clock, std::string registry) {
    for (const auto& document : documents(registry)) {
        auto write = [document, now = clock.now()](store::Tx& tx) { install_one(tx, document, now); };
        co_await store.write(write);
    }
}

Task<> prepare(engine::Engine& engine, Clock& clock, std::vector<std::string> images) {
    for (const auto& image : images) {
        for (bool asked = false; !asked;) {
            try {
                co_await prepare_image(engine, image);
                asked = true;
            } catch (const Error& error) {
                log::warning("image not made yet", {{"image", image}, {"error", error.what()}});
            }
            if (!asked) co_await clock.sleep(std::chrono::seconds(5));
        }
    }
}

}  // namespace berth::catalog
