#include "embedded.hpp"

#include <algorithm>
#include <map>
#include <string>

#include "crypto/random.hpp"

namespace berth::embedded {
namespace {

struct Row {
    const char* name;
    const char* bytes;
    std::uint64_t size;
    std::uint64_t executable;
};

}  // namespace

// Made by cmake/embed.cmake.
extern "C" const Row berth_embedded_files[];

const std::vector<Entry>& entries() {
    static const auto list = [] {
        std::vector<Entry> found;
        for (const auto* row = berth_embedded_files; row->name != nullptr; ++row)
            found.push_back({row->name, {row->bytes, row->size}, row->executable != 0});
        std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
        return found;
    }();
    return list;
}

std::vector<Entry> below(std::string_view prefix) {
    std::vector<Entry> found;
    for (const auto& entry : entries())
        if (entry.path.starts_with(prefix)) found.push_back(entry);
    return found;
}

namespace {

std::string_view type_of(std::string_view path) {
    const auto ending = path.substr(std::min(path.rfind('.'), path.size()));
    if (ending == ".html") return "text/html; charset=utf-8";
    if (ending == ".js") return "text/javascript; charset=utf-8";
    if (ending == ".css") return "text/css; charset=utf-8";
    if (ending == ".svg") return "image/svg+xml";
    if (ending == ".png") return "image/png";
    if (ending == ".ico") return "image/x-icon";
    if (ending == ".json" || ending == ".map") return "application/json";
    if (ending == ".webmanifest") return "application/manifest+json";
    if (ending == ".woff2") return "font/woff2";
    if (ending == ".txt") return "text/plain; charset=utf-8";
    return "application/octet-stream";
}

class WebFiles final : public api::Files {
  public:
    WebFiles() {
        for (const auto& entry : below("/ui/")) {
            const auto path = entry.path.substr(3);
            if (path.ends_with(".gz") || path.ends_with(".br")) continue;
            auto& etag = etags_[std::string(path)];
            etag = '"' + crypto::sha256_hex(entry.bytes).substr(0, 20) + '"';
            files_[std::string(path)] = {.bytes = entry.bytes,
                                         .type = type_of(path),
                                         .etag = etag,
                                         .immutable = path.starts_with("/assets/")};
        }
        for (const auto& entry : below("/ui/")) {
            const auto path = entry.path.substr(3);
            if (path.size() < 3) continue;
            const auto found = files_.find(std::string(path.substr(0, path.size() - 3)));
            if (found == files_.end()) continue;
            if (path.ends_with(".gz")) found->second.gzip = entry.bytes;
            if (path.ends_with(".br")) found->second.brotli = entry.bytes;
        }
    }

    const api::File* find(std::string_view path) const override {
        const auto found = files_.find(path);
        return found == files_.end() ? nullptr : &found->second;
    }
    bool empty() const { return files_.empty(); }

  private:
    std::map<std::string, std::string> etags_;
    std::map<std::string, api::File, std::less<>> files_;
};

}  // namespace

const api::Files* web_files() {
    static const WebFiles files;
    return files.empty() ? nullptr : &files;
}

}  // namespace berth::embedded
