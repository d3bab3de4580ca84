#include "engine/container/images.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>

#include "base/child.hpp"
#include "base/log.hpp"
#include "engine/container/names.hpp"

namespace berth::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds retry_after{30};  // A missing image is not asked for again sooner.
constexpr std::chrono::hours build_limit{2};
constexpr const char* base_image = "localhost/berth/base";
constexpr const char* base_elsewhere = "docker.io/library/debian:bookworm-slim";
constexpr const char* authorities_path = "/etc/ssl/certs/ca-certificates.crt";

std::string read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw Error(Kind::internal, "build_context", "cannot read " + path.string());
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool is_local_only(const std::string& reference) {
    return reference.starts_with("localhost/");
}

/// What a person wants to hear of a failed pull: that it is not there, and why, not how the engine looked for
/// it.
Error not_found(const std::string& reference, const std::string& why) {
    if (is_local_only(reference))
        return Error(Kind::not_found, "image_not_found",
                     fmt::format("image {} not found on this machine", berth::quoted(reference)),
                     "build it here under that name, or correct the template");
    return Error(
        Kind::not_found, "image_not_found",
        fmt::format("image {} not found on this machine or in its registry", berth::quoted(reference)),
        "check its name, and that this machine reaches the registry", why);
}

std::optional<std::pair<int, int>> two_numbers(std::string_view text) {
    int step = 0, total = 0;
    const auto* const end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, step);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '/') return std::nullopt;
    const auto second = std::from_chars(first.ptr + 1, end, total);
    if (second.ec != std::errc{} || total < 1 || step < 1 || step > total) return std::nullopt;
    return std::pair{step, total};
}

}  // namespace

std::string hash_context(const std::string& directory) {
    std::vector<fs::path> files;
    std::error_code ec;
    for (const auto& entry : fs::recursive_directory_iterator(directory, ec))
        if (entry.is_regular_file()) files.push_back(entry.path());
    if (ec || files.empty())
        throw Error(Kind::internal, "build_context",
                    fmt::format("no build context in {}", berth::quoted(directory)));
    std::ranges::sort(files);
    std::string all;
    for (const auto& file : files) {
        const auto bytes = read_file(file);
        const bool runs = (fs::status(file).permissions() & fs::perms::owner_exec) != fs::perms::none;
        all += fmt::format("{} {} {}\n", fs::relative(file, directory).string(), runs ? "x" : "-",
                           sha256(bytes));
    }
    return sha256(all);
}

std::vector<std::string> build_arguments(const Builder& builder, const Build& build, const std::string& base,
                                         const std::string& authorities, const std::string& hash) {
    std::vector<std::string> arguments{builder.program, "build",       "--network",
                                       "host",          "--build-arg", "BASE=" + base};
    if (!authorities.empty()) {
        arguments.emplace_back("--secret");
        arguments.push_back("id=ca,src=" + authorities);
    }
    arguments.insert(arguments.end(),
                     {"--label", std::string(label_context) + "=" + hash, "-t", build.reference});
    // Docker looks for a Dockerfile unless it is told.
    arguments.insert(arguments.end(), {"-f", build.directory + "/Containerfile", build.directory});
    return arguments;
}

std::optional<std::pair<int, int>> read_build_step(std::string_view line) {
    for (const std::string_view word : {"STEP ", "Step "})
        if (const auto at = line.find(word); at != line.npos)
            if (const auto numbers = two_numbers(line.substr(at + word.size()))) return numbers;
    if (!line.starts_with('#')) return std::nullopt;
    const auto open = line.find('[');
    const auto close = line.find(']', open == line.npos ? 0 : open);
    if (open == line.npos || close == line.npos) return std::nullopt;
    auto inside = line.substr(open + 1, close - open - 1);
    if (const auto blank = inside.rfind(' '); blank != inside.npos) inside.remove_prefix(blank + 1);
    return two_numbers(inside);
}

void PullProgress::hear(const container::PullStep& step) {
    if (step.layer.empty() || step.status.starts_with("Pulling from")) return;
    auto& layer = layers_[step.layer];
    if (step.total > 0 && step.status.starts_with("Download")) {
        layer.done = step.done;
        layer.total = step.total;
    }
    layer.complete =
        layer.complete || step.status.find("omplete") != std::string::npos || step.status == "Already exists";
}

std::string PullProgress::message() const {
    if (layers_.empty()) return "asking the registry";
    const auto done = std::ranges::count_if(layers_, [](const auto& entry) { return entry.second.complete; });
    return fmt::format("pulling: {} of {} layers", done, layers_.size());
}

std::optional<double> PullProgress::share() const {
    std::int64_t done = 0, total = 0;
    for (const auto& [name, layer] : layers_) {
        done += layer.complete ? layer.total : layer.done;
        total += layer.total;
    }
    if (total == 0) return std::nullopt;
    return static_cast<double>(done) / static_cast<double>(total);
}

Images::Images(asio::any_io_executor executor, container::Client& client, Clock& clock,
               std::vector<Build> builds)
    : client_(client), clock_(clock), builds_(std::move(builds)), jobs_(std::move(executor)) {}

const Build* Images::find_build(const std::string& reference) const {
    const auto found = std::ranges::find(builds_, reference, &Build::reference);
    return found == builds_.end() ? nullptr : &*found;
}

void Images::tell(const std::string& reference, ObservedImage state) {
    auto& known = states_[reference];
    if (known == state) return;
    known = std::move(state);
    if (changed_) changed_(reference, known);
}

ObservedImage Images::state(const std::string& reference) const {
    const auto found = states_.find(reference);
    return found == states_.end() ? ObservedImage{} : found->second;
}

void Images::forget(const std::string& reference) {
    if (state(reference).state == ImageState::present) tell(reference, {});
}

Task<std::optional<container::ImageDetails>> Images::resolve(std::string reference) {
    auto image = co_await client_.inspect_image(reference);
    const auto* const build = find_build(reference);
    // An image without our label is somebody's own under this name, and stays as it is.
    if (image && build != nullptr)
        if (const auto label = image->labels.find(label_context);
            label != image->labels.end() && label->second != hash_context(build->directory))
            image.reset();
    const auto known = state(reference).state;
    if (image && known != ImageState::pulling)
        tell(reference, {.state = ImageState::present, .digest = image->id, .progress = 1.0});
    if (!image) forget(reference);
    co_return image;
}

Task<> Images::prepare(std::string reference) {
    auto known = state(reference);
    if (known.state == ImageState::pulling) co_return;
    if (known.missing_since && clock_.now() - *known.missing_since < retry_after) co_return;
    const auto image = co_await resolve(reference);
    if (image || state(reference).state == ImageState::pulling) co_return;
    if (find_build(reference) != nullptr) {
        wanted_builds_.insert(reference);
        tell(reference,
             {.state = ImageState::pulling, .message = "waiting for its turn to be built", .progress = 0.0});
        if (building_) co_return;
        building_ = true;
        jobs_.start("build images", build_all());
    } else if (is_local_only(reference)) {
        tell(reference, {.state = ImageState::missing,
                         .message = not_found(reference, "").user,
                         .missing_since = clock_.now()});
    } else {
        tell(reference, {.state = ImageState::pulling, .message = "asking the registry"});
        jobs_.start("pull " + reference, pull(reference));
    }
}

Task<> Images::pull(std::string reference) {
    PullProgress progress;
    std::optional<Error> failure;
    auto hear = [this, reference, &progress](const container::PullStep& step) {
        progress.hear(step);
        tell(reference,
             {.state = ImageState::pulling, .message = progress.message(), .progress = progress.share()});
    };
    try {
        co_await client_.pull(reference, std::move(hear));
    } catch (const Error& error) {
        failure = error;
        if (error.code != "engine_unavailable") failure = not_found(reference, error.user);
    }
    co_await finish(std::move(reference), std::move(failure));
}

/// Whatever ended, the state says what is: pulled, or the reason why not.
Task<> Images::finish(std::string reference, std::optional<Error> failure) {
    std::optional<container::ImageDetails> image;
    try {
        if (!failure) image = co_await client_.inspect_image(reference);
        if (!failure && !image) failure = not_found(reference, "");
    } catch (const Error& error) {
        failure = error;
    }
    if (failure) {
        log::warning("image is missing", {{"image", reference}, {"error", failure->what()}});
        tell(reference,
             {.state = ImageState::missing, .message = failure->user, .missing_since = clock_.now()});
    } else {
        tell(reference, {.state = ImageState::present, .digest = image->id, .progress = 1.0});
    }
}

/// One at a time, in the order of the catalog whatever the order of asking.
Task<> Images::build_all() {
    while (!wanted_builds_.empty()) {
        const auto next = std::ranges::find_if(
            builds_, [&](const auto& candidate) { return wanted_builds_.contains(candidate.reference); });
        auto chosen = *next;
        wanted_builds_.erase(chosen.reference);
        co_await build(std::move(chosen));
    }
    building_ = false;
}

Task<> Images::build(Build chosen) {
    std::optional<Error> failure;
    try {
        auto base = builder_.base;
        if (base.empty()) {
            const auto ours = co_await client_.inspect_image(base_image);
            base = ours ? base_image : base_elsewhere;
        }
        const auto hash = hash_context(chosen.directory);
        const std::string authorities = ::access(authorities_path, R_OK) == 0 ? authorities_path : "";
        ChildRequest request{.env = builder_.env};
        request.arguments = build_arguments(builder_, chosen, base, authorities, hash);
        request.line = [this, reference = chosen.reference](const std::string& line) {
            const auto step = read_build_step(line);
            if (!step) return;
            const double share = (step->first - 1.0) / step->second;
            tell(reference, {.state = ImageState::pulling,
                             .message = fmt::format("building: step {} of {}", step->first, step->second),
                             .progress = std::max(share, state(reference).progress.value_or(0))});
        };
        tell(chosen.reference, {.state = ImageState::pulling, .message = "building", .progress = 0.0});
        const auto result = co_await run_child(std::move(request), clock_, build_limit);
        if (result.status != 0)
            failure = Error(Kind::unavailable, "build_failed",
                            fmt::format("image {} could not be built: {}", berth::quoted(chosen.reference),
                                        result.last_lines(3)));
    } catch (const Error& error) {
        failure = error;
    }
    co_await finish(std::move(chosen.reference), std::move(failure));
}

}  // namespace berth::engine
